import type { ConnectionReference } from '../../shared/ids.ts';
import type { WindowApi } from '../../shared/ipc/window-api.ts';

const NAME = /^[\w$]{1,60}$/;
const MOST_FRAMES_LENGTH = 4000;

/** A part of a page stopped by its `cause`; its user was shown the reference. */
export class PartStopped extends Error {
  readonly reference: ConnectionReference;

  constructor(reference: ConnectionReference, cause: unknown) {
    super(`page stopped, reference ${reference}`, { cause });
    this.reference = reference;
  }
}

/** From now on tells main, for the app's log, of whatever goes wrong in the page and is caught by nothing: its kind and place, never its words. */
export function reportFaults(mavis: Pick<WindowApi, 'app'>): void {
  const tell = (thrown: unknown): void => {
    const stopped = thrown instanceof PartStopped ? thrown : undefined;
    const fault = stopped === undefined ? thrown : stopped.cause;
    const { name, stack = '' } = fault instanceof Error ? fault : { name: typeof fault };
    const frames = stack.split('\n').filter((line) => line.trimStart().startsWith('at ')).join('\n').slice(0, MOST_FRAMES_LENGTH);
    // Where main does not answer, nobody is left who could be told.
    mavis.app.reportFault({ reference: stopped?.reference ?? null, name: NAME.test(name) ? name : 'Error', frames }).catch(() => undefined);
  };
  globalThis.addEventListener('error', ({ error }: ErrorEvent) => {
    // A notice of the browser's own ("ResizeObserver loop …") is no fault: nothing was thrown.
    if (error !== null && error !== undefined) tell(error);
  });
  globalThis.addEventListener('unhandledrejection', ({ reason }: PromiseRejectionEvent) => tell(reason));
}
