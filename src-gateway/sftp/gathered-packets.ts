import type { Writable } from 'node:stream';
import { freeMemory } from '../../shared/proxy-stream/free-memory.ts';

/** What goes into one piece: an SSH packet takes no more data. */
const MOST_GATHERED_BYTES = 32 * 1024;

/**
 * Packets on their way into an SSH channel. Small ones of one turn of the event loop go as one piece: ssh2 makes each piece a packet
 * with a cipher and a system call of its own, which cost more than the request in it. Their order stays.
 */
export class GatheredPackets {
  readonly #channel: Writable;
  readonly #wire: Writable;
  #packets: Uint8Array[] = [];
  #bytes = 0;
  #scheduled = false;

  /** @param wire the connection under the channel: the SSH packets of one piece go in one system call */
  constructor(channel: Writable, wire: Writable) {
    this.#channel = channel;
    this.#wire = wire;
  }

  write(packet: Uint8Array): void {
    if (this.#bytes + packet.length > MOST_GATHERED_BYTES) this.#flush();
    this.#packets.push(packet);
    this.#bytes += packet.length;
    if (this.#bytes >= MOST_GATHERED_BYTES) this.#flush();
    else if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => {
        this.#scheduled = false;
        this.#flush();
      });
    }
  }

  #flush(): void {
    const [only] = this.#packets;
    if (only === undefined || !this.#channel.writable) return;
    const piece = this.#packets.length === 1 ? only : Buffer.concat(this.#packets, this.#bytes);
    this.#packets = [];
    this.#bytes = 0;
    this.#wire.cork();
    this.#channel.write(piece, (error) => {
      // ssh2 has copied it into its own packets by then.
      if (error === null || error === undefined) freeMemory(piece);
    });
    this.#wire.uncork();
  }
}
