import { comparableName, safeLocalName } from '../../../shared/files/safe-local-name.ts';
import { denyingPattern } from '../../../shared/policy/file-rules.ts';
import type { SessionPolicy } from '../../../shared/policy/session-policy.ts';
import { RdpFormatError } from '../../../shared/rdp/rdp-format-error.ts';
import { type ContentsQuestion, encodeFileList, type ListedFile, MOST_PATH_LETTERS, readFileList } from '../wire/file-list.ts';

/** Pieces of files under way in one direction: an engine asks for a few at a time. */
const MOST_QUESTIONS = 64;
/** A piece of a file in one message; engines ask for 64 KiB to 4 MiB. */
const MOST_PIECE_BYTES = 16 * 1024 * 1024;
/** Folders in folders; a path of 259 letters has no more that anybody made by hand. */
const MOST_DEPTH = 32;

/** A file that crossed, whole or not, for recording and log. */
export interface CarriedFile {
  readonly path: string;
  readonly bytes: number;
  readonly whole: boolean;
}

export interface OfferedFilesParts {
  /** Whether files may leave this end at all. */
  readonly may: boolean;
  readonly rules: Pick<SessionPolicy, 'maxFileBytes' | 'deniedFileNames'>;
  readonly carried: (file: CarriedFile) => void;
  /** A list of so many files has gone to the other end. */
  readonly listed: (files: number) => void;
}

interface Offered extends ListedFile {
  /** Whether the rule lets it cross. */
  readonly allowed: boolean;
  /** Bytes that crossed, as far as the file was covered from its beginning. */
  covered: number;
  bytes: number;
  told: boolean;
}

/** What a message of contents is let do. */
export type Answer = { readonly kind: 'pass' } | { readonly kind: 'refuse' } | { readonly kind: 'unasked' };

/**
 * The files that one end of a desktop offers in its clipboard (rule 21): which of them the rule lets cross, under which names,
 * and how much of each has crossed. Names are made safe for every system (A16), so that a client that is not ours is as safe.
 */
export class OfferedFiles {
  readonly #parts: OfferedFilesParts;
  readonly #questions = new Map<number, ContentsQuestion>();
  #formatId: number | undefined;
  #files: Offered[] = [];

  constructor(parts: OfferedFilesParts) {
    this.#parts = parts;
  }

  get may(): boolean {
    return this.#parts.may;
  }

  /** The end has offered something else: what it offered before cannot be asked for any more. `formatId` is its number for a list of files. */
  offer(formatId: number | undefined): void {
    this.leave();
    this.#formatId = formatId;
  }

  /** Whether a question for a format is one for this end's files. */
  isList(formatId: number): boolean {
    return this.#parts.may && this.#formatId === formatId;
  }

  /** The list that goes on in place of this one; throws RdpFormatError. */
  takeList(body: Buffer): Buffer {
    this.leave();
    const paths = new SafePaths();
    this.#files = readFileList(body).map((file) => {
      const path = paths.safe(file.path);
      const allowed = denyingPattern(path.replaceAll('\\', '/'), this.#parts.rules.deniedFileNames) === undefined && this.#fits(file.sizeBytes ?? 0);
      return { ...file, path, allowed, covered: 0, bytes: 0, told: false };
    });
    this.#parts.listed(this.#files.length);
    return encodeFileList(this.#files);
  }

  /** Whether a question may be asked of this end; throws RdpFormatError. */
  ask(question: ContentsQuestion): boolean {
    const file = this.#files[question.place];
    const allowed = this.#parts.may && file?.allowed === true && !file.folder && question.bytes <= MOST_PIECE_BYTES;
    if (!allowed) return false;
    // One under way is taken back by another of its number.
    if (!this.#questions.has(question.stream) && this.#questions.size >= MOST_QUESTIONS) throw new RdpFormatError('clipboard: too many questions for files');
    this.#questions.set(question.stream, question);
    return true;
  }

  /** What becomes of an answer with so many bytes; throws RdpFormatError where they are more than were asked for. */
  answer(stream: number, failed: boolean, bytes: number): Answer {
    const question = this.#questions.get(stream);
    this.#questions.delete(stream);
    const file = question === undefined ? undefined : this.#files[question.place];
    if (question === undefined || file === undefined) return { kind: 'unasked' };
    if (failed) return { kind: 'refuse' };
    if (bytes > question.bytes) throw new RdpFormatError('clipboard: more of a file than asked');
    if (question.what === 'size') return { kind: 'pass' };
    if (!this.#fits(question.at + bytes)) return { kind: 'refuse' };
    this.#count(file, question, bytes);
    return { kind: 'pass' };
  }

  /** Nothing more is asked of what was offered: files that crossed in part are told. */
  leave(): void {
    for (const { path, bytes, told } of this.#files) if (bytes > 0 && !told) this.#parts.carried({ path, bytes, whole: false });
    this.#files = [];
    this.#questions.clear();
  }

  #fits(sizeBytes: number): boolean {
    const { maxFileBytes } = this.#parts.rules;
    return maxFileBytes === null || sizeBytes <= maxFileBytes;
  }

  #count(file: Offered, { at, bytes: asked }: ContentsQuestion, bytes: number): void {
    // Copied once more.
    if (file.told && at === 0) Object.assign(file, { covered: 0, bytes: 0, told: false });
    file.bytes += bytes;
    if (at <= file.covered) file.covered = Math.max(file.covered, at + bytes);
    const atEnd = file.sizeBytes === undefined ? bytes < asked : file.covered >= file.sizeBytes;
    if (!atEnd || file.told) return;
    file.told = true;
    this.#parts.carried({ path: file.path, bytes: file.bytes, whole: true });
  }
}

/** Paths of one list under which nothing is written outside of the folder that a person chose: each part is one safe name, and no two are the same. */
class SafePaths {
  readonly #taken = new Set<string>();

  safe(hostile: string): string {
    const parts = hostile.split(/[/\\]/).filter((part) => part !== '').slice(0, MOST_DEPTH);
    const folder = parts.slice(0, -1).map((part) => `${safeLocalName(part).name}\\`).join('');
    const { name } = safeLocalName(parts.at(-1) ?? '', (one) => this.#taken.has(comparableName(folder + one)));
    // What fits into no entry keeps its own name and loses its folders.
    const path = folder.length + name.length <= MOST_PATH_LETTERS ? folder + name : safeLocalName(name, (one) => this.#taken.has(comparableName(one))).name;
    this.#taken.add(comparableName(path));
    return path;
  }
}
