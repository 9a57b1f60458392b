import { createHash, createPublicKey, type KeyObject, timingSafeEqual, verify } from 'node:crypto';
import { mkdir, open, statfs, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ErrorCode } from '../../shared/errors/catalogue.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { type GatewayId, type RecordingId, recordingId } from '../../shared/ids.ts';
import type { GatewayStatusReport, SpooledRecording, TargetGrant } from '../../shared/link/messages.ts';
import { toBase64url } from '../../shared/recording/base64url.ts';
import type { RecordingFacts } from '../../shared/recording/recording-header.ts';
import { recordingHeader } from '../../shared/recording/recording-header.ts';
import { type Clock, instantOf, type Timer } from '../clock/clock.ts';
import type { Logger } from '../logging/logger.ts';
import { ChannelRecorder, type ClosedRecording } from './channel-recorder.ts';
import { createRecordingSealer, type RandomBytes, readRecordingRecipient, type RecordingRecipient, sealSigner } from './recording-sealer.ts';
import { chunksOf, PROBE_NAME, recoverSpool, type StoredRecording } from './spool-recovery.ts';

/** Below this a gateway takes no new session: an hour of a busy terminal is some 10 MiB, and those that run need room to end. */
const LEAST_FREE_BYTES = 256 * 1024 * 1024;
/** How old the knowledge of the disk may be: a status comes every 15 s. */
const LOOK_EVERY_MS = 5000;
/** As many as a status carries. */
const MOST_RECORDINGS = 10_000;

export interface RecordingSpoolParts {
  /** The gateway's data folder; recordings lie in its `spool/`. */
  readonly dataDirectory: string;
  readonly gateway: { readonly id: GatewayId; readonly name: string };
  /** SubjectPublicKeyInfo (X25519), base64url, of the service's recording key. */
  readonly recordingKey: string;
  /** The gateway's own signing key (Ed25519, private). */
  readonly signingKey: KeyObject;
  /** Public signing keys of before (rule 15): what they sealed still lies here. */
  readonly formerSigningKeys?: readonly KeyObject[];
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly logger: Logger;
  /** Output reaches the user only when it is on the disk. */
  readonly strict?: boolean;
  readonly leastFreeBytes?: number;
  /** Called when a recording was closed, or recovered at the start: for the journal. */
  readonly recordingClosed?: (closed: ClosedRecording, recording: SpooledRecording) => void;
  /** Told, when the spool is opened, of each recording that the run before had closed itself. */
  readonly recordingKept?: (closed: ClosedRecording, recording: SpooledRecording) => void;
}

/** What a recording is of. */
export interface RecordingSubject {
  readonly grant: Pick<TargetGrant, 'connectionId' | 'reference' | 'user' | 'resource' | 'protocol'>;
  /** Number of the channel within the session. */
  readonly channel: number;
  /** What was negotiated; plain in the header, so never a secret. */
  readonly facts: RecordingFacts;
}

/** Whether new sessions can be recorded. `code` says why not. */
export interface RecordingAbility {
  readonly ok: boolean;
  readonly code?: ErrorCode;
  readonly freeBytes: number;
}

/**
 * The gateway's recordings on its own disk, until the service has taken them. `open` first: it recovers what a crash left.
 * Who makes a spool closes it.
 */
export class RecordingSpool {
  readonly #parts: RecordingSpoolParts;
  readonly #directory: string;
  readonly #recipient: RecordingRecipient;
  readonly #live = new Map<RecordingId, ChannelRecorder>();
  readonly #stored = new Map<RecordingId, { recording: StoredRecording; sha256: string | null }>();
  readonly #hashing = new Set<Promise<void>>();
  #ability: RecordingAbility = { ok: false, code: 'gateway.cannot-record', freeBytes: 0 };
  #lookTimer: Timer | undefined;
  #open = false;
  #signingKey: KeyObject;

  /** Throws TypeError where a key is not of its kind. */
  constructor(parts: RecordingSpoolParts) {
    this.#parts = parts;
    this.#signingKey = parts.signingKey;
    this.#directory = join(parts.dataDirectory, 'spool');
    this.#recipient = readRecordingRecipient(parts.recordingKey);
  }

  /** Makes the folder, recovers what is there and looks at the disk; returns what was recovered. Rejects with `gateway.cannot-record`. */
  async open(): Promise<readonly SpooledRecording[]> {
    try {
      await mkdir(this.#directory, { recursive: true, mode: 0o700 });
      const { recovered, stored } = await this.#recover();
      for (const recording of [...stored, ...recovered]) await this.#keep(recording);
      this.#open = true;
      await this.#look();
      for (const recording of stored) this.#tell(this.#parts.recordingKept, closedOf(recording), recording.recordingId);
      for (const recording of recovered) this.#tellClosed(closedOf(recording), recording.recordingId);
      return this.list().filter((one) => recovered.some(({ recordingId: id }) => id === one.recordingId));
    } catch (cause) {
      throw new MavisError('gateway.cannot-record', { gateway: this.#parts.gateway.name }, { cause });
    }
  }

  /** Whether a new session can be recorded, as of at most five seconds ago. */
  canRecord(): RecordingAbility {
    if (this.#ability.ok && this.#live.size + this.#stored.size >= MOST_RECORDINGS) return { ok: false, code: 'gateway.cannot-record', freeBytes: this.#ability.freeBytes };
    return this.#ability;
  }

  /** Throws `gateway.cannot-record` or `gateway.spool-low` where a new session cannot be recorded. */
  requireAbility(): void {
    const { ok, code = 'gateway.cannot-record' } = this.canRecord();
    if (!ok) throw new MavisError(code, code === 'gateway.spool-low' ? {} : { gateway: this.#parts.gateway.name });
  }

  /** A new provisional recording; rejects with `session.recording-failed` (the disk) or `gateway.cannot-record`, `gateway.spool-low` (known before). */
  async record(subject: RecordingSubject): Promise<ChannelRecorder> {
    this.requireAbility();
    const id = this.#newId();
    const { sealer, sealedKey } = createRecordingSealer(id, this.#recipient, this.#parts.random);
    const { connectionId, reference, user, resource, protocol } = subject.grant;
    const header = recordingHeader.parse({
      ...{ recordingId: id, connectionId, reference, protocol, channel: subject.channel, facts: subject.facts, key: sealedKey },
      ...{ gatewayId: this.#parts.gateway.id, gatewayName: this.#parts.gateway.name.slice(0, 100), startedAt: instantOf(this.#parts.clock) },
      user: { id: user.id, name: user.name.slice(0, 200), displayName: user.displayName.slice(0, 200) },
      resource: { id: resource.id, name: resource.name.slice(0, 200) },
    });
    const { clock } = this.#parts;
    const released = (closed: ClosedRecording | undefined): Promise<void> => this.#released(id, closed);
    const recorder = await ChannelRecorder.create({ header, sealer, sign: sealSigner(this.#signingKey), clock, base: join(this.#directory, id), strict: this.#parts.strict ?? false, released });
    this.#live.set(id, recorder);
    recorder.failed.addEventListener('abort', () => this.#recordingFailed(recorder), { once: true });
    return recorder;
  }

  /** All recordings that stand: live ones, and those closed that the service has not taken yet. */
  list(): SpooledRecording[] {
    const live = [...this.#live.values()].filter((recorder) => recorder.stands && !this.#stored.has(recorder.recordingId)).map((recorder) => liveRecording(recorder));
    return [...live, ...[...this.#stored.values()].map(({ recording, sha256 }) => spooled(recording, sha256))].slice(0, MOST_RECORDINGS);
  }

  /** At most `length` bytes of a recording from `offset` on; fewer mean the end of what is there now. Rejects with `request.not-found`. */
  async read(id: RecordingId, offset: number, length: number): Promise<Uint8Array> {
    let at = offset;
    for (const { path, bytes } of this.#filesOf(id)) {
      if (at < bytes) return await readAt(path, at, Math.min(length, bytes - at));
      at -= bytes;
    }
    return new Uint8Array(0);
  }

  /** The service has the whole recording, and says so by its hash: deletes it here. Rejects with `request.not-found`, or `request.conflict` where the hash is another or the recording is still live. */
  async release(id: RecordingId, sha256: string): Promise<void> {
    const stored = this.#stored.get(id);
    if (stored === undefined) throw new MavisError(this.#live.has(id) ? 'request.conflict' : 'request.not-found', this.#live.has(id) ? { what: 'recording' } : {});
    const hash = stored.sha256 ?? (await hashOf(stored.recording));
    if (!timingSafeEqual(Buffer.from(hash, 'base64url'), sha256Bytes(sha256))) throw new MavisError('request.conflict', { what: 'sha256' });
    this.#stored.delete(id);
    for (const { path } of stored.recording.files) await unlink(path);
  }

  /** Blocks and last link of each live recording, for the status (rule 19). */
  heads(): GatewayStatusReport['recordings'] {
    return [...this.#live.values()].filter((recorder) => recorder.stands).slice(0, MOST_RECORDINGS).map((recorder) => ({ recordingId: recorder.recordingId, frames: recorder.stored.blocks, headHash: toBase64url(recorder.stored.link) }));
  }

  /** Recordings that begin from now on are sealed by another key. */
  useSigningKey(key: KeyObject): void {
    this.#signingKey = key;
  }

  /** Closes what is still live as `incomplete` and stops looking at the disk. */
  async close(): Promise<void> {
    this.#open = false;
    this.#lookTimer?.cancel();
    await Promise.allSettled([...this.#live.values()].map((recorder) => (recorder.stands ? recorder.close('gateway.restarted') : recorder.discard())));
    await Promise.allSettled(this.#hashing);
  }

  async #recover(): ReturnType<typeof recoverSpool> {
    const own = [createPublicKey(this.#signingKey), ...(this.#parts.formerSigningKeys ?? [])];
    const findings = await recoverSpool({ directory: this.#directory, sign: sealSigner(this.#signingKey), clock: this.#parts.clock, verifySeal: (signed, signature) => own.some((key) => verify(null, signed, key, signature)) });
    for (const { recordingId: id } of findings.recovered) this.#parts.logger.warn('sealed a recording that a stop had cut off', { recordingId: id, code: 'recording.recovered' });
    if (findings.unreadable.length > 0) this.#parts.logger.error('files in the spool that are no recordings were left where they are', { count: findings.unreadable.length });
    return findings;
  }

  #newId(): RecordingId {
    const bytes = Buffer.from(this.#parts.random(16));
    bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
    bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
    const hex = bytes.toString('hex');
    return recordingId.parse(`${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`);
  }

  async #released(id: RecordingId, closed: ClosedRecording | undefined): Promise<void> {
    const recorder = this.#live.get(id);
    try {
      if (closed !== undefined && recorder !== undefined) await this.#keepClosed(id, recorder, closed);
    } catch (error) {
      this.#parts.logger.error('a closed recording cannot be read back', { recordingId: id, error });
      this.#ability = { ...this.#ability, ok: false, code: 'gateway.cannot-record' };
    }
    this.#live.delete(id);
  }

  async #keepClosed(id: RecordingId, recorder: ChannelRecorder, closed: ClosedRecording): Promise<void> {
    const base = join(this.#directory, id);
    const files = [];
    for (const path of [`${base}.sealed`, `${base}.tail`]) {
      const bytes = await sizeOf(path);
      if (bytes !== undefined) files.push({ path, bytes });
    }
    const recording: StoredRecording = { recordingId: id, header: recorder.header, seal: { state: closed.state, code: closed.code, durationMicroseconds: closed.durationMs * 1000 }, files };
    this.#stored.set(id, { recording, sha256: null });
    // A long recording takes a while to read back: its session's end does not wait for it.
    const work: Promise<void> = this.#hash(recording)
      .then(() => this.#tellClosed(closed, id))
      .catch((error: unknown) => this.#parts.logger.error('a closed recording could not be journaled', { recordingId: id, error }))
      .finally(() => this.#hashing.delete(work));
    this.#hashing.add(work);
  }

  async #keep(recording: StoredRecording): Promise<void> {
    this.#stored.set(recording.recordingId, { recording, sha256: null });
    await this.#hash(recording);
  }

  /** Notes the hash of a stored recording, which the service has to name when it releases it. */
  async #hash(recording: StoredRecording): Promise<void> {
    try {
      const sha256 = await hashOf(recording);
      if (this.#stored.has(recording.recordingId)) this.#stored.set(recording.recordingId, { recording, sha256 });
    } catch (error) {
      this.#parts.logger.error('a stored recording cannot be read', { recordingId: recording.recordingId, error });
    }
  }

  #tellClosed(closed: ClosedRecording, id: RecordingId): void {
    this.#tell(this.#parts.recordingClosed, closed, id);
  }

  #tell(told: RecordingSpoolParts['recordingClosed'], closed: ClosedRecording, id: RecordingId): void {
    const stored = this.#stored.get(id);
    if (stored !== undefined) told?.(closed, spooled(stored.recording, stored.sha256));
  }

  #recordingFailed(recorder: ChannelRecorder): void {
    this.#parts.logger.error('a recording cannot be stored; its session ends', { recordingId: recorder.recordingId, reference: recorder.header.reference, error: recorder.failed.reason });
    this.#ability = { ok: false, code: 'gateway.cannot-record', freeBytes: 0 };
  }

  #filesOf(id: RecordingId): readonly { path: string; bytes: number }[] {
    const live = this.#live.get(id);
    const stored = this.#stored.get(id);
    if (stored !== undefined) return stored.recording.files;
    if (live?.stands !== true) throw new MavisError('request.not-found');
    return [{ path: join(this.#directory, `${id}.live`), bytes: live.stored.bytes }];
  }

  async #look(): Promise<void> {
    this.#ability = await this.#lookAtDisk();
    if (!this.#open) return;
    this.#lookTimer = this.#parts.clock.setTimer(() => void this.#look(), LOOK_EVERY_MS);
  }

  async #lookAtDisk(): Promise<RecordingAbility> {
    try {
      const { bavail, bsize } = await statfs(this.#directory);
      const freeBytes = bavail * bsize;
      if (freeBytes < (this.#parts.leastFreeBytes ?? LEAST_FREE_BYTES)) return { ok: false, code: 'gateway.spool-low', freeBytes };
      // Free space is no proof that a file can be written: a folder can be read-only, a quota used up.
      const probe = join(this.#directory, PROBE_NAME);
      await writeFile(probe, Buffer.alloc(4096), { mode: 0o600, flag: 'wx' });
      await unlink(probe);
      return { ok: true, freeBytes };
    } catch (error) {
      this.#parts.logger.error('the spool cannot be written', { error });
      return { ok: false, code: 'gateway.cannot-record', freeBytes: 0 };
    }
  }
}

function liveRecording(recorder: ChannelRecorder): SpooledRecording {
  const { header, stored } = recorder;
  return { recordingId: header.recordingId, connectionId: header.connectionId, reference: header.reference, protocol: header.protocol, startedAt: header.startedAt, state: 'recording', code: null, sizeBytes: stored.bytes, sha256: null };
}

function spooled(recording: StoredRecording, sha256: string | null): SpooledRecording {
  const { header, seal, files } = recording;
  return { recordingId: header.recordingId, connectionId: header.connectionId, reference: header.reference, protocol: header.protocol, startedAt: header.startedAt, state: seal.state, code: seal.code, sizeBytes: files.reduce((sum, file) => sum + file.bytes, 0), sha256 };
}

function closedOf(recording: StoredRecording): ClosedRecording {
  return { recordingId: recording.recordingId, state: recording.seal.state, code: recording.seal.code, bytes: recording.files.reduce((sum, file) => sum + file.bytes, 0), durationMs: Math.round(recording.seal.durationMicroseconds / 1000) };
}

async function hashOf(recording: StoredRecording): Promise<string> {
  const hash = createHash('sha256');
  for (const { path } of recording.files) for await (const chunk of chunksOf(path)) hash.update(chunk);
  return hash.digest('base64url');
}

function sha256Bytes(sha256: string): Buffer {
  const bytes = Buffer.from(sha256, 'base64url');
  if (bytes.length !== 32) throw new MavisError('request.invalid', { field: 'sha256' });
  return bytes;
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    const handle = await open(path, 'r');
    try {
      return (await handle.stat()).size;
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

async function readAt(path: string, offset: number, length: number): Promise<Uint8Array> {
  const handle = await open(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(length);
    const { bytesRead } = await handle.read(buffer, 0, length, offset);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
