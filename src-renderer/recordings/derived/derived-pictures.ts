import { type FromDerived, fromDerived, type ToDerived } from './derived-messages.ts';
import type { Picture } from './derived-stream.ts';

/** What the worker says to a question. */
type Answer = Exclude<FromDerived, { readonly kind: 'added' }>;

/** A page's end of the worker that holds a recording's derived pictures. `dispose` ends it, and with it all that was derived. */
export class DerivedPictures {
  readonly #worker: Worker;
  #added: ((full: boolean) => void) | undefined;
  readonly #asked = new Map<number, (answer: Answer | undefined) => void>();
  #asks = 0;
  #over = false;

  constructor() {
    this.#worker = new Worker(new URL('./derived-worker.ts', import.meta.url), { type: 'module', name: 'derived-worker' });
    this.#worker.addEventListener('message', ({ data }: MessageEvent<unknown>) => this.#take(data));
    this.#worker.addEventListener('error', () => this.dispose());
  }

  /** Adds the picture from a time on; resolves with whether there is room for more. One at a time. */
  add(atMs: number, { width, height, pixels }: Picture): Promise<boolean> {
    if (this.#over) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#added = (full) => resolve(!full);
      this.#post({ kind: 'add', atMs, width, height, pixels }, [pixels.buffer]);
    });
  }

  /** The picture at a time; undefined where none was derived. */
  async at(ms: number): Promise<Picture | undefined> {
    const answer = await this.#ask((ask) => ({ kind: 'at', ask, ms }));
    return answer?.kind === 'picture' ? (answer.picture ?? undefined) : undefined;
  }

  /** When the picture next changes after a time (-1: when the first one comes); undefined where it does not any more. */
  async changeAfter(afterMs: number): Promise<number | undefined> {
    const answer = await this.#ask((ask) => ({ kind: 'change', ask, afterMs }));
    return answer?.kind === 'change' ? (answer.atMs ?? undefined) : undefined;
  }

  dispose(): void {
    this.#over = true;
    this.#worker.terminate();
    this.#added?.(true);
    for (const answer of this.#asked.values()) answer(undefined);
    this.#asked.clear();
  }

  #ask(question: (ask: number) => ToDerived): Promise<Answer | undefined> {
    if (this.#over) return Promise.resolve(undefined);
    this.#asks += 1;
    const ask = this.#asks;
    return new Promise((resolve) => {
      this.#asked.set(ask, resolve);
      this.#post(question(ask));
    });
  }

  #post(message: ToDerived, transfer: Transferable[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  #take(data: unknown): void {
    const message = fromDerived.parse(data);
    if (message.kind === 'added') {
      this.#added?.(message.full);
      return;
    }
    this.#asked.get(message.ask)?.(message);
    this.#asked.delete(message.ask);
  }
}
