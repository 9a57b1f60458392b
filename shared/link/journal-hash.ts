import type { JournalEvent } from './messages.ts';

/** What stands for the hash before the first event of a gateway's journal. */
export const FIRST_PREVIOUS_HASH = '';

/**
 * The text whose SHA-256 (UTF-8, base64url) is an event's `hash`: the hash of the event before it and everything that the
 * event says, facts sorted by name. Whoever changes, drops or moves an event breaks the chain from there on.
 */
export function journalHashText(previousHash: string, event: Omit<JournalEvent, 'hash'>): string {
  const facts = Object.entries(event.facts).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return `mavis-journal-1\n${JSON.stringify([previousHash, event.sequence, event.at, event.kind, event.connectionId, event.reference, facts])}`;
}
