import { type BlockOpener, type BlockPart, blockAdditionalData, blockNonce, recordType } from './container.ts';
import { ContainerVerifier, type ContainerVerification, type VerifierParts } from './container-verifier.ts';
import { decodeFrames, type RecordingFrame, RecordingFormatError } from './recording-frame.ts';
import type { RecordingHeader, RecordingSeal } from './recording-header.ts';
import { decodeIndexEntries, type IndexEntry } from './recording-index.ts';

/** The frames of a block as they were; throws RecordingFormatError where the key or the block is another's. */
export function openBlock(header: RecordingHeader, block: BlockPart, opener: BlockOpener): Uint8Array {
  try {
    return opener.open(blockNonce(block.counter), blockAdditionalData(header.recordingId, block.counter, block.recordHeader), block.payload);
  } catch (cause) {
    throw Object.assign(new RecordingFormatError('a block cannot be opened'), { cause });
  }
}

export interface OpenerParts extends VerifierParts {
  /** The opener of this recording's blocks, from the sealed key of its header. */
  readonly openerOf: (header: RecordingHeader) => BlockOpener;
}

/** What a push opened. */
export interface OpenedPart {
  readonly frames: readonly RecordingFrame[];
  readonly index: readonly IndexEntry[];
}

/** Verifies and opens a container as its bytes come. What is proven is given; RecordingFormatError is thrown as the verifier throws it. */
export class RecordingOpener {
  readonly #parts: OpenerParts;
  readonly #verifier: ContainerVerifier;
  #opener: BlockOpener | undefined;

  constructor(parts: OpenerParts) {
    this.#parts = parts;
    this.#verifier = new ContainerVerifier(parts);
  }

  get header(): RecordingHeader | undefined {
    return this.#verifier.header;
  }

  get seal(): RecordingSeal | undefined {
    return this.#verifier.seal;
  }

  push(chunk: Uint8Array): OpenedPart {
    const frames: RecordingFrame[] = [];
    const index: IndexEntry[] = [];
    for (const part of this.#verifier.push(chunk)) {
      if (part.part === 'header') this.#opener = this.#parts.openerOf(part.header);
      const header = this.#verifier.header;
      if (part.part !== 'block' || this.#opener === undefined || header === undefined) continue;
      const plain = openBlock(header, part, this.#opener);
      if (part.type === recordType.index) index.push(...decodeIndexEntries(plain).entries);
      else frames.push(...framesOf(part, plain));
    }
    return { frames, index };
  }

  finish(): ContainerVerification {
    return this.#verifier.finish();
  }
}

function framesOf(block: BlockPart, plain: Uint8Array): RecordingFrame[] {
  const frames = decodeFrames(plain);
  if (frames.length !== block.frames || frames.at(-1)?.microseconds !== block.lastMicroseconds) throw new RecordingFormatError('block is not as its header says');
  return frames;
}
