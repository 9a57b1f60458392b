import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { ConflictQuestion, TransferJob } from '../../shared/ipc/files-port.ts';
import { printableFileName } from '../../shared/sftp/file-name-bytes.ts';
import { downloadTree, type TreeMeans } from './download-tree.ts';
import { RequestWindow } from './request-window.ts';
import type { SftpClient } from './sftp-client.ts';
import { type Choice, type ConflictSides, Job, type JobJournal, type JobParts } from './transfer-job.ts';
import type { AskedTransfer } from './transfer-journal.ts';
import type { KeptTransfer, TransferJournals } from './transfer-journals.ts';
import { uploadTree } from './upload-tree.ts';

/** Pieces under way of all transfers together: with 128 KiB each, 8 MiB fill a line of 50 ms at 160 MB/s. */
const PIECES_AT_ONCE = 64;
/** Files of one transfer at work at once: small ones are round trips, which go side by side. A small file takes three, so over a line of 50 ms these are 400 files a second. */
const FILES_AT_ONCE = 64;
/** Transfers that run at once; the others wait their turn. */
const JOBS_AT_ONCE = 3;
/** Transfers that a session remembers. */
const MOST_JOBS = 10_000;
/** A window is told of progress so often: more is not seen. */
const TELL_EVERY_MS = 150;

/** Of what ends with its session. */
const NO_JOURNAL: JobJournal = { begin: () => undefined, note: () => undefined, flush: () => undefined, drop: () => undefined };

export interface QueueParts {
  readonly client: SftpClient;
  readonly journals: Pick<TransferJournals, 'begin'>;
  readonly tell: (jobs: TransferJob[], question: ConflictQuestion | null) => void;
  readonly monotonic: () => number;
}

interface Asked {
  readonly question: ConflictQuestion;
  readonly job: Job;
  readonly answer: (answer: { readonly choice: Choice; readonly forAll: boolean }) => void;
}

/** The transfers of a session, in the order in which they were asked for. They belong to the session's process: no page ends one. */
export class TransferQueue {
  readonly #parts: QueueParts;
  readonly #jobs = new Map<number, Job>();
  readonly #window = new RequestWindow(PIECES_AT_ONCE);
  readonly #questions: Asked[] = [];
  #numbers = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(parts: QueueParts) {
    this.#parts = parts;
  }

  /** Gives its number. `this-session`: it is not gone on with by another session. Throws `request.too-many` where the queue is full. */
  add(asked: AskedTransfer, keep: 'across-sessions' | 'this-session' = 'across-sessions'): number {
    if (this.#jobs.size >= MOST_JOBS) throw new MavisError('request.too-many', { seconds: 60 });
    return this.#take(asked, keep === 'across-sessions' ? this.#parts.journals.begin(asked) : NO_JOURNAL);
  }

  /** Gives a transfer up and takes it from the list; nothing where there is none. */
  forget(jobId: number): void {
    this.#jobs.get(jobId)?.cancel();
    this.#jobs.delete(jobId);
    this.#forgetQuestions();
    this.#startNext();
    this.#changed();
  }

  /** Goes on with what a process before left: what was paused stays so. */
  goOn(kept: readonly KeptTransfer[]): void {
    for (const { asked, journal, ...before } of kept.slice(0, MOST_JOBS - this.#jobs.size)) this.#take(asked, journal, before);
  }

  /** Throws `request.not-found`. */
  steer(jobId: number, how: 'pause' | 'resume' | 'cancel' | 'retry' | 'dismiss'): void {
    const job = this.#jobs.get(jobId);
    if (job === undefined) throw new MavisError('request.not-found');
    if (how === 'dismiss') {
      if (job.over) this.#jobs.delete(jobId);
    } else job[how]();
    this.#forgetQuestions();
    this.#startNext();
    this.#changed();
  }

  /** Answers a question; one that is no longer asked is none. */
  decide(questionId: number, answer: { readonly choice: Choice; readonly forAll: boolean }): void {
    const at = this.#questions.findIndex(({ question }) => question.id === questionId);
    const [asked] = at < 0 ? [] : this.#questions.splice(at, 1);
    asked?.answer(answer);
    // Who waited to ask the same of the same transfer has an answer now.
    if (answer.forAll && asked !== undefined) for (const other of this.#questions.filter(({ job }) => job === asked.job)) this.decide(other.question.id, answer);
    this.#changed();
  }

  /** Tells a window that has just come. */
  tellNow(): void {
    this.#parts.tell([...this.#jobs.values()].map(({ shown }) => shown), this.#questions[0]?.question ?? null);
  }

  /** The session is over: nothing goes on here, what is not done says why, and is kept. */
  close(reason: MavisError): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const job of this.#jobs.values()) job.giveUp(reason);
    this.tellNow();
  }

  #take(asked: AskedTransfer, journal: JobJournal, before?: JobParts['before']): number {
    const id = (this.#numbers += 1);
    const { client, monotonic } = this.#parts;
    const { direction, name, localFolder, remoteFolder } = asked;
    const means = (): TreeMeans => ({ client, window: this.#window, files: new RequestWindow(FILES_AT_ONCE) });
    const job = new Job({
      id, asked, journal, before, monotonic,
      name: printableFileName(name),
      sessionOver: () => this.#closed || client.closed,
      ask: (asking, about, sides, signal) => this.#ask(asking, about, sides, signal),
      changed: () => this.#changed(),
      work: (running) => (direction === 'download' ? downloadTree(means(), running, remoteFolder, name, localFolder) : uploadTree(means(), running, localFolder, name, remoteFolder)),
    });
    this.#jobs.set(id, job);
    this.#startNext();
    this.#changed();
    return id;
  }

  #startNext(): void {
    if (this.#closed) return;
    const running = [...this.#jobs.values()].filter(({ status }) => status === 'running').length;
    for (const job of [...this.#jobs.values()].filter(({ status }) => status === 'waiting').slice(0, Math.max(0, JOBS_AT_ONCE - running))) {
      void job.run().then(() => this.#startNext());
    }
  }

  #ask(job: Job, name: string, sides: ConflictSides, signal: AbortSignal): Promise<{ readonly choice: Choice; readonly forAll: boolean }> {
    return new Promise((resolve, reject) => {
      const question: ConflictQuestion = { id: (this.#numbers += 1), jobId: job.id, name: printableFileName(name), here: sides.here, coming: sides.coming };
      this.#questions.push({ question, job, answer: resolve });
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      this.#changed();
    });
  }

  #forgetQuestions(): void {
    for (let at = this.#questions.length - 1; at >= 0; at -= 1) if (this.#questions[at]?.job.signal.aborted === true) this.#questions.splice(at, 1);
  }

  #changed(): void {
    if (this.#timer !== undefined || this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.tellNow();
    }, TELL_EVERY_MS);
  }
}
