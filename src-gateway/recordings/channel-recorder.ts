import type { RecordingId } from '../../shared/ids.ts';
import type { MavisError } from '../../shared/errors/mavis-error.ts';
import type { FileOperation } from '../../shared/recording/file-operation.ts';
import { type BlockSealer, MAX_BLOCK_FRAMES, MAX_BLOCK_PLAIN_BYTES, recordType } from '../../shared/recording/container.ts';
import { ContainerWriter, type ResumePoint, type SignSeal } from '../../shared/recording/container-writer.ts';
import { encodeCount32, encodeJsonPayload, encodeResize, type ExitSignalPayload, type FrameKind, frameKind, FRAME_HEADER_BYTES, MAX_FRAME_PAYLOAD_BYTES, type RequestPayload, type TerminalSize, writeFrameHeader } from '../../shared/recording/recording-frame.ts';
import type { RecordingHeader, RecordingSeal } from '../../shared/recording/recording-header.ts';
import { IndexBuilder } from '../../shared/recording/recording-index.ts';
import { type Clock, instantOf, type Timer } from '../clock/clock.ts';
import { RecordingFile } from './recording-file.ts';
import { nodeSha256 } from './recording-sealer.ts';
import { TypedInput } from './typed-input.ts';

/** Frames gather for so long before they are encrypted and stored as one block: a burst of output costs one block, and a crash loses no more than this and the write. */
const GATHER_MS = 5;
/** ... or until there are so many bytes: what a block costs beside its bytes is spread over as many as fit behind three of the largest frames. */
const GATHER_BYTES = 3 * MAX_FRAME_PAYLOAD_BYTES;

/** How a recording was closed. */
export interface ClosedRecording {
  readonly recordingId: RecordingId;
  readonly state: RecordingSeal['state'];
  readonly code: string | null;
  readonly bytes: number;
  readonly durationMs: number;
}

export interface RecorderParts {
  readonly header: RecordingHeader;
  readonly sealer: BlockSealer;
  readonly sign: SignSeal;
  readonly clock: Clock;
  /** Path without its ending. */
  readonly base: string;
  /** Every frame is on the disk before what it holds is relayed. */
  readonly strict: boolean;
  /** Called after the closing or the deletion, whichever comes, and awaited. */
  readonly released: (closed: ClosedRecording | undefined) => Promise<void>;
}

/**
 * Records one channel. Each call is one frame with the time of the call; frames gather for 5 ms, are encrypted as one block,
 * and go to the disk. A recording that cannot be stored aborts `failed` with `session.recording-failed`: its owner ends the
 * session (B13). The owner calls `close` or `discard` in the end.
 */
export class ChannelRecorder {
  readonly recordingId: RecordingId;
  readonly strict: boolean;
  readonly #parts: RecorderParts;
  readonly #writer: ContainerWriter;
  readonly #file: RecordingFile;
  readonly #index = new IndexBuilder();
  readonly #failure: AbortController;
  readonly #startMs: number;
  readonly #gathered = Buffer.allocUnsafe(MAX_BLOCK_PLAIN_BYTES);
  #used = 0;
  #frames = 0;
  #blockSince = 0;
  #blockUntil = 0;
  #lastMicroseconds = 0;
  #gatherTimer: Timer | undefined;
  #typed: TypedInput | undefined;
  #typedTimer: Timer | undefined;
  #closed = false;
  #stands = false;

  private constructor(parts: RecorderParts, writer: ContainerWriter, file: RecordingFile, failure: AbortController) {
    this.recordingId = parts.header.recordingId;
    this.strict = parts.strict;
    this.#parts = parts;
    this.#writer = writer;
    this.#file = file;
    this.#failure = failure;
    this.#startMs = parts.clock.monotonicMs();
  }

  /** Makes the provisional file; rejects with `session.recording-failed`. */
  static async create(parts: RecorderParts): Promise<ChannelRecorder> {
    const writer = new ContainerWriter({ header: parts.header, sha256: nodeSha256, sealer: parts.sealer });
    const failure = new AbortController();
    const file = await RecordingFile.create(parts.base, writer.preamble, writer.resumePoint, parts.clock, (error) => failure.abort(error));
    return new ChannelRecorder(parts, writer, file, failure);
  }

  /** Aborted with the MavisError by which the session must end. */
  get failed(): AbortSignal {
    return this.#failure.signal;
  }

  get header(): RecordingHeader {
    return this.#parts.header;
  }

  /** Whether the protocol was connected, so that this is a recording and not a try. */
  get stands(): boolean {
    return this.#stands;
  }

  /** Blocks and last link of what is stored; `bytes` is the file's size so far. */
  get stored(): ResumePoint {
    return this.#file.stored;
  }

  get congested(): boolean {
    return this.#file.congested;
  }

  /** Resolves when the disk has caught up. */
  uncongested(): Promise<void> {
    return this.#file.uncongested();
  }

  /** What the target sent. */
  output(bytes: Uint8Array): void {
    this.#write(frameKind.output, bytes);
    this.#index.output(bytes, this.#lastMicroseconds);
    this.#typed?.output(bytes, this.#nowMs());
  }

  /** What the target sent of a desktop: bytes of its protocol, in which there is no text to search. */
  screen(bytes: Uint8Array): void {
    this.#write(frameKind.output, bytes);
  }

  /** That the user pressed so many keys of a desktop, never which (rule 20). Called only where the policy records input. */
  inputMark(keys: number): void {
    this.#note(frameKind.inputMark, encodeCount32(keys));
  }

  /** What the target sent on its error stream. */
  errorOutput(bytes: Uint8Array): void {
    this.#write(frameKind.errorOutput, bytes);
    this.#index.output(bytes, this.#lastMicroseconds);
  }

  /** What the user typed: a mark at once, the bytes where their echo shows that they are no secret (rule 20). Called only where the policy records input. */
  typed(bytes: Uint8Array): void {
    this.#note(frameKind.inputMark, encodeCount32(bytes.length));
    this.#typed ??= new TypedInput((kept) => this.#note(frameKind.input, kept));
    this.#typed.typed(bytes, this.#nowMs());
    this.#watchTyped();
  }

  resize(size: TerminalSize): void {
    this.#note(frameKind.resize, encodeResize(size));
  }

  request(request: RequestPayload): void {
    this.#note(frameKind.request, encodeJsonPayload(request));
  }

  /** What was done with files. */
  fileOperation(operation: FileOperation): void {
    this.#write(frameKind.fileOperation, encodeJsonPayload(operation));
    this.#index.fileOperation(operation, this.#lastMicroseconds);
  }

  exitStatus(status: number): void {
    this.#note(frameKind.exitStatus, encodeCount32(status));
  }

  exitSignal(signal: ExitSignalPayload): void {
    this.#note(frameKind.exitSignal, encodeJsonPayload(signal));
  }

  mark(name: string, detail = ''): void {
    this.#note(frameKind.mark, encodeJsonPayload({ name, detail: detail.slice(0, 1000) }));
  }

  /** The protocol is connected: from here on this is a recording. */
  async stand(): Promise<void> {
    await this.#file.stand();
    this.#stands = true;
  }

  /** Resolves when all frames so far are on the disk; rejects with `session.recording-failed`. */
  durable(): Promise<void> {
    this.#store();
    return this.#file.durable();
  }

  /** Stores what is left, the index and the seal. `code` says why it is not whole. Rejects only where even the closing room cannot be written. */
  async close(code: string | null = null): Promise<ClosedRecording> {
    this.#typed?.end();
    this.#stop();
    this.#storeIndex();
    const failure = this.#file.failure;
    const state = failure === undefined && code === null ? 'sealed' : 'incomplete';
    const why = failure === undefined ? code : closingCode(failure);
    let closed = { state, code: why } as { state: RecordingSeal['state']; code: string | null };
    let last: ResumePoint = this.#file.stored;
    try {
      await this.#file.close((stored) => {
        last = stored;
        const late = this.#file.failure;
        if (late !== undefined) closed = { state: 'incomplete', code: closingCode(late) };
        return this.#seal(stored, closed);
      });
    } finally {
      await this.#parts.released(this.#closedRecording(closed, last));
    }
    return this.#closedRecording(closed, last);
  }

  /** Deletes the provisional file: nothing was connected (S16, S19). */
  async discard(): Promise<void> {
    this.#stop();
    await this.#file.discard();
    await this.#parts.released(undefined);
  }

  #seal(stored: ResumePoint, closed: { state: RecordingSeal['state']; code: string | null }): readonly Uint8Array[] {
    const writer = new ContainerWriter({ header: this.#parts.header, sha256: nodeSha256, sealer: undefined, resume: stored });
    return writer.seal({ ...closed, closedAt: instantOf(this.#parts.clock), sign: this.#parts.sign });
  }

  #closedRecording(closed: { state: RecordingSeal['state']; code: string | null }, last: ResumePoint): ClosedRecording {
    return { recordingId: this.recordingId, ...closed, bytes: last.bytes, durationMs: Math.round(last.durationMicroseconds / 1000) };
  }

  #stop(): void {
    this.#typedTimer?.cancel();
    this.#store();
    this.#closed = true;
  }

  #note(kind: FrameKind, payload: Uint8Array): void {
    this.#write(kind, payload);
    this.#index.frame({ kind, microseconds: this.#lastMicroseconds, payload });
  }

  #write(kind: FrameKind, bytes: Uint8Array): void {
    if (this.#closed) return;
    this.#lastMicroseconds = Math.max(this.#lastMicroseconds, Math.round((this.#nowMs() - this.#startMs) * 1000));
    for (let start = 0; start === 0 || start < bytes.length; start += MAX_FRAME_PAYLOAD_BYTES) this.#gather(kind, bytes.subarray(start, start + MAX_FRAME_PAYLOAD_BYTES));
    if (this.#used >= GATHER_BYTES) this.#store();
    else this.#gatherTimer ??= this.#parts.clock.setTimer(() => this.#store(), GATHER_MS);
  }

  #gather(kind: FrameKind, payload: Uint8Array): void {
    if (this.#used + FRAME_HEADER_BYTES + payload.length > this.#gathered.length || this.#frames >= MAX_BLOCK_FRAMES) this.#store();
    if (this.#used === 0) this.#blockSince = this.#lastMicroseconds;
    writeFrameHeader(this.#gathered, this.#used, kind, this.#lastMicroseconds, payload.length);
    this.#gathered.set(payload, this.#used + FRAME_HEADER_BYTES);
    this.#used += FRAME_HEADER_BYTES + payload.length;
    this.#frames += 1;
    this.#blockUntil = this.#lastMicroseconds;
  }

  #store(): void {
    this.#gatherTimer?.cancel();
    this.#gatherTimer = undefined;
    if (this.#used === 0) return;
    const { bytes, blocks } = this.#writer.counts;
    const parts = this.#writer.block(recordType.frames, this.#gathered.subarray(0, this.#used), this.#frames, this.#blockUntil);
    this.#used = 0;
    this.#frames = 0;
    this.#index.block(bytes, blocks, this.#blockSince);
    this.#file.append(parts, this.#writer.resumePoint);
    if (this.#index.due(this.#lastMicroseconds)) this.#storeIndex();
  }

  #storeIndex(): void {
    const plain = this.#index.take(this.#writer.counts.lastIndexOffset);
    if (plain === undefined) return;
    const parts = this.#writer.block(recordType.index, plain, 0, this.#writer.counts.durationMicroseconds);
    this.#file.append(parts, this.#writer.resumePoint);
  }

  #watchTyped(): void {
    const deadline = this.#typed?.nextDeadlineMs;
    if (deadline === undefined || this.#typedTimer !== undefined || this.#closed) return;
    this.#typedTimer = this.#parts.clock.setTimer(
      () => {
        this.#typedTimer = undefined;
        this.#typed?.expire(this.#nowMs());
        this.#watchTyped();
      },
      Math.max(1, deadline - this.#nowMs() + 1),
    );
  }

  #nowMs(): number {
    return this.#parts.clock.monotonicMs();
  }
}

function closingCode(failure: MavisError): string {
  const cause = failure.cause;
  const full = cause instanceof Error && 'code' in cause && (cause.code === 'ENOSPC' || cause.code === 'EDQUOT');
  return full ? 'recording.spool-full' : failure.code;
}
