import { setTimeout as delay } from 'node:timers/promises';

/** How often it is looked again. */
const LOOK_AGAIN_MS = 25;

/** Waits until `look` gives true; throws after `limitMs`. */
export async function until(look: () => boolean | Promise<boolean>, limitMs: number): Promise<void> {
  const end = performance.now() + limitMs;
  while (!(await look())) {
    if (performance.now() > end) throw new Error(`what was waited for did not come within ${limitMs} ms`);
    await delay(LOOK_AGAIN_MS);
  }
}
