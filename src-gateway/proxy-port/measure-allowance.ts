import { addressGroup } from '../../shared/refused-peers/address-group.ts';
import type { Clock } from '../clock/clock.ts';

/** How many measurements: `burst` at once, and then one after the other. */
interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

/** Who had a grant here: somebody who looks again and again, every few seconds. */
const KNOWN_KEY: Rate = { burst: 4, perSecond: 0.25 };
/** Strangers of one address, which may be a whole office: a measurement is half a MiB both ways together, so that this is 1 MiB a second. */
const ADDRESS: Rate = { burst: 8, perSecond: 2 };
/** Strangers of all addresses together: 4 MiB a second, beside what sessions carry. */
const STRANGERS: Rate = { burst: 32, perSecond: 8 };
/** Keys and addresses that are counted; the one that was longest not seen goes, and begins anew. */
const MOST_COUNTED = 10_000;

interface Bucket {
  left: number;
  filledAtMs: number;
}

/**
 * Bounds how often lines are measured, whoever asks: by key where a grant named it (rule 26), else by address and over all
 * addresses. A flood of strangers keeps those who are known from nothing.
 */
export class MeasureAllowance {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #keys = new Map<string, Bucket>();
  readonly #addresses = new Map<string, Bucket>();
  readonly #strangers = new Map<string, Bucket>();
  readonly #known: (thumbprint: string) => boolean;

  constructor(clock: Pick<Clock, 'monotonicMs'>, known: (thumbprint: string) => boolean) {
    this.#clock = clock;
    this.#known = known;
  }

  /** Counts one measurement; 0 where it may begin, else the whole seconds to wait. */
  take({ thumbprint, address }: { readonly thumbprint: string; readonly address: string }): number {
    const buckets = this.#known(thumbprint) ? [this.#bucket(this.#keys, thumbprint, KNOWN_KEY)] : [this.#bucket(this.#addresses, addressGroup(address), ADDRESS), this.#bucket(this.#strangers, '', STRANGERS)];
    const waits = buckets.map(({ bucket, rate }) => (bucket.left >= 1 ? 0 : Math.max(1, Math.ceil((1 - bucket.left) / rate.perSecond))));
    const wait = Math.max(...waits);
    if (wait === 0) for (const { bucket } of buckets) bucket.left -= 1;
    return wait;
  }

  #bucket(of: Map<string, Bucket>, key: string, rate: Rate): { readonly bucket: Bucket; readonly rate: Rate } {
    const nowMs = this.#clock.monotonicMs();
    const bucket = of.get(key) ?? { left: rate.burst, filledAtMs: nowMs };
    bucket.left = Math.min(rate.burst, bucket.left + ((nowMs - bucket.filledAtMs) / 1000) * rate.perSecond);
    bucket.filledAtMs = nowMs;
    of.delete(key);
    of.set(key, bucket);
    if (of.size > MOST_COUNTED) for (const oldest of of.keys()) {
      of.delete(oldest);
      break;
    }
    return { bucket, rate };
  }
}
