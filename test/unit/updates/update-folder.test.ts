import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LEAST_BYTES_A_LOOK, UpdateFolder } from '../../../src-service/updates/update-folder.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mavis-update-folder-'));
  writeFileSync(join(folder, 'large.AppImage'), Buffer.alloc(8 * 1024 * 1024));
});
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));

async function take(stream: Readable, least: number): Promise<void> {
  let taken = 0;
  while (taken < least) {
    const piece: unknown = stream.read();
    if (piece instanceof Uint8Array) taken += piece.length;
    else await once(stream, 'readable');
  }
}

test('who takes less of a package than a slow line would is ended at the next look, and its place is free; who takes enough goes on', async () => {
  const looks = new Set<() => void>();
  const everyMs = new Set<number>();
  const updates = new UpdateFolder(folder, (milliseconds, run) => {
    everyMs.add(milliseconds);
    looks.add(run);
    return () => void looks.delete(run);
  });
  const { signal } = new AbortController();
  const open = async (): Promise<Readable> => {
    const answer = await updates.read('large.AppImage', '192.0.2.1', signal);
    if (!(answer instanceof Readable)) throw new TypeError('a package is a stream');
    return answer;
  };
  const look = (): void => {
    for (const run of looks) run();
  };
  const reading = await open();
  const held = await Promise.all(Array.from({ length: 15 }, open));
  await expect(open()).rejects.toMatchObject({ code: 'request.too-many' });
  await take(reading, LEAST_BYTES_A_LOOK);
  const ended = Promise.all(held.map((one) => once(one, 'close')));
  look();
  expect(held.map(({ destroyed }) => destroyed)).toEqual(held.map(() => true));
  await ended;
  expect([reading.destroyed, looks.size, [...everyMs]]).toEqual([false, 1, [30_000]]);
  await take(reading, LEAST_BYTES_A_LOOK);
  look();
  expect(reading.destroyed).toBe(false);
  (await open()).destroy();
  const last = once(reading, 'close');
  look();
  expect(reading.destroyed).toBe(true);
  await last;
});
