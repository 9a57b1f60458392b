import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
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
  rmSync(folder, { recursive: true, force: true });
});

test('a film is written piece by piece, in order, and appears whole', async () => {
  const path = join(folder, 'film.webm');
  const id = await exportsOfPage.begin(path);
  await Promise.all([exportsOfPage.append(id, Buffer.from('one ')), exportsOfPage.append(id, Buffer.from('two '))]);
  await exportsOfPage.append(id, Buffer.from('three'));
  expect(existsSync(path)).toBe(false);
  await exportsOfPage.end(id, true);
  expect(readFileSync(path, 'utf8')).toBe('one two three');
  expect(existsSync(`${path}.part`)).toBe(false);
});

test('one that is given up, or that the app ends in, leaves nothing', async () => {
  const path = join(folder, 'film.webm');
  for (const giveUp of [() => exportsOfPage.end('film', false), () => exportsOfPage.stop()]) {
    await exportsOfPage.append(await exportsOfPage.begin(path), Buffer.from('one'));
    await giveUp();
    expect([existsSync(path), existsSync(`${path}.part`)]).toEqual([false, false]);
  }
});

test('one at a time, under the id that was given, where it can be written', async () => {
  await exportsOfPage.begin(join(folder, 'film.webm'));
  await expect(exportsOfPage.begin(join(folder, 'other.webm'))).rejects.toMatchObject({ code: 'request.conflict' });
  await expect(exportsOfPage.append('other', Buffer.from('x'))).rejects.toMatchObject({ code: 'request.not-found' });
  await expect(exportsOfPage.end('other', true)).rejects.toMatchObject({ code: 'request.not-found' });
  await exportsOfPage.stop();
  await expect(exportsOfPage.begin(join(folder, 'missing', 'film.webm'))).rejects.toMatchObject({ code: 'client.file-not-written', args: { reason: 'ENOENT' } });
});
