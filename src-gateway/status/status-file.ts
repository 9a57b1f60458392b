import { readFile, rm } from 'node:fs/promises';
import { z } from 'zod';
import { gatewayStatusReport, type GatewayStatusReport } from '../../shared/link/messages.ts';
import type { Clock, Timer } from '../clock/clock.ts';
import { writeFileSafely } from '../configuration/safe-file.ts';
import type { Logger } from '../logging/logger.ts';

/** So old is what `mavis-gateway status` shows at most. */
export const STATUS_FILE_MS = 5000;

const statusFile = z.object({ process: z.number().int(), links: z.number().int(), report: gatewayStatusReport });
export type StatusFile = z.infer<typeof statusFile>;

/** Keeps `status.json` fresh while the gateway runs: a file in the closed folder needs no further door into the process. */
export class StatusFileWriter {
  readonly #path: string;
  readonly #clock: Pick<Clock, 'setTimer'>;
  readonly #log: Logger;
  readonly #read: () => { readonly report: GatewayStatusReport; readonly links: number };
  #timer: Timer | undefined;
  #writing: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(path: string, clock: Pick<Clock, 'setTimer'>, log: Logger, read: () => { readonly report: GatewayStatusReport; readonly links: number }) {
    this.#path = path;
    this.#clock = clock;
    this.#log = log;
    this.#read = read;
  }

  /** Writes now and from then on. */
  start(): void {
    this.#writing = this.#write();
  }

  /** Stops and removes the file. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#writing;
    await rm(this.#path, { force: true });
  }

  async #write(): Promise<void> {
    try {
      const said: StatusFile = { process: process.pid, ...this.#read() };
      await writeFileSafely(this.#path, JSON.stringify(said));
    } catch (error) {
      this.#log.warn('status file cannot be written', { error });
    }
    if (!this.#stopped) this.#timer = this.#clock.setTimer(() => this.start(), STATUS_FILE_MS);
  }
}

/** What a running gateway last wrote, or null where none has. */
export async function readStatusFile(path: string): Promise<StatusFile | null> {
  try {
    const parsed = statusFile.safeParse(JSON.parse(await readFile(path, 'utf8')));
    return parsed.success ? parsed.data : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
