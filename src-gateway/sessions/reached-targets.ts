import type { TargetGrant } from '../../shared/link/messages.ts';
import type { JournalFacts } from '../journal/journal.ts';
import type { ReachedTarget, TargetDialler } from '../target-address/target-dialler.ts';

/** A session's connections to its target: the one that counts, and those before it that are not closed yet. Whoever cuts a session off cuts off all of them. */
export class ReachedTargets {
  readonly #dialler: Pick<TargetDialler, 'dial'>;
  readonly #target: TargetGrant['target'];
  #current: ReachedTarget | undefined;
  readonly #before = new Set<ReachedTarget>();

  constructor(dialler: Pick<TargetDialler, 'dial'>, target: TargetGrant['target']) {
    this.#dialler = dialler;
    this.#target = target;
  }

  /** Where the target was reached, for what is written down; nothing before. */
  get where(): JournalFacts {
    if (this.#current === undefined) return {};
    return { targetAddress: this.#current.address, targetPort: this.#target.port, specialAddress: this.#current.special };
  }

  /** Reaches the target, at an address that is checked anew (rule 13). Rejects with a MavisError of leg L4 or the signal's reason. */
  async dial(signal: AbortSignal, events: Parameters<TargetDialler['dial']>[2] = {}): Promise<ReachedTarget> {
    const reached = await this.#dialler.dial(this.#target, signal, events);
    const before = this.#current;
    if (before !== undefined) {
      this.#before.add(before);
      before.socket.once('close', () => this.#before.delete(before));
    }
    this.#current = reached;
    return reached;
  }

  /** Cuts off all of them. */
  cut(): void {
    for (const { socket } of [...this.#before, ...(this.#current === undefined ? [] : [this.#current])]) socket.destroy();
  }
}
