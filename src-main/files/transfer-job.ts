import { asMavisError, MavisError } from '../../shared/errors/mavis-error.ts';
import type { ConflictQuestion, ConflictRule, TransferJob } from '../../shared/ipc/files-port.ts';
import type { TransferControl } from './file-transfer.ts';
import { Gate } from './request-window.ts';

/** A list that nobody reads to its end is not sent. */
const MOST_TOLD = 20;
/** Speed is a mean over so long: shorter jumps, longer lags behind. */
const SPEED_MS = 2000;

export type Choice = Exclude<ConflictRule, 'ask'>;
/** The two files that a conflict is between. */
export type ConflictSides = Pick<ConflictQuestion, 'here' | 'coming'>;

export interface JobParts {
  readonly id: number;
  readonly direction: TransferJob['direction'];
  readonly name: string;
  readonly conflict: ConflictRule;
  /** Asks the user; rejects with the signal's reason. */
  readonly ask: (job: Job, name: string, sides: ConflictSides, signal: AbortSignal) => Promise<{ readonly choice: Choice; readonly forAll: boolean }>;
  readonly changed: () => void;
  readonly monotonic: () => number;
  /** Does the transfer, from its beginning, leaving out what `isDone` knows. */
  readonly work: (job: Job) => Promise<void>;
}

/** One transfer of a file or a folder, and how it goes. */
export class Job {
  readonly id: number;
  readonly #parts: JobParts;
  readonly #gate = new Gate();
  readonly #done = new Set<string>();
  #abort = new AbortController();
  #status: TransferJob['status'] = 'waiting';
  #rule: ConflictRule;
  #doneBytes = 0;
  #totalBytes = 0;
  #totalFiles = 0;
  #skipped = 0;
  #failureCount = 0;
  #failures: TransferJob['failures'][number][] = [];
  #renamed: TransferJob['renamed'][number][] = [];
  #samples: { readonly atMs: number; readonly bytes: number }[] = [];

  constructor(parts: JobParts) {
    this.id = parts.id;
    this.#parts = parts;
    this.#rule = parts.conflict;
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
    const { id, direction, name } = this.#parts;
    return {
      id, direction, name,
      status: this.#status, doneBytes: this.#doneBytes, totalBytes: this.#totalBytes, doneFiles: this.#done.size, totalFiles: this.#totalFiles, skipped: this.#skipped,
      bytesPerSecond: this.#status === 'running' ? this.#speed() : 0,
      failures: [...this.#failures], failureCount: this.#failureCount, renamed: [...this.#renamed],
    };
  }

  /** Runs to its end; never rejects. */
  async run(): Promise<void> {
    if (this.#status !== 'waiting') return;
    this.#set('running');
    try {
      await this.#parts.work(this);
      if (this.signal.aborted) return;
      this.#set(this.#failureCount > 0 ? 'failed' : 'done');
    } catch (error) {
      if (this.signal.aborted) return;
      this.failed(this.#parts.name, error);
      this.#set('failed');
    }
  }

  pause(): void {
    if (this.#status !== 'running') return;
    this.#gate.close();
    this.#set('paused');
  }

  resume(): void {
    if (this.#status !== 'paused') return;
    this.#set('running');
    this.#gate.open();
  }

  cancel(): void {
    if (this.over) return;
    this.#abort.abort(new MavisError('connect.cancelled'));
    this.#set('cancelled');
  }

  /** Ends what is not over, as failed. */
  giveUp(reason: MavisError): void {
    if (this.over) return;
    this.failed(this.#parts.name, reason);
    this.#set('failed');
    this.#abort.abort(reason);
  }

  /** Waits for its turn again; what was done stays done. */
  retry(): void {
    if (this.#status !== 'failed' && this.#status !== 'cancelled') return;
    this.#abort = new AbortController();
    this.#gate.open();
    [this.#doneBytes, this.#totalBytes, this.#totalFiles, this.#skipped, this.#failureCount] = [0, 0, 0, 0, 0];
    [this.#failures, this.#renamed, this.#samples] = [[], [], []];
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
    this.#parts.changed();
  }

  /** A file that had been finished before counts as it would have. */
  alreadyDone(size: number): void {
    this.#doneBytes += size;
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
    return { signal: this.signal, gate: this.#gate, progress: (bytes) => this.#progress(bytes) };
  }

  pass(): Promise<void> {
    return this.#gate.pass(this.signal);
  }

  /** What to do with a file whose name is taken: by the rule, or by what the user says. */
  async decide(name: string, sides: ConflictSides): Promise<'overwrite' | 'skip' | 'rename'> {
    let choice: ConflictRule = this.#rule;
    if (choice === 'ask') {
      const answer = await this.#parts.ask(this, name, sides, this.signal);
      choice = answer.choice;
      if (answer.forAll) this.#rule = choice;
    }
    if (choice === 'newer') return sides.coming.modifiedAtSeconds > sides.here.modifiedAtSeconds ? 'overwrite' : 'skip';
    return choice;
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

  #set(status: TransferJob['status']): void {
    this.#status = status;
    this.#parts.changed();
  }
}
