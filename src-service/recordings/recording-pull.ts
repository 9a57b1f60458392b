import type { FileHandle } from 'node:fs/promises';
import { and, eq, isNull } from 'drizzle-orm';
import { isErrorCode, type ErrorCode } from '../../shared/errors/catalogue.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { RecordingId } from '../../shared/ids.ts';
import type { SpooledRecording } from '../../shared/link/messages.ts';
import { serviceActor, type AuditLog } from '../audit/audit-log.ts';
import type { ErrorLog } from '../audit/error-log.ts';
import type { Clock } from '../clock.ts';
import { sealingKeysOf } from '../gateways/gateway-keys.ts';
import type { ConnectionTransitions } from '../connections/connection-transitions.ts';
import type { GatewayRow } from '../gateways/gateway-record.ts';
import type { Delay } from '../gateways/status-sync.ts';
import type { GatewayLink } from '../link/gateway-link.ts';
import type { Log } from '../logging/log.ts';
import type { Database } from '../store/database.ts';
import { notify } from '../store/notify.ts';
import { connections, recordings } from '../store/schema.ts';
import { checkRecording, type CheckedRecording, type RecordingRow } from './recording-check.ts';
import type { RecordingFiles } from './recording-files.ts';

/** What one request brings: the link's greatest answer. */
const CHUNK_BYTES = 256 * 1024;
/** A line of 1 Gbit/s keeps three quarters for sessions; an hour of terminal is a few MiB. */
export const PULL_BYTES_PER_SECOND = 32 * 1024 * 1024;

/** The disk is looked at anew after so much: what others write beside it cannot take the reserve in between. */
const LOOK_AT_DISK_BYTES = 16 * 1024 * 1024;

/** What a gateway, which may be in other hands, can make the service store. */
export interface RecordingLimits {
  /** Of one recording. */
  readonly bytesAtMost: number;
  /** Of the disk, for all else. */
  readonly freeBytesAtLeast: number;
}

export type BulkLink = Pick<GatewayLink, 'recordingList' | 'recordingRead' | 'recordingRelease'>;

export interface RecordingPullParts {
  readonly database: Database;
  readonly audit: Pick<AuditLog, 'append'>;
  readonly errors: Pick<ErrorLog, 'append'>;
  readonly clock: Clock;
  readonly delay: Delay;
  readonly log: Log;
  readonly files: RecordingFiles;
  readonly transitions: Pick<ConnectionTransitions, 'recordingBegan'>;
  readonly bytesPerSecond: number;
  readonly limits: RecordingLimits;
  /** Told of every recording that was stored. */
  readonly stored: (bytes: number, state: RecordingRow['state']) => void;
}

/**
 * Pulls closed recordings from gateways at a bounded rate (rule 16): into a part that a broken link resumes, verified against
 * seal, signature and the last head known (rule 19), then made the recording, and only then released at the gateway. What
 * does not verify is kept all the same, as incomplete, and says why.
 */
export class RecordingPull {
  readonly #parts: RecordingPullParts;
  /** That the disk is nearly full stands in the error log, once until a recording fits again. */
  #lowTold = false;

  constructor(parts: RecordingPullParts) {
    this.#parts = parts;
  }

  /**
   * Pulls what the gateway has closed; gives whether nothing of that is left there. Rejects with the link's error, or where the
   * store or the folder fails; what was pulled stays.
   */
  async pull(gateway: GatewayRow, link: BulkLink, epoch: number, signal: AbortSignal): Promise<boolean> {
    let all = true;
    for (const spooled of await link.recordingList({ signal })) {
      if (signal.aborted) return false;
      if (spooled.state === 'recording') continue;
      const row = await this.#rowOf(gateway, spooled);
      if (row === undefined) {
        all = false;
        continue;
      }
      if (row.storedAt === null && spooled.sizeBytes > this.#parts.limits.bytesAtMost) {
        await this.#leave(gateway, row, spooled.sizeBytes);
        continue;
      }
      const sha256 = row.storedAt === null ? await this.#store(gateway, link, row, spooled, signal) : row.sha256;
      if (sha256 === null) {
        all = false;
        continue;
      }
      await link.recordingRelease({ epoch, recordingId: row.id, sha256 }, { signal });
      await this.#parts.database.update(recordings).set({ releasedAt: this.#parts.clock.now() }).where(eq(recordings.id, row.id));
    }
    return all;
  }

  /** The recording's row; made where the journal had a gap and its connection went through this gateway. Undefined where it is no recording of this gateway's. */
  async #rowOf(gateway: GatewayRow, { recordingId, connectionId, startedAt }: SpooledRecording): Promise<RecordingRow | undefined> {
    const { database, transitions, log, clock } = this.#parts;
    const known = await this.#find(recordingId);
    if (known !== undefined) {
      if (known.gatewayId === gateway.id) return known;
      log.error('a gateway offers a recording of another one', { gatewayId: gateway.id, recordingId });
      return undefined;
    }
    const [connection] = await database.select().from(connections).where(and(eq(connections.id, connectionId), eq(connections.gatewayId, gateway.id)));
    // Before its end is known the journal may still bring the recording in the ordinary way.
    if (connection === undefined || connection.finalAt === null) {
      log.warn('a gateway offers a recording that its journal has not told of', { gatewayId: gateway.id, recordingId, connectionId });
      return undefined;
    }
    const began = new Date(Math.min(new Date(startedAt).getTime(), clock.now().getTime()));
    await database.transaction((transaction) => transitions.recordingBegan(transaction, connection, recordingId, gateway, began));
    return this.#find(recordingId);
  }

  async #find(recordingId: RecordingId): Promise<RecordingRow | undefined> {
    const [row] = await this.#parts.database.select().from(recordings).where(eq(recordings.id, recordingId));
    return row;
  }

  /** Pulls, verifies and keeps one recording; gives its hash, or null where what came is not what the gateway said. */
  async #store(gateway: GatewayRow, link: BulkLink, row: RecordingRow, spooled: SpooledRecording, signal: AbortSignal): Promise<string | null> {
    const { files, log } = this.#parts;
    const path = files.pathOf(row.id, row.startedAt);
    const there = await files.exists(path);
    if (!there) await this.#fetch(link, row.id, path, spooled.sizeBytes, signal);
    const keys = sealingKeysOf(gateway);
    const checked = await checkRecording(await (there ? files.read(path) : files.readPart(path)), row, keys);
    if (!there && spooled.sha256 !== null && checked.sha256 !== spooled.sha256) {
      log.error('a recording came otherwise than its gateway said; it is pulled again', { gatewayId: gateway.id, recordingId: row.id, reference: row.reference });
      await files.dropPart(path);
      return null;
    }
    if (!there) await files.finishPart(path);
    await this.#keep(gateway, row, path, checked);
    return checked.sha256;
  }

  async #fetch(link: BulkLink, recordingId: RecordingId, path: string, sizeBytes: number, signal: AbortSignal): Promise<void> {
    const { files, clock, delay, bytesPerSecond } = this.#parts;
    await this.#assertRoom();
    const part = await files.openPart(path);
    try {
      // What a crash left may be longer than what is true; the rest is asked for from where both agree to begin.
      let offset = Math.min(part.bytes, sizeBytes);
      let lookAgainAt = offset + LOOK_AT_DISK_BYTES;
      await part.file.truncate(offset);
      while (offset < sizeBytes) {
        const begun = clock.monotonicMs();
        // A piece is never longer than was asked for: the link refuses it. So what comes stays within what was said, and that within the limit.
        const chunk = await link.recordingRead({ recordingId, offset, length: Math.min(CHUNK_BYTES, sizeBytes - offset) }, { signal });
        if (chunk.length === 0) break;
        await writeWhole(part.file, chunk, offset);
        offset += chunk.length;
        if (offset >= lookAgainAt) {
          await this.#assertRoom();
          lookAgainAt = offset + LOOK_AT_DISK_BYTES;
        }
        const restMs = (chunk.length / bytesPerSecond) * 1000 - (clock.monotonicMs() - begun);
        if (restMs >= 1) await delay(restMs, signal);
      }
      await part.file.sync();
    } catch (error) {
      // Another program took what was left: what has come stays, and the rest is asked for when there is room.
      if (isDiskFull(error)) await this.#storageLow(await files.freeBytes());
      throw error;
    } finally {
      await part.file.close();
    }
  }

  /** Throws `recording.storage-low` where the next pieces would take of the disk what is kept free; the error log has it once. */
  async #assertRoom(): Promise<void> {
    const { files, limits } = this.#parts;
    const freeBytes = await files.freeBytes();
    if (freeBytes - LOOK_AT_DISK_BYTES >= limits.freeBytesAtLeast) {
      this.#lowTold = false;
      return;
    }
    await this.#storageLow(freeBytes);
  }

  async #storageLow(freeBytes: number): Promise<never> {
    const { limits, database, errors } = this.#parts;
    if (!this.#lowTold) await database.transaction((transaction) => errors.append(transaction, { code: 'recording.storage-low', facts: { freeBytes, freeBytesAtLeast: limits.freeBytesAtLeast } }));
    this.#lowTold = true;
    throw new MavisError('recording.storage-low');
  }

  /** Leaves a recording that is said to be too large where it is: told once, and pulled when the limit is raised. */
  async #leave(gateway: GatewayRow, row: RecordingRow, sizeBytes: number): Promise<void> {
    const { database, audit, errors, limits } = this.#parts;
    if (row.code === 'recording.too-large') return;
    const facts = { recordingId: row.id, connectionId: row.connectionId, gatewayId: gateway.id, gateway: gateway.name, bytes: sizeBytes, bytesAtMost: limits.bytesAtMost };
    await database.transaction(async (transaction) => {
      await transaction.update(recordings).set({ state: 'incomplete', code: 'recording.too-large', sizeBytes }).where(and(eq(recordings.id, row.id), isNull(recordings.storedAt)));
      await notify(transaction, 'recordings', row.id);
      await audit.append(transaction, { kind: 'recording.refused', actor: serviceActor, reference: row.reference, facts: { ...facts, code: 'recording.too-large' } });
      await errors.append(transaction, { code: 'recording.too-large', reference: row.reference, gatewayName: gateway.name, facts });
    });
  }

  async #keep(gateway: GatewayRow, row: RecordingRow, path: string, { verification, sha256, bytes, seal }: CheckedRecording): Promise<void> {
    const { database, audit, errors, clock, log, stored } = this.#parts;
    const state = verification.ok ? verification.state : 'incomplete';
    const code = errorCodeOf(verification.code);
    await database.transaction(async (transaction) => {
      const [kept] = await transaction
        .update(recordings)
        .set({
          state, code, sha256, sizeBytes: bytes, pulledBytes: bytes, storedPath: path, storedAt: clock.now(),
          ...(seal === undefined ? {} : { durationMs: Math.round(seal.durationMicroseconds / 1000), endedAt: row.endedAt ?? new Date(Math.min(Date.parse(seal.closedAt), clock.now().getTime())) }),
        })
        .where(and(eq(recordings.id, row.id), isNull(recordings.storedAt)))
        .returning({ id: recordings.id });
      if (kept === undefined) return;
      const facts = { recordingId: row.id, connectionId: row.connectionId, user: row.userName, resource: row.resourceName, gatewayId: gateway.id, gateway: gateway.name, state, code, detail: verification.detail, bytes, sha256 };
      await notify(transaction, 'recordings', row.id);
      await audit.append(transaction, { kind: 'recording.stored', actor: serviceActor, reference: row.reference, facts });
      if (code !== null) await errors.append(transaction, { code, reference: row.reference, gatewayName: gateway.name, facts: { recordingId: row.id, state, detail: verification.detail } });
    });
    stored(bytes, state);
    log.info('recording stored', { recordingId: row.id, reference: row.reference, gatewayId: gateway.id, state, bytes, ...(code === null ? {} : { code }) });
  }
}

/** Writes all of it: the system takes less than it was given where the disk has just that much left, and says nothing. */
async function writeWhole(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) written += (await file.write(bytes, written, bytes.length - written, position + written)).bytesWritten;
}

function isDiskFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
}

/** What a seal or the verifier gives as its reason, where the catalogue knows it. */
function errorCodeOf(code: string | null): ErrorCode | null {
  if (code === null) return null;
  return isErrorCode(code) ? code : 'recording.broken';
}
