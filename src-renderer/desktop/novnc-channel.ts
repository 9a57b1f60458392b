import type { RawChannel } from '@novnc/novnc';

const SET_ENCODINGS = 2;
const SET_ENCODINGS_HEAD_BYTES = 4;
/** Pseudo-encodings that allow the target to lose colours for bytes (JPEG quality levels 0 to 9). */
const QUALITY_LEVELS = { least: -32, most: -23 } as const;

/** Stands for noVNC's WebSocket: hands on bytes, both ways, without a network. */
export class NovncChannel implements RawChannel {
  binaryType = 'arraybuffer';
  protocol = '';
  readyState = 'open';
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: ArrayBufferLike | Uint8Array }) => void) | null = null;
  onclose: ((event: object) => void) | null = null;
  onerror: ((event: object) => void) | null = null;
  /** Whether the target is asked for every colour as it is: noVNC itself always allows some loss. */
  exact = true;
  readonly #toTarget: (bytes: Uint8Array) => void;

  constructor(toTarget: (bytes: Uint8Array) => void) {
    this.#toTarget = toTarget;
  }

  /** Bytes of the target, for noVNC. */
  deliver(bytes: Uint8Array): void {
    this.onmessage?.({ data: bytes });
  }

  send(bytes: Uint8Array): void {
    if (this.readyState !== 'open') return;
    this.#toTarget(this.exact && bytes[0] === SET_ENCODINGS ? withoutQualityLevels(bytes) : bytes.slice());
  }

  close(): void {
    this.readyState = 'closed';
  }

  /** Tells noVNC that it is closed, for which it would wait 3 s with all that it holds, and then call that an error. */
  closed(): void {
    this.onclose?.({ code: 1000, reason: '', wasClean: true });
  }
}

/** A SetEncodings message (RFC 6143 section 7.5.2) without the levels of quality. Bytes that are not exactly one such message stay as they are. */
export function withoutQualityLevels(message: Uint8Array): Uint8Array {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  if (message.length < SET_ENCODINGS_HEAD_BYTES || message.length !== SET_ENCODINGS_HEAD_BYTES + view.getUint16(2) * 4) return message.slice();
  const kept: number[] = [];
  for (let at = SET_ENCODINGS_HEAD_BYTES; at < message.length; at += 4) {
    const encoding = view.getInt32(at);
    if (encoding < QUALITY_LEVELS.least || encoding > QUALITY_LEVELS.most) kept.push(encoding);
  }
  const bytes = new Uint8Array(SET_ENCODINGS_HEAD_BYTES + kept.length * 4);
  const written = new DataView(bytes.buffer);
  written.setUint8(0, SET_ENCODINGS);
  written.setUint16(2, kept.length);
  for (const [place, encoding] of kept.entries()) written.setInt32(SET_ENCODINGS_HEAD_BYTES + place * 4, encoding);
  return bytes;
}
