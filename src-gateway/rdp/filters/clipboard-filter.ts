import { RdpFormatError } from '../../../shared/rdp/rdp-format-error.ts';
import { encodeContentsQuestion, MOST_FILE_LIST_BYTES, readContentsQuestion } from '../wire/file-list.ts';
import type { OfferedFiles } from './clipboard-files.ts';

/** Kinds of messages of the clipboard's channel (MS-RDPECLIP 2.2.1). */
const message = { monitorReady: 1, formatList: 2, formatListAnswer: 3, dataRequest: 4, dataAnswer: 5, capabilities: 7, fileContentsRequest: 8, fileContentsAnswer: 9 } as const;
const HEADER_BYTES = 8;
const QUESTION_BYTES = HEADER_BYTES + 4;
const FAILED = 2;
const ASCII_NAMES = 4;
/** Flags of an answer: taken, failed. */
const ANSWERS = 3;
/** Formats that carry text or a picture by their fixed numbers (text, bitmaps, unicode, locale); files come under a name. */
const PLAIN_FORMATS: ReadonlySet<number> = new Set([1, 7, 8, 13, 16, 17]);
/** Bits of the general capabilities: names of any length in UTF-16 instead of 32 bytes; files piece by piece, without paths of the other end, of more than 4 GiB. Locks are never agreed on. */
const LONG_NAMES = 2;
const FILES = 0x2c;
const SHORT_FORMAT_BYTES = 36;
const NAMED_FORMATS: ReadonlySet<string> = new Set(['html format', 'rich text format', 'png']);
/** The name of the format whose contents are a list of files. */
const FILE_LIST = 'filegroupdescriptorw';
/** An answer with a piece of a file begins with the number of its question. */
const STREAM_BYTES = 4;
const MOST_FILLING_BYTES = 4;
/** Questions for contents that wait for their answers: every engine asks one after the other. */
const MOST_QUESTIONS = 64;

/** Flags of a piece of a channel's message (MS-RDPBCGR 2.2.6.1.1). */
const piece = { first: 1, last: 2, showProtocol: 0x10, compressed: 0x20_0000 } as const;
const PIECE_HEADER_BYTES = 8;
/** MS-RDPBCGR 2.2.7.1.10: what every peer takes in one piece. */
const PIECE_BYTES = 1600;
/** A large text, and little enough to be held by whoever gets it. */
const MOST_MESSAGE_BYTES = 32 * 1024 * 1024;
/** A list of formats is read whole: an office program offers fifty. */
const MOST_LIST_BYTES = 64 * 1024;

type Handling = { readonly kind: 'pass' } | { readonly kind: 'drop' } | { readonly kind: 'instead'; readonly message: Buffer } | { readonly kind: 'list' | 'files'; readonly flags: number; readonly parts: Buffer[] };

interface OpenMessage {
  readonly total: number;
  readonly handling: Handling;
  received: number;
}

export type ClipboardEnd = 'client' | 'target';

/**
 * Whether names of formats are long: where both ends said so, else they have 32 bytes (MS-RDPECLIP 2.2.3.1.1.1). An end that has
 * said so writes long ones also before it has heard the other. One for both directions of a channel.
 */
export class ClipboardNames {
  readonly #said = new Map<ClipboardEnd, boolean>();

  /** One end has told its capabilities. */
  tell(end: ClipboardEnd, long: boolean): void {
    this.#said.set(end, long);
  }

  /** Whether a list of this end has long names. */
  longFrom(end: ClipboardEnd): boolean {
    return this.#said.get(end) === true && this.#said.get(end === 'client' ? 'target' : 'client') !== false;
  }
}

/** The formats of which an end has offered contents with a name, by the numbers that it gave them, and what is asked of it. One for both directions of a channel. */
export class ClipboardOffers {
  readonly #named = new Map<ClipboardEnd, ReadonlySet<number>>();
  readonly #asked: Record<ClipboardEnd, ('files' | 'contents')[]> = { client: [], target: [] };

  /** One end offers these in place of what it offered before. */
  offer(end: ClipboardEnd, named: readonly number[]): void {
    this.#named.set(end, new Set(named));
  }

  /** An end is asked for this; answers come in the order of the questions. Throws RdpFormatError. */
  ask(of: ClipboardEnd, what: 'files' | 'contents'): void {
    if (this.#asked[of].push(what) > MOST_QUESTIONS) throw new RdpFormatError('clipboard: too many questions');
  }

  /** What an end answers now; text or a picture where it was not asked. */
  answered(of: ClipboardEnd): 'files' | 'contents' {
    return this.#asked[of].shift() ?? 'contents';
  }

  /** Whether the contents of an end may be asked for in this format: text and pictures at any time, documents and files once they are offered. */
  mayAsk(of: ClipboardEnd, id: number): boolean {
    return PLAIN_FORMATS.has(id) || this.#named.get(of)?.has(id) === true;
  }
}

export interface ClipboardFilterParts {
  /** The end that sends this way. */
  readonly from: ClipboardEnd;
  readonly names: ClipboardNames;
  readonly offers: ClipboardOffers;
  /** Whether contents may go this way: the offers and the data of the side that sends. */
  readonly mayOffer: boolean;
  /** Files that the ends offer, where any may cross. */
  readonly files?: Readonly<Record<ClipboardEnd, OfferedFiles>>;
  /** Whether a recording stands, without which no contents go. */
  readonly stands: () => boolean;
  /** Questions for contents wait until the other end has taken an offer of this one's peer: an engine that is asked before falls. */
  readonly asksOnlyOnceReady?: boolean;
  /** Content was let through: bytes of the whole message. */
  readonly carried?: (bytes: number) => void;
  /** Contents of this end were kept back: what it sent, or what its peer asked for. */
  readonly refused?: (contentsOf: ClipboardEnd) => void;
  /** Takes a message of the gateway's own for the end that sends this way: a no to what it asked for, in the other end's place. */
  readonly answer: (message: Buffer) => void;
}

/**
 * One direction of the clipboard's channel (rule 21), piece by piece. Where contents may not go this way, offers become empty
 * and answers become refusals, so that both ends stay in step; where they may, only text and pictures are offered and asked for, and
 * files only where they may go this way, those that the rule lets cross. A message that needs no contents goes on without any: it
 * would carry them past the policy. Of a message it holds nothing but a list of formats, at most 64 KiB, or of files, at most 600 KB.
 */
export class ClipboardFilter {
  readonly #parts: ClipboardFilterParts;
  readonly #waiting: Buffer[] = [];
  #open: OpenMessage | undefined;
  #ready = false;

  constructor(parts: ClipboardFilterParts) {
    this.#parts = parts;
  }

  /** The pieces that go on in place of this one; throws RdpFormatError. */
  take(data: Buffer): Buffer[] {
    if (data.length < PIECE_HEADER_BYTES) throw new RdpFormatError('clipboard: piece cut off');
    const [total, flags, content] = [data.readUInt32LE(0), data.readUInt32LE(4), data.subarray(PIECE_HEADER_BYTES)];
    if ((flags & piece.compressed) !== 0) throw new RdpFormatError('clipboard: compressed');
    if (total > MOST_MESSAGE_BYTES) throw new RdpFormatError('clipboard: too long');
    if ((flags & piece.first) !== 0 && this.#open !== undefined) throw new RdpFormatError('clipboard: message in a message');
    const open = (flags & piece.first) !== 0 ? { total, handling: this.#handlingOf(total, content), received: 0 } : this.#open;
    if (open === undefined || open.total !== total) throw new RdpFormatError('clipboard: piece of nothing');
    open.received += content.length;
    const last = (flags & piece.last) !== 0;
    if (open.received > total || (last && open.received !== total)) throw new RdpFormatError('clipboard: length wrong');
    this.#open = last ? undefined : open;
    const passed = this.#handle(open, data, content, last);
    return last && this.#waiting.length > 0 ? [...passed, ...this.#waiting.splice(0).flatMap(inPieces)] : passed;
  }

  /** The pieces of a message of the gateway's own that go this way now; behind one that is under way where there is one, since messages of a channel do not mix. Throws RdpFormatError. */
  insert(own: Buffer): Buffer[] {
    if (this.#open === undefined) return inPieces(own);
    if (this.#waiting.push(own) > MOST_QUESTIONS) throw new RdpFormatError('clipboard: too many questions');
    return [];
  }

  #handle({ handling }: OpenMessage, data: Buffer, content: Buffer, last: boolean): Buffer[] {
    switch (handling.kind) {
      case 'pass':
        return [data];
      case 'drop':
        return [];
      case 'instead':
        return last ? inPieces(handling.message) : [];
      case 'list':
        handling.parts.push(Buffer.from(content));
        return last ? inPieces(this.#filteredList(handling)) : [];
      case 'files':
        handling.parts.push(Buffer.from(content));
        return last ? inPieces(this.#filteredFiles(handling)) : [];
      default:
        return handling satisfies never;
    }
  }

  #handlingOf(total: number, content: Buffer): Handling {
    if (total < HEADER_BYTES || content.length < HEADER_BYTES) throw new RdpFormatError('clipboard: header cut off');
    const [kind, flags] = [content.readUInt16LE(0), content.readUInt16LE(2)];
    switch (kind) {
      case message.formatList:
        if (total > MOST_LIST_BYTES) throw new RdpFormatError('clipboard: list too long');
        return this.#parts.mayOffer ? { kind: 'list', flags, parts: [] } : bare(message.formatList, flags & ASCII_NAMES);
      case message.dataAnswer:
        return this.#dataAnswer(total, flags);
      case message.capabilities:
        return { kind: 'instead', message: this.#plainCapabilities(content, total) };
      case message.formatListAnswer:
        this.#ready = true;
        return bare(message.formatListAnswer, flags & ANSWERS);
      case message.dataRequest:
        // Who asks without having taken an offer asks for what another connection once offered.
        return this.#ready || this.#parts.asksOnlyOnceReady !== true ? this.#question(content, total) : { kind: 'drop' };
      case message.monitorReady:
        return this.#parts.from === 'target' ? bare(message.monitorReady, 0) : { kind: 'drop' };
      case message.fileContentsRequest:
        return this.#fileQuestion(content, total);
      case message.fileContentsAnswer:
        return this.#fileAnswer(content, total, flags);
      default:
        // A folder for files, locks on them, and whatever else there may be.
        return { kind: 'drop' };
    }
  }

  /** A question for contents. One for what was not offered becomes one for nothing, so that whoever asks hears that there is none. */
  #question(content: Buffer, total: number): Handling {
    if (total < QUESTION_BYTES || content.length < QUESTION_BYTES) throw new RdpFormatError('clipboard: question cut off');
    const asked = content.readUInt32LE(HEADER_BYTES);
    const may = this.#parts.offers.mayAsk(this.#other, asked);
    if (!may) this.#parts.refused?.(this.#other);
    this.#parts.offers.ask(this.#other, this.#parts.files?.[this.#other].isList(asked) === true ? 'files' : 'contents');
    const format = Buffer.alloc(4);
    if (may) format.writeUInt32LE(asked);
    return { kind: 'instead', message: encodeMessage(message.dataRequest, 0, format) };
  }

  get #other(): ClipboardEnd {
    return this.#parts.from === 'client' ? 'target' : 'client';
  }

  /** Contents that were asked for: text and pictures pass as they come, a list of files is read. */
  #dataAnswer(total: number, flags: number): Handling {
    const asked = this.#parts.offers.answered(this.#parts.from);
    if (!this.#parts.mayOffer || !this.#parts.stands() || (asked === 'files' && total - HEADER_BYTES > MOST_FILE_LIST_BYTES)) {
      this.#parts.refused?.(this.#parts.from);
      return bare(message.dataAnswer, FAILED);
    }
    if (asked === 'files') return (flags & FAILED) === 0 ? { kind: 'files', flags, parts: [] } : bare(message.dataAnswer, FAILED);
    this.#parts.carried?.(total - HEADER_BYTES);
    return { kind: 'pass' };
  }

  #fileQuestion(content: Buffer, total: number): Handling {
    const files = this.#parts.files?.[this.#other];
    if (files === undefined || content.length < total) {
      this.#parts.refused?.(this.#other);
      return { kind: 'drop' };
    }
    const question = readContentsQuestion(content.subarray(HEADER_BYTES));
    if (files.ask(question)) return { kind: 'instead', message: encodeMessage(message.fileContentsRequest, 0, encodeContentsQuestion(question)) };
    this.#parts.refused?.(this.#other);
    // The other end is not asked at all: xrdp 0.9 leaves a question for a file that it does not know without an answer.
    const stream = Buffer.alloc(STREAM_BYTES);
    stream.writeUInt32LE(question.stream);
    this.#parts.answer(encodeMessage(message.fileContentsAnswer, FAILED, stream));
    return { kind: 'drop' };
  }

  #fileAnswer(content: Buffer, total: number, flags: number): Handling {
    if (total < HEADER_BYTES + STREAM_BYTES || content.length < HEADER_BYTES + STREAM_BYTES) throw new RdpFormatError('clipboard: answer with a file cut off');
    const failed = (flags & FAILED) !== 0;
    const length = content.readUInt32LE(4);
    const behind = total - HEADER_BYTES - length;
    // What lies behind is filling, of four bytes where there is any (xrdp), and carries nothing.
    if (length < STREAM_BYTES || behind < 0 || behind > MOST_FILLING_BYTES) throw new RdpFormatError('clipboard: answer with a file out of bounds');
    const answer = this.#parts.files?.[this.#parts.from].answer(content.readUInt32LE(HEADER_BYTES), failed, length - STREAM_BYTES);
    if (answer?.kind === 'pass' && this.#parts.stands()) return { kind: 'pass' };
    // A no to a question of before another offer still has to be heard.
    if (answer?.kind === 'unasked' && !failed) return { kind: 'drop' };
    if (!failed) this.#parts.refused?.(this.#parts.from);
    return answer === undefined ? { kind: 'drop' } : { kind: 'instead', message: encodeMessage(message.fileContentsAnswer, FAILED, content.subarray(HEADER_BYTES, HEADER_BYTES + STREAM_BYTES)) };
  }

  #filteredFiles({ parts }: { readonly parts: readonly Buffer[] }): Buffer {
    const whole = Buffer.concat(parts);
    if (HEADER_BYTES + whole.readUInt32LE(4) > whole.length) throw new RdpFormatError('clipboard: files cut off');
    const files = this.#parts.files?.[this.#parts.from];
    const body = files?.takeList(whole.subarray(HEADER_BYTES, HEADER_BYTES + whole.readUInt32LE(4)));
    return body === undefined ? encodeMessage(message.dataAnswer, FAILED, Buffer.alloc(0)) : encodeMessage(message.dataAnswer, 1, body);
  }

  /** The general capabilities, with files only where some may cross. */
  #plainCapabilities(content: Buffer, total: number): Buffer {
    if (total > 256 || content.length < 24 || content.length < total) throw new RdpFormatError('clipboard: capabilities out of bounds');
    const { files } = this.#parts;
    const known = LONG_NAMES | (files?.client.may === true || files?.target.may === true ? FILES : 0);
    const flags = content.readUInt16LE(12) === 1 ? content.readUInt32LE(20) & known : 0;
    this.#parts.names.tell(this.#parts.from, (flags & LONG_NAMES) !== 0);
    const set = Buffer.alloc(16);
    set.writeUInt16LE(1, 0);
    set.writeUInt16LE(1, 4);
    set.writeUInt16LE(12, 6);
    set.writeUInt32LE(2, 8);
    set.writeUInt32LE(flags, 12);
    return encodeMessage(message.capabilities, 0, set);
  }

  #filteredList({ flags, parts }: { readonly flags: number; readonly parts: readonly Buffer[] }): Buffer {
    const whole = Buffer.concat(parts);
    if (HEADER_BYTES + whole.readUInt32LE(4) > whole.length) throw new RdpFormatError('clipboard: list cut off');
    const formats = whole.subarray(HEADER_BYTES, HEADER_BYTES + whole.readUInt32LE(4));
    const asciiNames = (flags & ASCII_NAMES) !== 0;
    const read = this.#parts.names.longFrom(this.#parts.from) ? readLongFormats(formats) : readShortFormats(formats, asciiNames);
    const files = this.#parts.files?.[this.#parts.from];
    const listsFiles = (name: string): boolean => files?.may === true && name.toLowerCase() === FILE_LIST;
    const kept = read.filter(({ id, name }) => (name === '' ? PLAIN_FORMATS.has(id) : NAMED_FORMATS.has(name.toLowerCase()) || listsFiles(name)));
    files?.offer(kept.find(({ name }) => listsFiles(name))?.id);
    this.#parts.offers.offer(this.#parts.from, kept.filter(({ name }) => name !== '').map(({ id }) => id));
    return encodeMessage(message.formatList, flags & ASCII_NAMES, Buffer.concat(kept.map(({ bytes }) => bytes)));
  }
}

/** A message of that kind without contents: whatever else stood in it would go a way that contents may not. */
function bare(kind: number, flags: number): Handling {
  return { kind: 'instead', message: encodeMessage(kind, flags, Buffer.alloc(0)) };
}

function readLongFormats(bytes: Buffer): { readonly id: number; readonly name: string; readonly bytes: Buffer }[] {
  const formats: { id: number; name: string; bytes: Buffer }[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (at + 6 > bytes.length) throw new RdpFormatError('clipboard: format cut off');
    let end = at + 4;
    while (end + 2 <= bytes.length && bytes.readUInt16LE(end) !== 0) end += 2;
    // A16: a name that is not closed is no name.
    if (end + 2 > bytes.length) throw new RdpFormatError('clipboard: name not closed');
    formats.push({ id: bytes.readUInt32LE(at), name: bytes.toString('utf16le', at + 4, end), bytes: bytes.subarray(at, end + 2) });
    at = end + 2;
  }
  return formats;
}

function readShortFormats(bytes: Buffer, ascii: boolean): { readonly id: number; readonly name: string; readonly bytes: Buffer }[] {
  if (bytes.length % SHORT_FORMAT_BYTES !== 0) throw new RdpFormatError('clipboard: format cut off');
  return Array.from({ length: bytes.length / SHORT_FORMAT_BYTES }, (_, place) => {
    const format = bytes.subarray(place * SHORT_FORMAT_BYTES, (place + 1) * SHORT_FORMAT_BYTES);
    return { id: format.readUInt32LE(0), name: format.toString(ascii ? 'latin1' : 'utf16le', 4).replace(/\0.*$/s, ''), bytes: format };
  });
}

function encodeMessage(kind: number, flags: number, body: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16LE(kind);
  header.writeUInt16LE(flags, 2);
  header.writeUInt32LE(body.length, 4);
  return Buffer.concat([header, body]);
}

function inPieces(whole: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < whole.length; at += PIECE_BYTES) {
    const content = whole.subarray(at, at + PIECE_BYTES);
    const header = Buffer.alloc(PIECE_HEADER_BYTES);
    header.writeUInt32LE(whole.length);
    header.writeUInt32LE((at === 0 ? piece.first : 0) | (at + PIECE_BYTES >= whole.length ? piece.last : 0) | piece.showProtocol, 4);
    pieces.push(Buffer.concat([header, content]));
  }
  return pieces;
}
