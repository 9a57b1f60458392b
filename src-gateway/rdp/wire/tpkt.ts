import { isSlowPath, MOST_PDU_BYTES, PduFramer as StreamFramer, TPKT_HEADER_BYTES } from '../../../shared/rdp/pdu-framer.ts';

/** One PDU of a stream; `bytes` is the whole of it, header included. */
export interface Pdu {
  readonly path: 'slow' | 'fast';
  readonly bytes: Buffer;
}

/** A slow-path PDU around `payload`. */
export function encodeTpkt(...payload: readonly Uint8Array[]): Buffer {
  const length = TPKT_HEADER_BYTES + payload.reduce((sum, part) => sum + part.length, 0);
  if (length > MOST_PDU_BYTES) throw new RangeError('tpkt too long');
  return Buffer.concat([Buffer.from([3, 0, length >> 8, length & 0xff]), ...payload]);
}

/** Cuts a stream into PDUs, as views; see the shared framer. */
export class PduFramer {
  readonly #framer = new StreamFramer();

  take(chunk: Uint8Array): Pdu[] {
    return this.#framer.take(chunk).map((pdu) => ({ path: isSlowPath(pdu) ? 'slow' : 'fast', bytes: Buffer.from(pdu.buffer, pdu.byteOffset, pdu.length) }));
  }

  get inside(): boolean {
    return this.#framer.inside;
  }
}
