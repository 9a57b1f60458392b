import type { Log } from './logging/log.ts';

/** Something that is done again and again while the service runs. */
export interface Chore {
  /** For the log. */
  readonly name: string;
  readonly everyMs: number;
  run(): Promise<unknown>;
}

/** Runs chores at their times, never one twice at once. A chore that fails is logged and tried again at its next time. */
export class Housekeeping {
  readonly #chores: readonly Chore[];
  readonly #log: Log;
  readonly #running = new Map<Chore, Promise<void>>();
  #timers: NodeJS.Timeout[] = [];

  constructor(chores: readonly Chore[], log: Log) {
    this.#chores = chores;
    this.#log = log;
  }

  start(): void {
    this.#timers = this.#chores.map((chore) => setInterval(() => this.#run(chore), chore.everyMs));
  }

  /** Stops and waits for what is running. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await Promise.all(this.#running.values());
  }

  #run(chore: Chore): void {
    if (this.#running.has(chore)) return;
    const done = chore
      .run()
      .catch((error: unknown) => this.#log.error('a chore failed', { part: chore.name, error }))
      .then(() => void this.#running.delete(chore));
    this.#running.set(chore, done);
  }
}
