/** Keys remembered: one a launch of a client, the newest stay. */
const MAX_KEYS = 10_000;

/** Thumbprints of client keys that a grant named: only they are told the gateway's version (rule 26). */
export class KnownClientKeys {
  readonly #keys = new Set<string>();

  /** Remembers a key; the oldest goes where there are too many. */
  add(thumbprint: string): void {
    this.#keys.delete(thumbprint);
    this.#keys.add(thumbprint);
    if (this.#keys.size <= MAX_KEYS) return;
    for (const oldest of this.#keys) {
      this.#keys.delete(oldest);
      return;
    }
  }

  /** Whether a grant named this key. */
  has(thumbprint: string): boolean {
    return this.#keys.has(thumbprint);
  }
}
