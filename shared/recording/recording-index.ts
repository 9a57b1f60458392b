import { z } from 'zod';
import { MAX_BLOCK_PLAIN_BYTES } from './container.ts';
import { type FileOperation, fileOperationLine } from './file-operation.ts';
import { decodeCount32, decodeJsonPayload, decodeResize, frameKind, markPayload, type RecordingFrame, RecordingFormatError } from './recording-frame.ts';
import { TerminalText } from './terminal-text.ts';
import { encodeUtf8 } from './utf8.ts';

const microseconds = z.number().int().min(0);
/** One entry of the index: where something is to be found in the recording. */
export const indexEntry = z.discriminatedUnion('kind', [
  /** The block of frames that begins at byte `offset` of the container begins at this time. */
  z.object({ kind: z.literal('block'), microseconds, offset: z.number().int().min(0), block: z.number().int().min(0) }),
  z.object({ kind: z.literal('resize'), microseconds, columns: z.number().int(), rows: z.number().int() }),
  z.object({ kind: z.literal('input'), microseconds, bytes: z.number().int() }),
  z.object({ kind: z.literal('mark'), microseconds, name: z.string().max(60) }),
  /** What the output said from this time on, without control sequences; `cut` where there was more than the index takes: look into the frames. */
  z.object({ kind: z.literal('text'), microseconds, text: z.string(), cut: z.boolean() }),
]);
export type IndexEntry = z.infer<typeof indexEntry>;

/** An index block holds at most so many entries ... */
export const MAX_INDEX_ENTRIES = 1000;
/** ... and so many letters of text: at three bytes a letter and escapes it stays within a block. A screen has 2,000 to 8,000 letters. */
export const MAX_INDEX_LETTERS = 24 * 1024;
/** An index block is due after so long, so that one who searches a live or a torn recording misses little. */
export const INDEX_EVERY_MICROSECONDS = 10_000_000;
/** Blocks nearer to each other than this are not listed apart: seeking opens what lies between. */
const BLOCK_ENTRY_EVERY_MICROSECONDS = 1_000_000;

const indexBlock = z.object({
  /** Offset of the index block before this one: the chain from the seal back is the whole index. */
  previous: z.number().int().min(0).nullable(),
  entries: z.array(indexEntry).max(MAX_INDEX_ENTRIES + 10),
});
export type IndexBlock = z.infer<typeof indexBlock>;

/** Reads an opened index block; throws RecordingFormatError where it is none. */
export function decodeIndexEntries(plain: Uint8Array): IndexBlock {
  return decodeJsonPayload(indexBlock, plain);
}

/** Gathers what an index says of the frames that are stored. One place of a recording is one call: order matters. */
export class IndexBuilder {
  readonly #text = new TerminalText();
  #entries: IndexEntry[] = [];
  #letters = 0;
  #pending = '';
  #pendingAt = 0;
  #cut = false;
  #since: number | undefined;
  #lastBlockAt = Number.NEGATIVE_INFINITY;

  /** A block of frames is stored at `offset`. */
  block(offset: number, block: number, at: number): void {
    if (at - this.#lastBlockAt < BLOCK_ENTRY_EVERY_MICROSECONDS) return;
    this.#lastBlockAt = at;
    this.#add({ kind: 'block', microseconds: at, offset, block });
  }

  output(bytes: Uint8Array, at: number): void {
    this.#since ??= at;
    const room = MAX_INDEX_LETTERS - this.#letters;
    if (room <= 0) {
      this.#cut = true;
      return;
    }
    // Of a flood only the start is read: three bytes may be one letter, so this never cuts where there is room.
    const text = this.#text.push(bytes.subarray(0, room * 3));
    if (text === '') return;
    if (this.#pending === '') this.#pendingAt = at;
    this.#pending += text.slice(0, room);
    this.#letters += Math.min(text.length, room);
    this.#cut ||= text.length > room || bytes.length > room * 3;
  }

  /** Takes what is worth finding of a frame that is neither output nor an operation on a file. */
  frame(frame: RecordingFrame): void {
    const at = frame.microseconds;
    if (frame.kind === frameKind.resize) {
      const { columns, rows } = decodeResize(frame.payload);
      this.#add({ kind: 'resize', microseconds: at, columns, rows });
    } else if (frame.kind === frameKind.input) this.#add({ kind: 'input', microseconds: at, bytes: frame.payload.length });
    else if (frame.kind === frameKind.inputMark) this.#add({ kind: 'input', microseconds: at, bytes: decodeCount32(frame.payload) });
    else if (frame.kind === frameKind.mark) this.#add({ kind: 'mark', microseconds: at, name: decodeJsonPayload(markPayload, frame.payload).name });
  }

  /** Takes an operation on a file, as its line of text. A tree of small files has thousands: beyond the index's bound their lines are not even written. */
  fileOperation(operation: FileOperation, at: number): void {
    if (this.#letters >= MAX_INDEX_LETTERS) this.#cut = true;
    else this.output(encodeUtf8(`${fileOperationLine(operation)}\n`), at);
  }

  /** Whether an index block should be written now: it is old or near its bounds. */
  due(now: number): boolean {
    return this.#since !== undefined && (now - this.#since >= INDEX_EVERY_MICROSECONDS || this.#entries.length >= MAX_INDEX_ENTRIES / 2);
  }

  /** The index block of all since the last, or nothing where nothing happened. */
  take(previous: number | null): Uint8Array | undefined {
    this.#flushText();
    if (this.#entries.length === 0) return undefined;
    const plain = encodeUtf8(JSON.stringify({ previous, entries: this.#entries } satisfies IndexBlock));
    this.#entries = [];
    this.#letters = 0;
    this.#cut = false;
    this.#since = undefined;
    if (plain.length > MAX_BLOCK_PLAIN_BYTES) throw new RecordingFormatError('index block too long');
    return plain;
  }

  #add(entry: IndexEntry): void {
    this.#since ??= entry.microseconds;
    // Beyond the bound keystrokes and the like are not listed one by one; the frames have them.
    if (this.#entries.length >= MAX_INDEX_ENTRIES) return;
    const last = this.#entries.at(-1);
    if (entry.kind === 'input' && last?.kind === 'input') {
      this.#entries[this.#entries.length - 1] = { ...last, bytes: last.bytes + entry.bytes };
      return;
    }
    if (entry.kind !== 'input') this.#flushText();
    this.#entries.push(entry);
  }

  #flushText(): void {
    if (this.#pending === '' && !this.#cut) return;
    this.#entries.push({ kind: 'text', microseconds: this.#pendingAt, text: this.#pending, cut: this.#cut });
    this.#pending = '';
  }
}

/** Text in the form in which searches compare it: lower case, each run of white space one space. */
export function searchableText(text: string): string {
  return text.toLowerCase().replaceAll(/\s+/g, ' ');
}

/** The text of an index block's entries, for a search over many recordings. */
export function indexText(entries: readonly IndexEntry[]): string {
  return entries.flatMap((entry) => (entry.kind === 'text' ? [entry.text] : [])).join('');
}
