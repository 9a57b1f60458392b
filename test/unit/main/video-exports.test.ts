import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { VideoExports } from '../../../src-main/playback/video-exports.ts';

let folder: string;
let exportsOfPage: VideoExports;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mavis-film-'));
  exportsOfPage = new VideoExports(() => 'film');
});
afterEach(async () => {
  await exportsOfPage.stop();
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
});

test('a film is written piece by piece, in order, and appears whole', async () => {
  const path = join(folder, 'film.webm');
  const id = await exportsOfPage.begin(path);
  await Promise.all([exportsOfPage.append(id, Buffer.from('one ')), exportsOfPage.append(id, Buffer.from('two '))]);
  await exportsOfPage.append(id, Buffer.from('three'));
  expect(readdirSync(folder)).not.toContain('film.webm');
  await exportsOfPage.end(id, true);
  expect(readFileSync(path, 'utf8')).toBe('one two three');
  expect(readdirSync(folder)).toEqual(['film.webm']);
});

test('one that is given up, or that the app ends in, leaves nothing', async () => {
  const path = join(folder, 'film.webm');
  for (const giveUp of [() => exportsOfPage.end('film', false), () => exportsOfPage.stop()]) {
    await exportsOfPage.append(await exportsOfPage.begin(path), Buffer.from('one'));
    await giveUp();
    expect(readdirSync(folder)).toEqual([]);
  }
});

test('of two that begin at the same moment one is refused, and the other is whole', async () => {
  const path = join(folder, 'film.webm');
  const [first, second] = await Promise.allSettled([exportsOfPage.begin(path), exportsOfPage.begin(path)]);
  expect(second).toMatchObject({ status: 'rejected', reason: { code: 'request.conflict' } });
  if (first.status === 'rejected') throw first.reason;
  await exportsOfPage.append(first.value, Buffer.from('one'));
  await exportsOfPage.end(first.value, true);
  expect([readdirSync(folder), readFileSync(path, 'utf8')]).toEqual([['film.webm'], 'one']);
});

test('one that is stopped while it begins leaves nothing', async () => {
  const begun = exportsOfPage.begin(join(folder, 'film.webm'));
  await exportsOfPage.stop();
  await expect(begun).rejects.toMatchObject({ code: 'request.not-found' });
  expect(readdirSync(folder)).toEqual([]);
});

test('one at a time, under the id that was given, where it can be written', async () => {
  await exportsOfPage.begin(join(folder, 'film.webm'));
  await expect(exportsOfPage.begin(join(folder, 'other.webm'))).rejects.toMatchObject({ code: 'request.conflict' });
  await expect(exportsOfPage.append('other', Buffer.from('x'))).rejects.toMatchObject({ code: 'request.not-found' });
  await expect(exportsOfPage.end('other', true)).rejects.toMatchObject({ code: 'request.not-found' });
  await exportsOfPage.stop();
  await expect(exportsOfPage.begin(join(folder, 'missing', 'film.webm'))).rejects.toMatchObject({ code: 'client.file-not-written', args: { reason: 'ENOENT' } });
});
