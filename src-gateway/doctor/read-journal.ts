import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readSegment, type SequenceRange, widened } from '../journal/journal-segment.ts';

/** The newest segments that are read: 100 MiB; what is older was read when the gateway started. */
const MAX_SEGMENTS = 200;

/** What a journal's files say, read without changing them. */
export interface JournalLook {
  readonly segments: number;
  readonly lastSequence: number;
  /** Numbers between which it is damaged; null where it is whole. */
  readonly broken: SequenceRange | null;
}

/** Reads a gateway's journal while it may be written: a line that is not whole yet is none, at its end. */
export async function lookAtJournal(folder: string): Promise<JournalLook> {
  const names = (await readdir(folder)).filter((name) => /^segment-\d{16}\.jsonl$/.test(name)).toSorted().slice(-MAX_SEGMENTS);
  let broken: SequenceRange | null = null;
  let last: { sequence: number; hash: string } | undefined;
  for (const [index, name] of names.entries()) {
    const { header, events, broken: within } = readSegment(await readFile(join(folder, name)));
    if (header === null) {
      // The newest may have been made this moment.
      if (index < names.length - 1) broken = widened(broken, (last?.sequence ?? 0) + 1, (last?.sequence ?? 0) + 1);
      continue;
    }
    if (last !== undefined && (header.firstSequence !== last.sequence + 1 || header.previousHash !== last.hash)) broken = widened(broken, last.sequence + 1, header.firstSequence);
    if (within !== null) broken = widened(broken, within.from, within.to);
    const end = events.at(-1);
    last = end === undefined ? { sequence: header.firstSequence - 1, hash: header.previousHash } : { sequence: end.sequence, hash: end.hash };
  }
  return { segments: names.length, lastSequence: last?.sequence ?? 0, broken };
}
