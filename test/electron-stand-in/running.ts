import type { Chromium } from './chromium.ts';

let running: Chromium | undefined;

/** Tells the parts that Chromium runs, or that it has stopped. */
export function setRunningChromium(chromium: Chromium | undefined): void {
  running = chromium;
}

/** The running Chromium; throws before `ready` and after the end. */
export function runningChromium(): Chromium {
  if (!running) throw new Error('Electron stand-in: Chromium does not run; wait for app.whenReady()');
  return running;
}

/** The running Chromium, if it runs. */
export function chromiumIfRunning(): Chromium | undefined {
  return running;
}
