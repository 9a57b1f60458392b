import { MavisError } from '../../shared/errors/mavis-error.ts';

/**
 * The newest lease that was seen (rule 17): a service instance that lost its lease and does not know it yet is refused. Held in
 * memory only: after a restart the first to ask is believed, and what a stale instance could do then, it has committed.
 */
export class LeaseEpoch {
  #newest = 0;

  /** Takes an epoch; throws `request.conflict` for one lower than was seen. */
  assertCurrent(epoch: number): void {
    if (epoch < this.#newest) throw new MavisError('request.conflict', { what: 'epoch' });
    this.#newest = epoch;
  }
}
