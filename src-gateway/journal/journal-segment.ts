import { createHash } from 'node:crypto';
import { z } from 'zod';
import { connectionId, connectionReference, sha256 } from '../../shared/ids.ts';
import { journalHashText } from '../../shared/link/journal-hash.ts';
import { journalEvent, type JournalEvent } from '../../shared/link/messages.ts';

/**
 * A connection whose ticket was used and whose end is not written yet, and whether its protocol was connected; `forward` is the
 * ticket's hash where this gateway only forwards it, and `connected` then says that the next gateway was reached.
 */
export const openConnection = z.object({ connectionId, reference: connectionReference.nullable(), connected: z.boolean(), forward: sha256.optional() });
export type OpenConnection = z.infer<typeof openConnection>;

/** What an open connection is known by: a gateway may forward one connection several times, one after the other or at once. */
export function openKey({ connectionId: id, forward }: Pick<OpenConnection, 'connectionId' | 'forward'>): string {
  return forward === undefined ? id : `${id} ${forward}`;
}

/** The first line of a segment: enough to go on without the segments before it, which go when the service has them. */
export const segmentHeader = z.object({
  journal: z.literal(1),
  firstSequence: z.number().int().min(1),
  previousHash: z.string().max(43),
  open: z.array(openConnection).max(100_000),
});
export type SegmentHeader = z.infer<typeof segmentHeader>;

/** A segment's file name; names sort in the order of their events. */
export function segmentName(firstSequence: number): string {
  return `segment-${String(firstSequence).padStart(16, '0')}.jsonl`;
}

/** An event's hash over the one before it. */
export function journalHash(previousHash: string, event: Omit<JournalEvent, 'hash'>): string {
  return createHash('sha256').update(journalHashText(previousHash, event)).digest('base64url');
}

/** Numbers of events, both ends included. */
export interface SequenceRange {
  readonly from: number;
  readonly to: number;
}

/** The range that begins where the first damage was seen and ends at the last. */
export function widened(range: SequenceRange | null, from: number, to: number): SequenceRange {
  return { from: range?.from ?? from, to };
}

/** What a segment's bytes hold. */
export interface ReadSegment {
  /** Null where not even the first line is whole. */
  readonly header: SegmentHeader | null;
  readonly events: readonly JournalEvent[];
  /** Length up to and with the last whole line that is an event; what follows was cut short by a crash. */
  readonly wholeBytes: number;
  /** Sequence numbers between which lines are unreadable or the chain does not hold; null where all is well. */
  readonly broken: SequenceRange | null;
}

/** Reads a segment, checking each event's form, number and hash. Lines that are not events are passed over and told. */
export function readSegment(bytes: Buffer): ReadSegment {
  const headerEnd = bytes.indexOf(0x0a);
  const header = headerEnd < 0 ? null : parseLine(segmentHeader, bytes.subarray(0, headerEnd));
  if (header === null) return { header: null, events: [], wholeBytes: 0, broken: null };
  const events: JournalEvent[] = [];
  let previousHash = header.previousHash;
  let expected = header.firstSequence;
  let wholeBytes = headerEnd + 1;
  let unreadable = false;
  let broken: SequenceRange | null = null;
  for (let start = wholeBytes; start < bytes.length; ) {
    const end = bytes.indexOf(0x0a, start);
    if (end < 0) break;
    const event = parseLine(journalEvent, bytes.subarray(start, end));
    start = end + 1;
    if (event === null) {
      unreadable = true;
      continue;
    }
    const { hash, ...said } = event;
    if (unreadable || event.sequence !== expected || hash !== journalHash(previousHash, said)) {
      broken = widened(broken, expected, event.sequence);
    }
    unreadable = false;
    events.push(event);
    previousHash = hash;
    expected = event.sequence + 1;
    wholeBytes = start;
  }
  return { header, events, wholeBytes, broken };
}

function parseLine<T extends z.ZodType>(schema: T, line: Buffer): z.output<T> | null {
  let value: unknown;
  try {
    value = JSON.parse(line.toString('utf8'));
  } catch {
    return null;
  }
  const parsed = schema.safeParse(value);
  return parsed.success ? parsed.data : null;
}
