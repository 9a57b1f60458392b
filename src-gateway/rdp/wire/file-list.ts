import { RdpFormatError } from '../../../shared/rdp/rdp-format-error.ts';

/** CLIPRDR_FILEDESCRIPTOR (MS-RDPECLIP 2.2.5.2.3.1), and where its parts stand. */
const ENTRY_BYTES = 592;
const ATTRIBUTES_AT = 36;
const WRITTEN_AT = 56;
const SIZE_AT = 64;
const NAME_AT = 72;
const NAME_BYTES = 520;
const HEAD_BYTES = 4;
/** Which parts of an entry hold anything. */
const says = { attributes: 0x04, writeTime: 0x20, size: 0x40, all: 0x4064 } as const;
const FOLDER = 0x10;

/** As many files as a person copies at once; a list of them is held whole, in 600 KB. */
export const MOST_FILES = 1000;
export const MOST_FILE_LIST_BYTES = HEAD_BYTES + MOST_FILES * ENTRY_BYTES;
/** Letters of UTF-16 that fit into an entry with the zero that closes them. */
export const MOST_PATH_LETTERS = NAME_BYTES / 2 - 1;

/** One file or folder of a clipboard. */
export interface ListedFile {
  /** Its name, or its path below the folder that was copied, with `\` between the parts: hostile text. */
  readonly path: string;
  readonly folder: boolean;
  /** Undefined where the end does not say. */
  readonly sizeBytes: number | undefined;
  /** As a Windows FILETIME; undefined where the end does not say. */
  readonly written: bigint | undefined;
}

/** Reads a list of files, at most 1,000. Throws RdpFormatError where it is cut off, too long, or a name is not closed (A16). */
export function readFileList(body: Buffer): ListedFile[] {
  if (body.length < HEAD_BYTES) throw new RdpFormatError('clipboard: files cut off');
  const count = body.readUInt32LE(0);
  if (count > MOST_FILES || body.length < HEAD_BYTES + count * ENTRY_BYTES) throw new RdpFormatError('clipboard: files out of bounds');
  return Array.from({ length: count }, (_, place) => readEntry(body.subarray(HEAD_BYTES + place * ENTRY_BYTES, HEAD_BYTES + (place + 1) * ENTRY_BYTES)));
}

function readEntry(entry: Buffer): ListedFile {
  const [flags, attributes] = [entry.readUInt32LE(0), entry.readUInt32LE(ATTRIBUTES_AT)];
  const size = entry.readUInt32LE(SIZE_AT) * 0x1_0000_0000 + entry.readUInt32LE(SIZE_AT + 4);
  const letters = entry.toString('utf16le', NAME_AT, NAME_AT + NAME_BYTES);
  const end = letters.indexOf('\0');
  if (end < 0) throw new RdpFormatError('clipboard: file name not closed');
  if ((flags & says.size) !== 0 && !Number.isSafeInteger(size)) throw new RdpFormatError('clipboard: no size of a file');
  return {
    path: letters.slice(0, end),
    folder: (flags & says.attributes) !== 0 && (attributes & FOLDER) !== 0,
    sizeBytes: (flags & says.size) === 0 ? undefined : size,
    written: (flags & says.writeTime) === 0 ? undefined : entry.readBigUInt64LE(WRITTEN_AT),
  };
}

/** Writes a list of files: nothing of an entry is said but what the product knows. Paths longer than an entry holds throw RangeError. */
export function encodeFileList(files: readonly ListedFile[]): Buffer {
  const body = Buffer.alloc(HEAD_BYTES + files.length * ENTRY_BYTES);
  body.writeUInt32LE(files.length);
  for (const [place, { path, folder, sizeBytes, written }] of files.entries()) {
    if (path.length > MOST_PATH_LETTERS) throw new RangeError('path out of bounds');
    const entry = body.subarray(HEAD_BYTES + place * ENTRY_BYTES);
    entry.writeUInt32LE(says.all & ~(sizeBytes === undefined ? says.size : 0) & ~(written === undefined ? says.writeTime : 0));
    entry.writeUInt32LE(folder ? FOLDER : 0x80, ATTRIBUTES_AT);
    entry.writeBigUInt64LE(written ?? 0n, WRITTEN_AT);
    entry.writeUInt32LE(Math.floor((sizeBytes ?? 0) / 0x1_0000_0000), SIZE_AT);
    entry.writeUInt32LE((sizeBytes ?? 0) % 0x1_0000_0000, SIZE_AT + 4);
    entry.write(path, NAME_AT, 'utf16le');
  }
  return body;
}

/** A question for a file's size or for a piece of it (MS-RDPECLIP 2.2.5.3). */
export interface ContentsQuestion {
  readonly stream: number;
  /** The file's place in the list. */
  readonly place: number;
  readonly what: 'size' | 'piece';
  readonly at: number;
  readonly bytes: number;
}

const QUESTION_BYTES = 24;
/** A file's size as an answer. */
export const SIZE_BYTES = 8;
const asks = { size: 1, piece: 2 } as const;

/** Reads a question for contents; throws RdpFormatError where it is none. */
export function readContentsQuestion(body: Buffer): ContentsQuestion {
  if (body.length < QUESTION_BYTES) throw new RdpFormatError('clipboard: question for a file cut off');
  const [stream, place, flags] = [body.readUInt32LE(0), body.readUInt32LE(4), body.readUInt32LE(8)];
  if (flags !== asks.size && flags !== asks.piece) throw new RdpFormatError('clipboard: question for nothing of a file');
  // Some ask for a size with a length of none, which others take for no question.
  if (flags === asks.size) return { stream, place, what: 'size', at: 0, bytes: SIZE_BYTES };
  const at = body.readUInt32LE(16) * 0x1_0000_0000 + body.readUInt32LE(12);
  if (!Number.isSafeInteger(at)) throw new RdpFormatError('clipboard: no place in a file');
  return { stream, place, what: 'piece', at, bytes: body.readUInt32LE(20) };
}

/** Writes a question for contents, without a lock: none is agreed on. */
export function encodeContentsQuestion({ stream, place, what, at, bytes }: ContentsQuestion): Buffer {
  const body = Buffer.alloc(QUESTION_BYTES);
  body.writeUInt32LE(stream);
  body.writeUInt32LE(place, 4);
  body.writeUInt32LE(asks[what], 8);
  body.writeUInt32LE(at % 0x1_0000_0000, 12);
  body.writeUInt32LE(Math.floor(at / 0x1_0000_0000), 16);
  body.writeUInt32LE(bytes, 20);
  return body;
}
