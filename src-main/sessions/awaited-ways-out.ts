import type { WayOut } from '../network/way-out.ts';

/** Main knows them within milliseconds; a system that still works out its proxy settings (a PAC file from afar) is not waited for longer. */
const WAYS_OUT_LIMIT_MS = 3000;

/** The ways out of this computer's network, which main tells when it knows them; kept for the dials that follow. */
export class AwaitedWaysOut {
  #known: readonly WayOut[] | undefined;
  readonly #waiting = new Set<(ways: readonly WayOut[]) => void>();

  /** What is known is of another gateway: what main says next is waited for. */
  forget(): void {
    this.#known = undefined;
  }

  take(ways: readonly WayOut[]): void {
    this.#known = ways;
    for (const tell of this.#waiting) tell(ways);
    this.#waiting.clear();
  }

  /** What main said last, or says soon; none where it does not. */
  async asked(): Promise<readonly WayOut[]> {
    if (this.#known) return this.#known;
    const { promise, resolve } = Promise.withResolvers<readonly WayOut[]>();
    this.#waiting.add(resolve);
    const limit = setTimeout(() => resolve([]), WAYS_OUT_LIMIT_MS);
    try {
      return await promise;
    } finally {
      clearTimeout(limit);
      this.#waiting.delete(resolve);
    }
  }
}
