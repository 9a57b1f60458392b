import { decodeCount, encodeCount, encodeDataHeader, encodeFrame, type Frame, FrameError, frameType, MAX_DATA_BYTES } from './frames.ts';

/** Acknowledge at the latest after so many bytes (rule 10): a quarter of the smallest window, so that it never runs dry by our delay. */
export const ACKNOWLEDGE_EVERY_BYTES = 64 * 1024;
/** ... or after so long: a keystroke's echo is acknowledged before the next one, and an idle stream costs nothing. */
export const ACKNOWLEDGE_EVERY_MS = 100;
/** The window starts here, doubles whenever it was filled and emptied, and ends at 16 MiB, which bounds what one cut stream keeps. */
export const FIRST_WINDOW_BYTES = 1024 * 1024;
export const LAST_WINDOW_BYTES = 16 * 1024 * 1024;

export interface CountedStreamPorts {
  /** Writes to the TLS connection; the parts of one call must stay together and in order. */
  readonly write: (...parts: Uint8Array[]) => void;
  /** Bytes for the protocol above, in order, each once. */
  readonly deliver: (bytes: Uint8Array) => void;
  /** The other side finished sending. */
  readonly finished: () => void;
  /** There is room in the window again. */
  readonly writable: () => void;
  /** Told of bytes that the other side has acknowledged, as they were given to `write`, and of how many were sent up to their end: nothing is kept of them here. */
  readonly acknowledged?: (bytes: Uint8Array, end: number) => void;
  /** Whether the window may grow by so many bytes: a machine with many streams has a budget for all of them (rule 10). Always where absent. */
  readonly mayGrow?: (bytes: number) => boolean;
  readonly setTimer: (callback: () => void, milliseconds: number) => unknown;
  readonly clearTimer: (timer: unknown) => void;
}

/**
 * The counted byte stream inside the frames: each byte has a running number, the receiver acknowledges what it has consumed,
 * the sender keeps what is not acknowledged and stops at the window. What a resume needs (rule 10) is all here; what is
 * written is unacknowledged until said otherwise, so memory is bounded by the window, and a reader that does not read stops
 * the writer at the far end.
 */
export class CountedStream {
  readonly #ports: CountedStreamPorts;
  /** Sent and not acknowledged, oldest first, with the number of its first byte; `whole` is what it was before a part of it was acknowledged. */
  readonly #kept: { offset: number; bytes: Uint8Array; whole: Uint8Array }[] = [];
  #sent = 0;
  #acknowledged = 0;
  #window = FIRST_WINDOW_BYTES;
  #full = false;
  #received = 0;
  #consumed = 0;
  #told = 0;
  #timer: unknown = undefined;
  #finishSent = false;
  #finishReceived = false;

  constructor(ports: CountedStreamPorts) {
    this.#ports = ports;
  }

  /** Bytes sent, acknowledged, received and consumed so far. */
  get counts(): { sent: number; acknowledged: number; received: number; consumed: number } {
    return { sent: this.#sent, acknowledged: this.#acknowledged, received: this.#received, consumed: this.#consumed };
  }

  /** Bytes that this stream holds in memory: sent and not acknowledged, received and not consumed. */
  get keptBytes(): number {
    return this.#sent - this.#acknowledged + this.#received - this.#consumed;
  }

  /** Whether the window has room. `send` may be called all the same; honour this, or memory is not bounded. */
  get hasRoom(): boolean {
    return this.#sent - this.#acknowledged < this.#window;
  }

  /** Sends bytes in frames of at most 64 KiB; keeps a reference to `bytes` until they are acknowledged, so they must not be changed. False where the window is full now. */
  send(bytes: Uint8Array): boolean {
    if (this.#finishSent) throw new FrameError('bad-order');
    for (let start = 0; start < bytes.length; start += MAX_DATA_BYTES) {
      const part = bytes.subarray(start, start + MAX_DATA_BYTES);
      this.#kept.push({ offset: this.#sent, bytes: part, whole: part });
      this.#ports.write(encodeDataHeader(this.#sent, part.length), part);
      this.#sent += part.length;
    }
    if (!this.hasRoom) this.#full = true;
    return this.hasRoom;
  }

  /** No more bytes will be sent. */
  finish(): void {
    if (this.#finishSent) return;
    this.#finishSent = true;
    this.#ports.write(encodeCount(frameType.finish, this.#sent));
  }

  /** Takes a frame of the stream; returns false for a type that is not of the counted stream. Throws FrameError for a peer that does not keep to the rules. */
  take(frame: Frame): boolean {
    if (frame.type === frameType.data) this.#takeData(frame);
    else if (frame.type === frameType.acknowledge) this.#takeAcknowledge(decodeCount(frame.payload));
    else if (frame.type === frameType.finish) this.#takeFinish(decodeCount(frame.payload));
    else return false;
    return true;
  }

  /** The reader above has taken so many bytes: the sender may send as many more. */
  consume(count: number): void {
    this.#consumed += count;
    if (this.#consumed > this.#received) throw new RangeError('more consumed than received');
    if (this.#consumed - this.#told >= ACKNOWLEDGE_EVERY_BYTES) this.#acknowledge();
    else this.#timer ??= this.#ports.setTimer(() => this.#acknowledge(), ACKNOWLEDGE_EVERY_MS);
  }

  /**
   * Sends again, on a new connection, what the other side has not received, in as few frames as possible, and what was
   * acknowledged, in case that was lost. What it has received is not thereby consumed: the window opens only by its
   * acknowledgements. Throws FrameError where it claims to have received what was never sent, or less than it acknowledged.
   */
  resend(receivedByPeer: number): void {
    if (receivedByPeer > this.#sent || receivedByPeer < this.#acknowledged) throw new FrameError('resume-at-wrong-count');
    this.#acknowledge();
    let parts: Uint8Array[] = [];
    let [start, length] = [receivedByPeer, 0];
    const flush = (): void => {
      if (length > 0) this.#ports.write(encodeDataHeader(start, length), ...parts);
      [parts, start, length] = [[], start + length, 0];
    };
    for (const { offset, bytes } of this.#kept) {
      const missing = bytes.subarray(Math.max(0, receivedByPeer - offset));
      if (missing.length === 0) continue;
      if (length + missing.length > MAX_DATA_BYTES) flush();
      parts.push(missing);
      length += missing.length;
    }
    flush();
    if (this.#finishSent) this.#ports.write(encodeCount(frameType.finish, this.#sent));
  }

  /** Stops the timer; the stream must not be used after. */
  dispose(): void {
    if (this.#timer !== undefined) this.#ports.clearTimer(this.#timer);
    this.#timer = undefined;
    this.#kept.length = 0;
  }

  #acknowledge(): void {
    if (this.#timer !== undefined) this.#ports.clearTimer(this.#timer);
    this.#timer = undefined;
    this.#told = this.#consumed;
    this.#ports.write(encodeCount(frameType.acknowledge, this.#consumed));
  }

  #takeData({ payload, offset: ofPiece }: Frame): void {
    const offset = ofPiece ?? decodeCount(payload);
    const bytes = ofPiece === undefined ? payload.subarray(8) : payload;
    if (bytes.length === 0) throw new FrameError('empty-data');
    if (this.#finishReceived) throw new FrameError('data-after-finish');
    if (offset > this.#received) throw new FrameError('data-out-of-order');
    // A peer may fill the largest window and no more; what it sends beyond is not kept.
    if (offset + bytes.length - this.#consumed > LAST_WINDOW_BYTES + MAX_DATA_BYTES) throw new FrameError('window-exceeded');
    const known = this.#received - offset;
    if (known >= bytes.length) return;
    const fresh = bytes.subarray(known);
    this.#received += fresh.length;
    this.#ports.deliver(fresh);
  }

  #takeAcknowledge(count: number): void {
    if (count > this.#sent) throw new FrameError('acknowledged-unsent');
    if (count <= this.#acknowledged) return;
    this.#acknowledged = count;
    let done = 0;
    for (const { offset, bytes } of this.#kept) {
      if (offset + bytes.length > count) break;
      done += 1;
    }
    for (const { offset, bytes, whole } of this.#kept.splice(0, done)) this.#ports.acknowledged?.(whole, offset + bytes.length);
    const first = this.#kept[0];
    if (first && first.offset < count) this.#kept[0] = { ...first, offset: count, bytes: first.bytes.subarray(count - first.offset) };
    if (this.#full && this.hasRoom) {
      this.#full = false;
      const larger = Math.min(this.#window * 2, LAST_WINDOW_BYTES);
      if (larger > this.#window && this.#ports.mayGrow?.(larger - this.#window) !== false) this.#window = larger;
      this.#ports.writable();
    }
  }

  #takeFinish(count: number): void {
    if (count !== this.#received) throw new FrameError('finish-at-wrong-count');
    if (this.#finishReceived) return;
    this.#finishReceived = true;
    this.#ports.finished();
  }
}

/** A JSON frame; `encodeUtf8` is the platform's own encoder. */
export function encodeJsonFrame(type: Frame['type'], value: unknown, encodeUtf8: (text: string) => Uint8Array): Uint8Array {
  return encodeFrame(type, encodeUtf8(JSON.stringify(value)));
}
