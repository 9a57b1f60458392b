/** Has an event stream opened anew at once: after sleep, or in another network, the one that stands may be dead without a word. */
export class StreamRenewal {
  #next = new AbortController();

  /** Aborted when the stream that is opened now is to be given up for another one. */
  get signal(): AbortSignal {
    return this.#next.signal;
  }

  /** Has the stream that stands given up, or the pause before the next one ended. What is opened after it goes by a signal of its own. */
  renew(): void {
    const now = this.#next;
    this.#next = new AbortController();
    now.abort();
  }
}
