import { asMavisError, MavisError } from '../../shared/errors/mavis-error.ts';
import type { ConflictQuestion, ConflictRule, TransferJob } from '../../shared/ipc/files-port.ts';
import type { TransferControl } from './file-transfer.ts';
import { Gate } from './request-window.ts';
import type { AskedTransfer, JournalEntry } from './transfer-journal.ts';

/** A list that nobody reads to its end is not sent. */
const MOST_TOLD = 20;
/** Speed is a mean over so long: shorter jumps, longer lags behind. */
const SPEED_MS = 2000;

export type Choice = Exclude<ConflictRule, 'ask'>;
/** The two files that a conflict is between. */
export type ConflictSides = Pick<ConflictQuestion, 'here' | 'coming'>;

/** Where it is kept how far a transfer is, for as long as it is not over. */
export interface JobJournal {
  begin(asked: AskedTransfer, done: Iterable<string>): void;
  note(entry: JournalEntry): void;
  flush(): void;
  drop(): void;
}

export interface JobParts {
  readonly id: number;
  readonly asked: AskedTransfer;
  /** As it is shown. */
  readonly name: string;
  readonly journal: JobJournal;
  /** What a process before did of it; nothing of a new one. */
  readonly before?: { readonly done: readonly string[]; readonly paused: boolean } | undefined;
  /** Whether the session is over: what fails then goes on with another one. */
  readonly sessionOver: () => boolean;
  /** Asks the user; rejects with the signal's reason. */
  readonly ask: (job: Job, name: string, sides: ConflictSides, signal: AbortSignal) => Promise<{ readonly choice: Choice; readonly forAll: boolean }>;
  readonly changed: () => void;
  readonly monotonic: () => number;
  /** Does the transfer, from its beginning, leaving out what `isDone` knows. */
  readonly work: (job: Job) => Promise<void>;
}

/** Why a file of a transfer is not brought: the rule or the user says so, or a process that was killed right after it could not note that it was. */
export interface LeftOut {
  readonly because: 'skip' | 'brought';
}

/** One transfer of a file or a folder, and how it goes. */
export class Job {
  readonly id: number;
  readonly #parts: JobParts;
  readonly #gate = new Gate();
  readonly #done: Set<string>;
  /** Of the run that is under way, or was the last. */
  #abort = new AbortController();
  #last: Promise<void> = Promise.resolve();
  #turn = 0;
  #status: TransferJob['status'];
  /** Whether its work is under way, which goes on after a pause; else it begins with its turn. */
  #begun = false;
  /** It ended with its session, and goes on with the next. */
  #kept = false;
  #rule: ConflictRule;
  #doneBytes = 0;
  #totalBytes = 0;
  #totalFiles = 0;
  #skipped = 0;
  #unlike = 0;
  #failureCount = 0;
  #failures: TransferJob['failures'][number][] = [];
  #renamed: TransferJob['renamed'][number][] = [];
  #samples: { readonly atMs: number; readonly bytes: number }[] = [];

  constructor(parts: JobParts) {
    this.id = parts.id;
    this.#parts = parts;
    this.#rule = parts.asked.conflict;
    this.#done = new Set(parts.before?.done);
    this.#status = parts.before?.paused === true ? 'paused' : 'waiting';
  }

  get status(): TransferJob['status'] {
    return this.#status;
  }

  get over(): boolean {
    return this.#status === 'done' || this.#status === 'failed' || this.#status === 'cancelled';
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get shown(): TransferJob {
    const { id, asked, name, before } = this.#parts;
    return {
      id, name,
      direction: asked.direction,
      status: this.#status, doneBytes: this.#doneBytes, totalBytes: this.#totalBytes, doneFiles: this.#done.size, totalFiles: this.#totalFiles, skipped: this.#skipped, unlike: this.#unlike,
      bytesPerSecond: this.#status === 'running' ? this.#speed() : 0,
      failures: [...this.#failures], failureCount: this.#failureCount, renamed: [...this.#renamed],
      verified: asked.verify && this.#status === 'done', continued: before !== undefined, kept: this.#kept,
    };
  }

  /** Runs to its end, after a run before has come to its own; never rejects. */
  async run(): Promise<void> {
    if (this.#status !== 'waiting') return;
    this.#begun = true;
    this.#set('running');
    this.#turn += 1;
    this.#last = this.#runAfter(this.#last, this.#turn);
    await this.#last;
  }

  async #runAfter(before: Promise<void>, turn: number): Promise<void> {
    await before;
    // Cancelled, or tried once more, while the run before was ending.
    if (this.over || turn !== this.#turn) return;
    this.#abort = new AbortController();
    this.#forgetCounts();
    const { signal } = this;
    try {
      await this.#parts.work(this);
      if (signal.aborted) return;
      this.#end(this.#failureCount > 0 ? 'failed' : 'done');
    } catch (error) {
      if (signal.aborted) return;
      this.failed(this.#parts.name, error);
      if (this.#parts.sessionOver()) this.#leave();
      else this.#end('failed');
    }
  }

  pause(): void {
    if (this.#status !== 'running') return;
    this.#gate.close();
    this.#parts.journal.note({ kind: 'paused', paused: true });
    this.#set('paused');
  }

  resume(): void {
    if (this.#status !== 'paused') return;
    this.#parts.journal.note({ kind: 'paused', paused: false });
    this.#set(this.#begun ? 'running' : 'waiting');
    this.#gate.open();
  }

  cancel(): void {
    if (this.over) return;
    this.#abort.abort(new MavisError('connect.cancelled'));
    this.#end('cancelled');
  }

  /** The session is over: what is not done failed with the reason, and is kept for the next session. */
  giveUp(reason: MavisError): void {
    if (this.over) return;
    this.failed(this.#parts.name, reason);
    this.#leave();
    this.#abort.abort(reason);
  }

  /** Waits for its turn again; what was done stays done. The run before keeps its signal, which is aborted, until it has ended. */
  retry(): void {
    if (this.#status !== 'failed' && this.#status !== 'cancelled') return;
    this.#gate.open();
    this.#forgetCounts();
    this.#parts.journal.begin({ ...this.#parts.asked, conflict: this.#rule }, this.#done);
    this.#set('waiting');
  }

  /** Whether a file, by its path in the transfer, was finished in a try before. */
  isDone(path: string): boolean {
    return this.#done.has(path);
  }

  /** A file was found. */
  found(size: number): void {
    this.#totalFiles += 1;
    this.#totalBytes += size;
    this.#parts.changed();
  }

  finished(path: string): void {
    this.#done.add(path);
    this.#parts.journal.note({ kind: 'done', path });
    this.#parts.changed();
  }

  /** A file that had been finished before counts as it would have. */
  alreadyDone(size: number): void {
    this.#doneBytes += size;
  }

  leftOut(path: string, size: number, { because }: LeftOut): void {
    if (because === 'skip') {
      this.left(size);
      return;
    }
    this.alreadyDone(size);
    this.finished(path);
  }

  left(size: number): void {
    this.#skipped += 1;
    this.#doneBytes += size;
    this.#parts.changed();
  }

  failed(name: string, error: unknown): void {
    const { code, args } = asMavisError(error);
    this.#failureCount += 1;
    if (this.#failures.length < MOST_TOLD) this.#failures.push({ name, code, args: { ...args } });
    this.#parts.changed();
  }

  renamed(from: string, to: string): void {
    if (this.#renamed.length < MOST_TOLD) this.#renamed.push({ from, to });
    this.#parts.changed();
  }

  /** How one of its files is followed and steered. */
  control(): TransferControl {
    return { signal: this.signal, gate: this.#gate, verify: this.#parts.asked.verify, progress: (bytes) => this.#progress(bytes), attributesRefused: () => this.#attributesRefused() };
  }

  pass(): Promise<void> {
    return this.#gate.pass(this.signal);
  }

  /** What to do with a file whose name is taken: by the rule, or by what the user says. */
  async decide(name: string, sides: ConflictSides): Promise<'overwrite' | 'rename' | LeftOut['because']> {
    if (this.#parts.before !== undefined && isSame(sides)) return 'brought';
    let choice: ConflictRule = this.#rule;
    if (choice === 'ask') {
      const answer = await this.#parts.ask(this, name, sides, this.signal);
      choice = answer.choice;
      if (answer.forAll) {
        this.#rule = choice;
        this.#parts.journal.note({ kind: 'rule', rule: choice });
      }
    }
    if (choice === 'newer') return sides.coming.modifiedAtSeconds > sides.here.modifiedAtSeconds ? 'overwrite' : 'skip';
    return choice;
  }

  #forgetCounts(): void {
    [this.#doneBytes, this.#totalBytes, this.#totalFiles, this.#skipped, this.#failureCount, this.#unlike] = [0, 0, 0, 0, 0, 0];
    [this.#failures, this.#renamed, this.#samples] = [[], [], []];
  }

  #attributesRefused(): void {
    this.#unlike += 1;
    this.#parts.changed();
  }

  #progress(bytes: number): void {
    this.#doneBytes += bytes;
    const now = this.#parts.monotonic();
    const last = this.#samples.at(-1);
    if (last === undefined || now - last.atMs > SPEED_MS / 20) this.#samples.push({ atMs: now, bytes: this.#doneBytes });
    while ((this.#samples[0]?.atMs ?? now) < now - SPEED_MS) this.#samples.shift();
    this.#parts.changed();
  }

  #speed(): number {
    const first = this.#samples[0];
    const passedMs = first === undefined ? 0 : this.#parts.monotonic() - first.atMs;
    return first === undefined || passedMs < 100 ? 0 : Math.round(((this.#doneBytes - first.bytes) * 1000) / passedMs);
  }

  #end(status: 'done' | 'failed' | 'cancelled'): void {
    this.#parts.journal.drop();
    this.#set(status);
  }

  #leave(): void {
    this.#kept = true;
    this.#parts.journal.flush();
    this.#set('failed');
  }

  #set(status: TransferJob['status']): void {
    this.#status = status;
    this.#parts.changed();
  }
}

/** What a transfer has brought is of the same size and time of change as what it came from. */
function isSame({ here, coming }: ConflictSides): boolean {
  return here.size === coming.size && here.modifiedAtSeconds === coming.modifiedAtSeconds;
}
