import { toBase64url } from './base64url.ts';
import { type BlockSealer, type BlockType, blockAdditionalData, blockNonce, encodePreamble, encodeRecordHeader, encodeSeal, LINK_BYTES, recordType, RECORD_HEADER_BYTES, type Sha256, TAG_BYTES } from './container.ts';
import type { RecordingHeader, RecordingSeal } from './recording-header.ts';

/** Where a container stands: what a seal says of it. */
export interface ContainerCounts {
  readonly blocks: number;
  readonly frames: number;
  readonly bytes: number;
  readonly durationMicroseconds: number;
  readonly lastIndexOffset: number | null;
}

/** Counts and last link behind a whole record. */
export type ResumePoint = ContainerCounts & { readonly link: Uint8Array };

/** Signs with the gateway's Ed25519 key; 64 bytes. */
export type SignSeal = (signed: Uint8Array) => Uint8Array;

/**
 * Makes a container's bytes in order: the preamble, blocks, the seal. It keeps the chain and the counts, and writes nothing
 * itself; what it returned must be stored whole and in order.
 */
export class ContainerWriter {
  readonly #header: RecordingHeader;
  readonly #sha256: Sha256;
  readonly #sealer: BlockSealer | undefined;
  readonly preamble: Uint8Array;
  #link: Uint8Array;
  #blocks = 0;
  #frames = 0;
  #bytes: number;
  #durationMicroseconds = 0;
  #lastIndexOffset: number | null = null;

  /** `sealer` is absent where the key is gone (recovery): then only the seal can be written. `resume` continues where a parser found the last whole record. */
  constructor(parts: { header: RecordingHeader; sha256: Sha256; sealer: BlockSealer | undefined; resume?: ResumePoint }) {
    this.#header = parts.header;
    this.#sha256 = parts.sha256;
    this.#sealer = parts.sealer;
    this.preamble = encodePreamble(parts.header);
    this.#link = parts.resume?.link ?? parts.sha256([this.preamble]);
    this.#bytes = parts.resume?.bytes ?? this.preamble.length;
    if (parts.resume === undefined) return;
    this.#blocks = parts.resume.blocks;
    this.#frames = parts.resume.frames;
    this.#durationMicroseconds = parts.resume.durationMicroseconds;
    this.#lastIndexOffset = parts.resume.lastIndexOffset;
  }

  get counts(): ContainerCounts {
    return { blocks: this.#blocks, frames: this.#frames, bytes: this.#bytes, durationMicroseconds: this.#durationMicroseconds, lastIndexOffset: this.#lastIndexOffset };
  }

  /** The last link, base64url, as seals and statuses name it. */
  get headHash(): string {
    return toBase64url(this.#link);
  }

  /** From where another writer can go on, or close: counts and link behind all that was made so far. */
  get resumePoint(): ResumePoint {
    return { ...this.counts, link: this.#link };
  }

  /** An encrypted block, as the parts to store one after the other; `lastMicroseconds` must not fall from block to block. */
  block(type: BlockType, plain: Uint8Array, frames: number, lastMicroseconds: number): readonly Uint8Array[] {
    if (this.#sealer === undefined) throw new RangeError('this container can only be closed');
    const recordHeader = encodeRecordHeader(type, frames, lastMicroseconds, plain.length + TAG_BYTES);
    const sealed = this.#sealer.seal(blockNonce(this.#blocks), blockAdditionalData(this.#header.recordingId, this.#blocks, recordHeader), plain);
    if (type === recordType.index) this.#lastIndexOffset = this.#bytes;
    this.#blocks += 1;
    this.#frames += frames;
    this.#durationMicroseconds = Math.max(this.#durationMicroseconds, lastMicroseconds);
    return this.#record(recordHeader, sealed, plain.length + TAG_BYTES);
  }

  /** The closing record; nothing may follow it. */
  seal(closing: { state: RecordingSeal['state']; code: string | null; closedAt: string; sign: SignSeal }): readonly Uint8Array[] {
    const { blocks, frames, bytes, durationMicroseconds, lastIndexOffset } = this.counts;
    const { state, code, closedAt } = closing;
    const { text, signed } = encodeSeal({ version: 1, recordingId: this.#header.recordingId, gatewayId: this.#header.gatewayId, state, code, blocks, frames, bytes, durationMicroseconds, lastIndexOffset, closedAt, headHash: this.headHash });
    const signature = closing.sign(signed);
    return this.#record(encodeRecordHeader(recordType.seal, 0, durationMicroseconds, signature.length + text.length), [signature, text], signature.length + text.length);
  }

  #record(recordHeader: Uint8Array, payload: readonly Uint8Array[], length: number): readonly Uint8Array[] {
    this.#link = this.#sha256([this.#link, recordHeader, ...payload]);
    this.#bytes += RECORD_HEADER_BYTES + length + LINK_BYTES;
    return [recordHeader, ...payload, this.#link];
  }
}
