/** Lets a bounded number of things go on at once, in the order in which they came; for requests under way and files at work. */
export class RequestWindow {
  readonly #most: number;
  readonly #waiting: (() => void)[] = [];
  #used = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Takes a place, and waits for one where there is none. */
  enter(signal?: AbortSignal): Promise<void> | undefined {
    if (this.#used < this.#most) {
      this.#used += 1;
      return undefined;
    }
    return new Promise((resolve, reject) => {
      const go = (): void => {
        signal?.removeEventListener('abort', stop);
        resolve();
      };
      const stop = (): void => {
        const at = this.#waiting.indexOf(go);
        if (at >= 0) this.#waiting.splice(at, 1);
        reject(signal?.reason);
      };
      if (signal?.aborted === true) {
        reject(signal.reason);
        return;
      }
      this.#waiting.push(go);
      signal?.addEventListener('abort', stop, { once: true });
    });
  }

  /** Gives a place back. */
  leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#used -= 1;
    else next();
  }
}

/** Stops what runs at the next piece, and lets it go on. */
export class Gate {
  #open: PromiseWithResolvers<void> | undefined;

  get closed(): boolean {
    return this.#open !== undefined;
  }

  close(): void {
    this.#open ??= Promise.withResolvers<void>();
  }

  open(): void {
    this.#open?.resolve();
    this.#open = undefined;
  }

  /** Resolves while the gate is open. */
  async pass(signal: AbortSignal): Promise<void> {
    while (this.#open !== undefined) {
      const { promise, reject } = this.#open;
      const stop = (): void => reject(signal.reason);
      if (signal.aborted) throw signal.reason;
      signal.addEventListener('abort', stop, { once: true });
      try {
        await promise;
      } finally {
        signal.removeEventListener('abort', stop);
      }
    }
  }
}
