/** A network that was switched is noticed within this; looking costs a few microseconds. */
const LOOK_EVERY_MS = 2000;

/** A machine's interfaces with their addresses, as `os.networkInterfaces()` gives them. */
export type Interfaces = () => Readonly<Record<string, readonly { readonly address: string; readonly internal: boolean }[] | undefined>>;

/** Tells when the machine's addresses change: another network, a cable, a tunnel. Loopback does not count. Whoever starts it stops it. */
export class NetworkWatch {
  readonly #interfaces: Interfaces;
  readonly #changed: () => void;
  #last: string;
  #timer: NodeJS.Timeout | undefined;

  constructor(interfaces: Interfaces, changed: () => void) {
    this.#interfaces = interfaces;
    this.#changed = changed;
    this.#last = this.#addresses();
  }

  start(): void {
    this.#timer ??= setInterval(() => this.look(), LOOK_EVERY_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Compares the addresses with those of the last look. */
  look(): void {
    const now = this.#addresses();
    if (now === this.#last) return;
    this.#last = now;
    this.#changed();
  }

  #addresses(): string {
    const all = Object.entries(this.#interfaces()).flatMap(([name, addresses]) => (addresses ?? []).filter(({ internal }) => !internal).map(({ address }) => `${name} ${address}`));
    return all.toSorted().join('\n');
  }
}
