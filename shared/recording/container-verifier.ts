import { toBase64url } from './base64url.ts';
import { type BlockPart, type ContainerPart, ContainerParser, recordType, type SealPart, type Sha256 } from './container.ts';
import type { ResumePoint } from './container-writer.ts';
import { RecordingFormatError } from './recording-frame.ts';
import type { RecordingHeader, RecordingSeal } from './recording-header.ts';

/** What the verifier needs of its surroundings. */
export interface VerifierParts {
  readonly sha256: Sha256;
  /** Whether the signature is the recording gateway's, over exactly these bytes. */
  readonly verifySeal: (signed: Uint8Array, signature: Uint8Array, header: RecordingHeader) => boolean;
  /** The last head that a status carried: a recording that ends before it, or has another there, is not all the evidence (rule 19). */
  readonly knownHead?: { readonly blocks: number; readonly headHash: string } | undefined;
}

/** What a verification found; the fields are those of `recordingVerification` in the API. `code` is of the error catalogue. */
export interface ContainerVerification {
  /** The chain is whole, and the seal is there and signed. True for `recovered` and `incomplete` too: `state` and `code` tell. */
  readonly ok: boolean;
  /** Whole blocks. */
  readonly frames: number;
  readonly headHash: string;
  readonly signed: boolean;
  readonly state: 'recording' | 'sealed' | 'recovered' | 'incomplete';
  readonly code: string | null;
  readonly detail: string;
}

/**
 * Checks a container as its bytes come: form, hash chain, order of times, seal. `push` returns the parts that are proven; at
 * the first that is not it stops, and throws RecordingFormatError in this call where it proved nothing, else in the next.
 * `finish` says what the whole is worth.
 */
export class ContainerVerifier {
  readonly #parts: VerifierParts;
  readonly #parser = new ContainerParser();
  #link: Uint8Array = new Uint8Array(0);
  #header: RecordingHeader | undefined;
  #seal: RecordingSeal | undefined;
  #signed = false;
  #counts = { blocks: 0, frames: 0, bytes: 0, durationMicroseconds: 0, lastIndexOffset: null as number | null };
  #failure: RecordingFormatError | undefined;
  #headHash = '';
  #knownHeadSeen: boolean;

  constructor(parts: VerifierParts) {
    this.#parts = parts;
    this.#knownHeadSeen = parts.knownHead === undefined || parts.knownHead.blocks === 0;
  }

  get header(): RecordingHeader | undefined {
    return this.#header;
  }

  get seal(): RecordingSeal | undefined {
    return this.#seal;
  }

  /** Counts and link behind the last proven block, from which a writer can go on; undefined before the header. */
  get resumePoint(): ResumePoint | undefined {
    return this.#header === undefined ? undefined : { ...this.#counts, link: this.#link };
  }

  push(chunk: Uint8Array): ContainerPart[] {
    if (this.#failure !== undefined) throw this.#failure;
    const proven: ContainerPart[] = [];
    try {
      for (const part of this.#parser.push(chunk)) {
        this.#check(part);
        proven.push(part);
      }
      this.#failure = this.#parser.failure;
    } catch (thrown) {
      if (!(thrown instanceof RecordingFormatError)) throw thrown;
      this.#failure = thrown;
      if (proven.length === 0) throw thrown;
    }
    return proven;
  }

  /** What all that was pushed is worth. */
  finish(): ContainerVerification {
    const found = { frames: this.#counts.blocks, headHash: this.#headHash, signed: this.#signed };
    const wrong = this.#wrong();
    if (wrong !== undefined) return { ok: false, ...found, state: this.#seal === undefined ? 'recording' : 'incomplete', ...wrong };
    const { state = 'recording', code = null } = this.#seal ?? {};
    return { ok: this.#seal !== undefined, ...found, state, code, detail: '' };
  }

  #wrong(): { code: string; detail: string } | undefined {
    const detail = this.#failure?.what ?? '';
    if (detail === BAD_SIGNATURE) return { code: 'recording.signature-invalid', detail };
    if (this.#failure !== undefined) return { code: 'recording.broken', detail };
    if (this.#seal !== undefined && !this.#knownHeadSeen) return { code: 'recording.evidence-missing', detail: 'ends before the last head known' };
    if (this.#seal === undefined && !this.#parser.between) return { code: 'recording.broken', detail: 'ends inside a record' };
    if (this.#seal === undefined) return { code: 'recording.evidence-missing', detail: 'no seal' };
    return undefined;
  }

  #check(part: ContainerPart): void {
    if (part.part === 'header') {
      this.#header = part.header;
      this.#link = this.#parts.sha256([part.raw]);
      this.#counts.bytes = part.next;
      this.#headHash = toBase64url(this.#link);
      return;
    }
    const link = this.#parts.sha256([this.#link, part.recordHeader, part.payload]);
    if (!sameBytes(link, part.link)) throw new RecordingFormatError('hash chain broken');
    if (part.part === 'seal') this.#checkSeal(part);
    else this.#count(part, link);
  }

  #count(block: BlockPart, link: Uint8Array): void {
    if (block.lastMicroseconds < this.#counts.durationMicroseconds) throw new RecordingFormatError('time runs backward');
    this.#link = link;
    this.#headHash = toBase64url(link);
    this.#counts.blocks += 1;
    this.#counts.frames += block.frames;
    this.#counts.bytes = block.next;
    this.#counts.durationMicroseconds = block.lastMicroseconds;
    if (block.type === recordType.index) this.#counts.lastIndexOffset = block.offset;
    const known = this.#parts.knownHead;
    if (known === undefined || known.blocks !== this.#counts.blocks) return;
    if (known.headHash !== this.#headHash) throw new RecordingFormatError('another head was known');
    this.#knownHeadSeen = true;
  }

  #checkSeal(part: SealPart): void {
    const { seal } = part;
    const header = this.#header;
    if (header === undefined || seal.recordingId !== header.recordingId || seal.gatewayId !== header.gatewayId) throw new RecordingFormatError('seal of another recording');
    const { blocks, frames, bytes, durationMicroseconds, lastIndexOffset } = this.#counts;
    const fits = seal.blocks === blocks && seal.frames === frames && seal.bytes === bytes && seal.durationMicroseconds === durationMicroseconds && seal.lastIndexOffset === lastIndexOffset && seal.headHash === this.#headHash;
    if (!fits) throw new RecordingFormatError('seal does not fit');
    if (!this.#parts.verifySeal(part.signed, part.signature, header)) throw new RecordingFormatError(BAD_SIGNATURE);
    this.#signed = true;
    this.#seal = seal;
  }
}

const BAD_SIGNATURE = 'signature of the seal is wrong';

function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, place) => other[place] === byte);
}
