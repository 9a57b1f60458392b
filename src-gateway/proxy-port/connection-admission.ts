import type { Socket } from 'node:net';
import { addressGroup } from '../../shared/refused-peers/address-group.ts';

/** A place among the connections that have not proved who they are. */
export interface Admission {
  /** The peer proved who it is: it no longer counts here. */
  authenticated(): void;
}

/** How many connections may be open that have not proved who they are. */
export interface AdmissionLimits {
  readonly perAddress: number;
  readonly inAll: number;
  /** What happens to one more of an address that has all its places: it is refused, or the address's oldest goes for it. */
  readonly whenAddressFull?: 'refuse' | 'drop-oldest';
}

interface Place {
  readonly socket: Socket;
  readonly group: string;
}

/**
 * Bounds what peers who have proved nothing can hold (B5): so many connections of one address, and so many in all, where the
 * oldest is dropped for the newest, so that a flood never closes the door to those who are quick to prove themselves.
 */
export class ConnectionAdmission {
  readonly #limits: AdmissionLimits;
  readonly #places = new Set<Place>();
  readonly #perGroup = new Map<string, number>();
  #refused = 0;

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  /** Connections that have not proved who they are. */
  get open(): number {
    return this.#places.size;
  }

  /** Connections that were refused or dropped since the start. */
  get refused(): number {
    return this.#refused;
  }

  /** A place for the connection, or null where its address has too many: the caller closes it. */
  admit(socket: Socket): Admission | null {
    const group = addressGroup(socket.remoteAddress ?? '');
    const held = this.#perGroup.get(group) ?? 0;
    if (held >= this.#limits.perAddress) {
      if (this.#limits.whenAddressFull !== 'drop-oldest') {
        this.#refused += 1;
        return null;
      }
      this.#dropOldest((place) => place.group === group);
    }
    if (this.#places.size >= this.#limits.inAll) this.#dropOldest();
    const place: Place = { socket, group };
    this.#places.add(place);
    this.#perGroup.set(group, (this.#perGroup.get(group) ?? 0) + 1);
    const leave = (): void => this.#leave(place);
    socket.once('close', leave);
    return {
      authenticated: () => {
        socket.off('close', leave);
        leave();
      },
    };
  }

  #dropOldest(matches: (place: Place) => boolean = () => true): void {
    for (const oldest of this.#places) {
      if (!matches(oldest)) continue;
      this.#refused += 1;
      this.#leave(oldest);
      oldest.socket.destroy();
      return;
    }
  }

  #leave(place: Place): void {
    if (!this.#places.delete(place)) return;
    const left = (this.#perGroup.get(place.group) ?? 1) - 1;
    if (left === 0) this.#perGroup.delete(place.group);
    else this.#perGroup.set(place.group, left);
  }
}
