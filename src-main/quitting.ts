import { app } from 'electron';
import type { Log } from './logging/log.ts';
import type { AppWindows } from './windows/app-windows.ts';

interface Ending {
  readonly sessions: { readonly connectedCount: number };
  readonly windows: Pick<AppWindows, 'beginQuit'>;
  readonly log: Log;
  /** Whether the app can be reached without a window, so that closing the last one does not end it. */
  readonly staysWithoutWindows: () => boolean;
  /** Asks whether to quit though so many sessions are open. */
  readonly ask: (count: number) => Promise<boolean>;
  readonly stop: () => Promise<void>;
}

/** Quitting asks where sessions are open, then ends everything in order; a signal of the system does not ask, nor does what it gives: the way to quit that was agreed to. */
export function endInOrder({ sessions, windows, log, staysWithoutWindows, ask, stop }: Ending): () => void {
  let agreed = false;
  let stopped = false;
  const quit = (): void => {
    agreed = true;
    app.quit();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, quit);
  app.on('before-quit', (event) => {
    if (agreed || sessions.connectedCount === 0) {
      agreed = true;
      windows.beginQuit();
      return;
    }
    event.preventDefault();
    ask(sessions.connectedCount).then((yes) => (yes ? quit() : undefined)).catch((error: unknown) => log.error('question not asked', {}, error));
  });
  app.on('will-quit', (event) => {
    if (stopped) return;
    event.preventDefault();
    stop()
      .catch((error: unknown) => log.error('not stopped in order', {}, error))
      .finally(() => {
        stopped = true;
        app.exit(0);
      });
  });
  app.on('window-all-closed', () => {
    if (process.platform !== 'darwin' && !staysWithoutWindows()) app.quit();
  });
  return quit;
}
