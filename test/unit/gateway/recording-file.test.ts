import { mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ResumePoint } from '../../../shared/recording/container-writer.ts';
import { RecordingFile } from '../../../src-gateway/recordings/recording-file.ts';
import { ManualClock } from '../../fixtures/manual-clock.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mavis-recording-file-'));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
});

/** From now on every sync of any file waits in the list until it is let go on. */
async function holdSyncs(): Promise<(() => void)[]> {
  const handle = await open(join(folder, 'other'), 'w');
  const held: (() => void)[] = [];
  vi.spyOn(Object.getPrototypeOf(handle), 'datasync').mockImplementation(() => new Promise<void>((resolve) => held.push(resolve)));
  await handle.close();
  return held;
}

test('S15: what was written while a slow sync ran is synced after it, though nothing is written any more and nobody waits', async () => {
  const held = await holdSyncs();
  const clock = new ManualClock();
  const failed = vi.fn<() => void>();
  const at = (bytes: number): ResumePoint => ({ blocks: 0, frames: 0, durationMicroseconds: 0, lastIndexOffset: null, link: Buffer.alloc(32), bytes });
  const file = await RecordingFile.create(join(folder, 'one'), Buffer.from('preamble'), at(8), clock, failed);
  const write = async (text: string, bytes: number): Promise<void> => {
    file.append([Buffer.from(text)], at(bytes));
    await expect.poll(() => file.stored.bytes).toBe(bytes);
  };
  await write('first', 13);
  clock.advance(900);
  expect(held).toHaveLength(1);

  await write('second', 19);
  // The timer of the second write falls due while the first sync still runs.
  clock.advance(900);
  expect(held).toHaveLength(1);
  held[0]?.();
  await expect.poll(() => held.length).toBe(2);

  held[1]?.();
  await file.durable();
  clock.advance(10_000);
  expect(held).toHaveLength(2);
  expect(failed).not.toHaveBeenCalled();
  await file.discard();
});
