/**
 * Frames of the link between service and gateway (rule 16): four bytes of length (big endian), one byte of kind, the
 * payload. Kind 0 is JSON, kind 1 is a binary answer: four bytes of request number, then bytes.
 */
export const LINK_ALPN = 'mavis-link/1';
/** By this the service asks a default gateway to forward it to the link of one behind it (rule 8): one JSON frame each way, then a wire. */
export const LINK_FORWARD_ALPN = 'mavis-link-forward/1';
/** A journal page of 500 entries is under 1 MiB; recordings come in chunks of 256 KiB. */
export const MAX_LINK_FRAME_BYTES = 2 * 1024 * 1024;
export const linkFrameKind = { json: 0, binary: 1 } as const;

export interface LinkFrame {
  readonly kind: 0 | 1;
  readonly payload: Uint8Array;
}

export class LinkFrameError extends Error {
  override readonly name = 'LinkFrameError';
}

/** A frame as bytes; throws RangeError above the bound. */
export function encodeLinkFrame(kind: LinkFrame['kind'], payload: Uint8Array): Uint8Array {
  if (payload.length + 1 > MAX_LINK_FRAME_BYTES) throw new RangeError('link frame too long');
  const frame = new Uint8Array(5 + payload.length);
  new DataView(frame.buffer).setUint32(0, payload.length + 1);
  frame[4] = kind;
  frame.set(payload, 5);
  return frame;
}

/** Cuts the link's bytes into frames; holds at most one. Throws LinkFrameError for a length or kind out of bounds. */
export class LinkFrameDecoder {
  #held: Uint8Array = new Uint8Array(4);
  #filled = 0;
  #inBody = false;

  /** Whether nothing of a next frame has come yet. */
  get idle(): boolean {
    return this.#filled === 0 && !this.#inBody;
  }

  push(chunk: Uint8Array): LinkFrame[] {
    const frames: LinkFrame[] = [];
    let rest = chunk;
    while (rest.length > 0) {
      const taken = Math.min(this.#held.length - this.#filled, rest.length);
      this.#held.set(rest.subarray(0, taken), this.#filled);
      this.#filled += taken;
      rest = rest.subarray(taken);
      if (this.#filled < this.#held.length) break;
      this.#filled = 0;
      if (this.#inBody) {
        frames.push(bodyOf(this.#held));
        this.#held = new Uint8Array(4);
      } else {
        const length = new DataView(this.#held.buffer).getUint32(0);
        if (length < 1 || length > MAX_LINK_FRAME_BYTES) throw new LinkFrameError('link frame length out of bounds');
        this.#held = new Uint8Array(length);
      }
      this.#inBody = !this.#inBody;
    }
    return frames;
  }
}

function bodyOf(body: Uint8Array): LinkFrame {
  const kind = body[0];
  if (kind !== linkFrameKind.json && kind !== linkFrameKind.binary) throw new LinkFrameError('unknown kind of link frame');
  return { kind, payload: body.subarray(1) };
}
