import { setTimeout } from 'node:timers/promises';
import type { RecordingSpool } from '../../../src-gateway/recordings/recording-spool.ts';

/** A file of a run is hashed within seconds. */
const HASH_LIMIT_MS = 60_000;

/** Waits until all recordings are closed and hashed, and removes them. Rejects where that takes longer than a minute. */
export async function forgetRecordings(spool: Pick<RecordingSpool, 'list' | 'release'>): Promise<void> {
  const endsAt = performance.now() + HASH_LIMIT_MS;
  while (spool.list().some(({ sha256 }) => sha256 === null)) {
    if (performance.now() > endsAt) throw new Error('a recording was not closed and hashed within a minute');
    await setTimeout(10);
  }
  for (const { recordingId, sha256 } of spool.list()) if (sha256 !== null) await spool.release(recordingId, sha256);
}
