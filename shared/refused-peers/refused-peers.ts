import type { ErrorCode } from '../errors/catalogue.ts';
import { addressGroup, plainAddress } from './address-group.ts';

/** A peer is told of at once, and then how often it came back, once in this time. */
const WINDOW_MS = 60_000;
/**
 * Peers (by address group, port, code and whether a key was shown) that are told one by one at a time; those beyond are counted together. Twice as many and
 * the counted ones are the most that a window can write, whatever comes: a scan from a thousand addresses is a number.
 */
export const MAX_REFUSED_PEERS = 48;

/** Somebody who reached a port and was sent away before anything was known of him. Nothing that he sent is in here. */
export interface RefusedPeer {
  readonly address: string;
  readonly port: number;
  readonly code: ErrorCode;
  /** What was wrong, in a word of our own or of the TLS library. */
  readonly what: string;
  /** Of the key that he showed, where he came so far. */
  readonly clientKeyThumbprint?: string;
}

/** What is written down: one peer, or (address and port null) the others together, and how many times since the entry before. */
export interface RefusedPeers extends Pick<RefusedPeer, 'code' | 'what' | 'clientKeyThumbprint'> {
  readonly address: string | null;
  readonly port: number | null;
  readonly count: number;
}

export interface RefusedPeersParts {
  /** Calls back once after so many milliseconds, without keeping the process alive. */
  readonly setTimer: (callback: () => void, milliseconds: number) => { cancel(): void };
  /** Takes an entry; false where it cannot be taken now: the count is told later. */
  readonly write: (entry: RefusedPeers) => boolean;
}

interface Kept {
  readonly peer: RefusedPeer;
  untold: number;
}

/**
 * Turns refused peers into a bounded number of entries: the first of an address group, port, code and key or none at once, the further
 * ones as a count each minute. An address group that stays away for a minute is forgotten.
 */
export class RefusedPeerCounts {
  readonly #parts: RefusedPeersParts;
  readonly #kept = new Map<string, Kept>();
  readonly #others = new Map<ErrorCode, number>();
  #timer: { cancel(): void } | undefined;

  constructor(parts: RefusedPeersParts) {
    this.#parts = parts;
  }

  /** Writes the peer down, or counts it. */
  refused(peer: RefusedPeer): void {
    this.#timer ??= this.#parts.setTimer(() => this.#windowOver(), WINDOW_MS);
    // Who came so far as to show a key is not hidden behind garbage of the same address.
    const key = `${addressGroup(peer.address)} ${String(peer.port)} ${peer.code} ${peer.clientKeyThumbprint === undefined ? 'no key' : 'key'}`;
    const kept = this.#kept.get(key);
    if (kept !== undefined) kept.untold += 1;
    else if (this.#kept.size >= MAX_REFUSED_PEERS) this.#others.set(peer.code, (this.#others.get(peer.code) ?? 0) + 1);
    else {
      const first = { peer: { ...peer, address: plainAddress(peer.address) }, untold: 1 };
      this.#kept.set(key, first);
      this.#tell(first);
    }
  }

  /** Writes what was only counted: before a stop. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#tellCounts();
    this.#kept.clear();
    this.#others.clear();
  }

  #windowOver(): void {
    this.#timer = undefined;
    for (const [key, { untold }] of this.#kept) if (untold === 0) this.#kept.delete(key);
    this.#tellCounts();
    if (this.#kept.size > 0 || this.#others.size > 0) this.#timer = this.#parts.setTimer(() => this.#windowOver(), WINDOW_MS);
  }

  #tellCounts(): void {
    for (const kept of this.#kept.values()) this.#tell(kept);
    for (const [code, count] of this.#others) if (this.#parts.write({ code, what: 'others', address: null, port: null, count })) this.#others.delete(code);
  }

  #tell(kept: Kept): void {
    if (kept.untold === 0) return;
    if (this.#parts.write({ ...kept.peer, count: kept.untold })) kept.untold = 0;
  }
}
