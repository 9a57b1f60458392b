import { createHash, randomBytes } from 'node:crypto';
import type { UserId } from '../../shared/ids.ts';
import type { Clock } from '../clock.ts';

/** Works for so long after it was asked (rule 27). */
const VALID_MS = 60_000;
/** The launcher asks for one or two at each start. */
const MAX_OPEN = 16;

/** Secrets by which a user signs in once, given over a pipe of the embedded system. Held in memory only, as their SHA-256. */
export class OneTimeSignIns {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #open = new Map<string, { userId: UserId; untilMs: number }>();

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** A new secret for a user; the oldest is dropped beyond a handful. */
  issue(userId: UserId): string {
    const secret = randomBytes(32).toString('base64url');
    this.#open.set(hashOf(secret), { userId, untilMs: this.#clock.monotonicMs() + VALID_MS });
    const [oldest] = this.#open.keys();
    if (this.#open.size > MAX_OPEN && oldest !== undefined) this.#open.delete(oldest);
    return secret;
  }

  /** Whom a secret signs in; undefined where it is not known, used or late. Found by its hash, so that the time it takes tells nothing of it. */
  take(secret: string): UserId | undefined {
    const hash = hashOf(secret);
    const found = this.#open.get(hash);
    this.#open.delete(hash);
    return found !== undefined && found.untilMs >= this.#clock.monotonicMs() ? found.userId : undefined;
  }
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}
