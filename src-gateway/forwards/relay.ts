import type { Socket } from 'node:net';
import { freeMemory } from '../../shared/proxy-stream/free-memory.ts';

/**
 * What may wait for one side before the other is no longer read. A whole read of the socket is 64 KiB: four of them keep both
 * directions busy while a slow side catches up; more only costs memory, at 500 streams a megabyte each.
 */
export const RELAY_WAITING_BYTES = 256 * 1024;

/** Into so many bytes Node reads a socket, however little comes: what is around a piece is the piece's. */
const READ_BYTES = 64 * 1024;

/** Bytes that went through, from the near side and to it. */
export interface RelayCounts {
  readonly in: number;
  readonly out: number;
}

/** How a relay ended: in order, or because one of its sides was cut off. */
export type RelayEnd = { readonly kind: 'finished' } | { readonly kind: 'cut'; readonly side: 'near' | 'far' };

/**
 * Carries bytes between two sockets as they are, with back-pressure and half-close both ways: what one side ends, the other
 * is told, and goes on sending until it ends too. Nothing is copied and nothing is looked at. Both sockets are its own from
 * here on; errors of either are an end, never a rejection.
 */
export class Relay {
  readonly #near: Socket;
  readonly #far: Socket;
  readonly #moved: () => void;
  readonly #done = Promise.withResolvers<RelayEnd>();
  #in = 0;
  #out = 0;
  #closed = 0;
  #ends = 0;
  #cut: 'near' | 'far' | undefined;

  /** `moved` is called for each piece that goes through, either way. */
  constructor(near: Socket, far: Socket, moved: () => void) {
    this.#near = near;
    this.#far = far;
    this.#moved = moved;
  }

  get counts(): RelayCounts {
    return { in: this.#in, out: this.#out };
  }

  /** Resolves when both sides are closed. Never rejects. */
  run(): Promise<RelayEnd> {
    this.#watch(this.#near, this.#far, 'near');
    this.#watch(this.#far, this.#near, 'far');
    this.#carry(this.#near, this.#far, (bytes) => (this.#in += bytes));
    this.#carry(this.#far, this.#near, (bytes) => (this.#out += bytes));
    return this.#done.promise;
  }

  /** Cuts both sides off. */
  destroy(): void {
    this.#near.destroy();
    this.#far.destroy();
  }

  #carry(from: Socket, to: Socket, count: (bytes: number) => void): void {
    let corked = false;
    // Pieces that come in one turn (TLS gives out records of 16 KiB) leave with one system call.
    const uncork = (): void => {
      corked = false;
      to.uncork();
    };
    from.on('data', (piece: Buffer) => {
      count(piece.length);
      this.#moved();
      if (to.destroyed || to.writableEnded) return;
      if (!corked) {
        corked = true;
        to.cork();
        process.nextTick(uncork);
      }
      to.write(piece, () => freeMemory(piece, READ_BYTES));
      if (to.writableLength > RELAY_WAITING_BYTES) from.pause();
    });
    to.on('drain', () => from.resume());
    from.once('end', () => {
      this.#ends += 1;
      to.end();
    });
    from.resume();
  }

  #watch(side: Socket, other: Socket, name: 'near' | 'far'): void {
    // Without this the other direction would be shut with the first end (RFC 9293 3.6 lets it go on).
    side.allowHalfOpen = true;
    side.on('error', () => undefined);
    const closed = (): void => {
      this.#closed += 1;
      // Both sides ended what they had to say: in order, whoever closes first.
      if (this.#closed === 1 && this.#ends < 2) this.#cut = name;
      // What has been read of a side that is gone still reaches the other.
      if (!other.destroyed) other.destroySoon();
      if (this.#closed === 2) this.#done.resolve(this.#cut === undefined ? { kind: 'finished' } : { kind: 'cut', side: this.#cut });
    };
    if (side.destroyed) queueMicrotask(closed);
    else side.once('close', closed);
  }
}
