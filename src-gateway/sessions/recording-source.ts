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
  /** False where a new recording could not be written: no session begins then. */
  canRecord(): boolean;
  list(): Promise<readonly SpooledRecording[]> | readonly SpooledRecording[];
  /** At most `length` bytes from `offset`; fewer mean the end of what is there now. Rejects with `recording.not-stored`. */
  read(recordingId: RecordingId, offset: number, length: number): Promise<Uint8Array>;
  /** Removes a recording that the service holds with this SHA-256. Rejects where the bytes here are others. */
  release(recordingId: RecordingId, sha256: string): Promise<void>;
  /** Heads of the live recordings. */
  heads(): readonly RecordingHead[];
}
