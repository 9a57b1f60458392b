import { Worker } from 'node:worker_threads';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { IndexAnswer, IndexRequest, NumberedAnswer } from './index-worker-contract.ts';

/** Building an index of 100,000 takes a second on a slow machine; a thread that does not answer by then is stuck. */
const ANSWER_LIMIT_MS = 20_000;

interface Waiting {
  readonly resolve: (answer: IndexAnswer) => void;
  readonly reject: (error: MavisError) => void;
  readonly timer: NodeJS.Timeout;
}

/** The thread that holds the index, as main asks it. */
export class IndexThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #number = 0;

  /** Starts the thread from its file; `stop` ends it. */
  constructor(file: string | URL) {
    this.#worker = new Worker(file);
    this.#worker.unref();
    this.#worker.on('message', ({ number, answer }: NumberedAnswer) => this.#take(number, answer));
    this.#worker.on('error', (error) => this.#failAll(new MavisError('internal', {}, { cause: error })));
    this.#worker.on('exit', () => this.#failAll(new MavisError('internal', {}, { cause: new Error('index thread ended') })));
  }

  /** Asks; throws `internal` where the thread has ended, failed, or not answered within 20 s. */
  ask(request: IndexRequest): Promise<IndexAnswer> {
    const number = ++this.#number;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(number);
        reject(new MavisError('internal', {}, { cause: new Error('index thread does not answer') }));
      }, ANSWER_LIMIT_MS);
      timer.unref();
      this.#waiting.set(number, { resolve, reject, timer });
      this.#worker.postMessage({ number, request });
    });
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }

  #take(number: number, answer: IndexAnswer): void {
    const waiting = this.#waiting.get(number);
    if (!waiting) return;
    this.#waiting.delete(number);
    clearTimeout(waiting.timer);
    if (answer.kind === 'failed') waiting.reject(new MavisError('internal', {}, { cause: new Error(`index thread: ${answer.name}`) }));
    else waiting.resolve(answer);
  }

  #failAll(error: MavisError): void {
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(error);
    }
    this.#waiting.clear();
  }
}
