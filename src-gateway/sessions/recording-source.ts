import type { ErrorCode } from '../../shared/errors/catalogue.ts';
import type { RecordingId } from '../../shared/ids.ts';
import type { SpooledRecording } from '../../shared/link/messages.ts';

/** How far a live recording has come (rule 19). */
export interface RecordingHead {
  readonly recordingId: RecordingId;
  readonly frames: number;
  readonly headHash: string;
}

/** What the gateway's core needs of the recordings' spool. */
export interface RecordingSource {
  /** Whether a new recording could be written; where not no session begins, and `code` says why. */
  canRecord(): { readonly ok: boolean; readonly code?: ErrorCode; readonly freeBytes: number };
  /** Recordings that stand and that the service has not taken. */
  list(): readonly SpooledRecording[];
  /** At most `length` bytes from `offset`, none only at the end of what is there now. Rejects with `request.not-found`. */
  read(recordingId: RecordingId, offset: number, length: number): Promise<Uint8Array>;
  /** Removes a recording that the service holds with this SHA-256. Rejects where the bytes here are others. */
  release(recordingId: RecordingId, sha256: string): Promise<void>;
  /** Heads of the live recordings. */
  heads(): readonly RecordingHead[];
}
