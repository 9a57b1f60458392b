import { asMavisError } from '../../shared/errors/mavis-error.ts';
import type { ClientSettings } from '../../shared/ipc/settings.ts';
import type { Log } from '../logging/log.ts';
import type { StartedProgram } from './update-installer.ts';
import type { Updates } from './updates.ts';

interface InstallParts {
  readonly updates: Pick<Updates, 'prepareInstall' | 'installable'>;
  readonly settings: () => Pick<ClientSettings, 'installUpdateAtQuit'>;
  /** Sessions that a restart would end. */
  readonly connectedCount: () => number;
  /** Asks whether to restart though so many sessions are open. */
  readonly ask: (count: number) => Promise<boolean>;
  /** Quits without another question. */
  readonly quit: () => void;
  readonly start: (program: StartedProgram) => Promise<void>;
  readonly log: Log;
}

/** An update that is ready is installed at the app's end: when its user restarts for it, or quits and wants it so. */
export class InstallAtEnd {
  readonly #parts: InstallParts;
  /** What is started when everything has ended. */
  #last: StartedProgram | undefined;
  #restarting = false;

  constructor(parts: InstallParts) {
    this.#parts = parts;
  }

  /** Restarts the app with the update; false where the user would rather not. Throws what `Updates.prepareInstall` does. */
  async restart(): Promise<boolean> {
    const { updates, connectedCount, ask, quit } = this.#parts;
    const count = connectedCount();
    if (count > 0 && !(await ask(count))) return false;
    this.#last = await updates.prepareInstall(true);
    this.#restarting = true;
    quit();
    return true;
  }

  /** To be called when everything else has ended: installs what is ready where the user wants that at quitting, and starts what is to go on. */
  async end(): Promise<void> {
    const { updates, settings, start, log } = this.#parts;
    if (!this.#restarting && settings().installUpdateAtQuit && updates.installable) {
      this.#last = await updates.prepareInstall(false).catch((error: unknown) => {
        log.error('update not installed', { code: asMavisError(error).code }, error);
        return undefined;
      });
    }
    if (this.#last === undefined) return;
    await start(this.#last).catch((error: unknown) => log.error('update not started', { code: asMavisError(error).code }, error));
  }
}
