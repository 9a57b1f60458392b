import { z } from 'zod';
import { recordingState } from '../api/recordings.ts';
import { recordingId } from '../ids.ts';
import type { JournalEvent } from './messages.ts';

/** The hash before a journal's first event: 32 zero bytes, base64url. A journal's head at sequence 0 shows it. */
export const JOURNAL_GENESIS_HASH = 'A'.repeat(43);

/**
 * The text whose SHA-256 (of its UTF-8 bytes, base64url) is an event's `hash`. The keys of `facts` are sorted, so that
 * both sides come to the same text whatever order they hold them in.
 */
export function journalHashText(previousHash: string, event: Omit<JournalEvent, 'hash'>): string {
  const facts = Object.entries(event.facts).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `mavis-journal-1\n${previousHash}\n${JSON.stringify([event.sequence, event.at, event.kind, event.connectionId, event.reference, facts])}`;
}

const code = z.string().max(100);
const optionalText = z.string().max(2000).nullish();
const count = z.number().min(0).nullish();

/** What the service reads of an event's facts, by kind. More facts may stand there; they are kept as they came. */
export const journalFacts = {
  'ticket-used': z.object({}),
  /** The protocol itself is connected and its recording stands (rule 1). */
  connected: z.object({ recordingId: recordingId.nullish(), targetIdentity: optionalText, targetEncrypted: z.boolean().nullish(), targetAddress: optionalText }),
  /** Nothing was connected. `credentialSent` forbids a retry on another gateway (rule 4). */
  failed: z.object({ code, credentialSent: z.boolean().nullish() }),
  ended: z.object({ code, exitStatus: z.number().nullish(), signal: optionalText, durationMs: count, bytesIn: count, bytesOut: count }),
  'recording-closed': z.object({ recordingId, state: recordingState, code: code.nullish(), durationMs: count, sizeBytes: count }),
} as const;
