import { z } from 'zod';
import type { JsonFile } from '../stored-files/json-file.ts';
import { crashMessages } from './crashes.ts';
import type { Log } from './log.ts';

const mark = z.object({ version: z.string().max(100), startedAt: z.number() });

/** A file that says that the app runs. One that is there at a start is of a run that was killed, or crashed without a word. */
export class RunMark {
  readonly #file: Pick<JsonFile, 'write'>;
  readonly #log: Log;
  readonly #clock: () => number;

  constructor(file: Pick<JsonFile, 'write'>, log: Log, clock: () => number) {
    this.#file = file;
    this.#log = log;
    this.#clock = clock;
  }

  /** Tells the log where the last run did not end in order, by what it `left`, and marks this one. */
  begin(left: unknown, version: string): void {
    const now = this.#clock();
    const last = mark.safeParse(left);
    if (last.success) this.#log.error(crashMessages.unfinished, { version: last.data.version, milliseconds: Math.max(0, now - last.data.startedAt) });
    this.#write({ version, startedAt: now }).catch((error: unknown) => this.#log.warn('mark of the run not written', {}, error));
  }

  /** This run ends in order. */
  async end(): Promise<void> {
    await this.#write({}).catch((error: unknown) => this.#log.warn('mark of the run not taken away', {}, error));
  }

  async #write(value: z.infer<typeof mark> | object): Promise<void> {
    await this.#file.write(value);
  }
}
