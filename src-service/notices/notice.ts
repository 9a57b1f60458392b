/** Something that happened in one subject and that others act on: broadcast only, nobody can stop it by listening. */
export class Notice<T> {
  readonly #listeners = new Set<(value: T) => Promise<void> | void>();
  readonly #failed: (error: unknown) => void;

  /** `failed` is told of a listener that threw; the others still hear. */
  constructor(failed: (error: unknown) => void) {
    this.#failed = failed;
  }

  /** Adds a listener; gives how to remove it. */
  subscribe(listener: (value: T) => Promise<void> | void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Tells all listeners at once and resolves when all are done. Never rejects. */
  async publish(value: T): Promise<void> {
    await Promise.all(
      [...this.#listeners].map(async (listener) => {
        try {
          await listener(value);
        } catch (error) {
          this.#failed(error);
        }
      }),
    );
  }
}
