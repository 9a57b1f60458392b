import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ClipboardDownloads, type ClipboardEntry } from '../../../src-main/files/clipboard-downloads.ts';
import { ClipboardUploads } from '../../../src-main/files/clipboard-uploads.ts';

let root: string;
let folder: string;
let outside: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'mavis-clipboard-'));
  [folder, outside] = [join(root, 'chosen'), join(root, 'outside')];
  for (const path of [folder, outside]) mkdirSync(path);
});
afterEach(() => rmSync(root, { recursive: true, force: true, maxRetries: 10 }));

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const file = (path: string): ClipboardEntry => ({ path, folder: false });

/** Brings each file of a list with its path as contents. */
async function bring(entries: readonly ClipboardEntry[]): Promise<void> {
  const downloads = new ClipboardDownloads(() => 'one');
  const id = downloads.begin(folder, entries);
  for (const [place, entry] of entries.entries()) await downloads.append(id, place, bytes(entry.folder ? '' : entry.path));
  await downloads.end(id, true);
}

function here(): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted();
}

describe('files of a target’s clipboard on their way here', () => {
  test('come with their folders, whole and under their names', async () => {
    await bring([file('a.txt'), { path: 'docs', folder: true }, file('docs\\b.txt'), file('docs\\deep\\c.txt')]);
    expect(here()).toEqual(['a.txt', 'docs', 'docs/b.txt', 'docs/deep', 'docs/deep/c.txt']);
    expect(readFileSync(join(folder, 'docs/deep/c.txt'), 'utf8')).toBe('docs\\deep\\c.txt');
  });

  test('one that cannot be made whole leaves nothing under its name', async () => {
    const downloads = new ClipboardDownloads(() => 'one');
    const id = downloads.begin(folder, [file('a.txt')]);
    await downloads.append(id, 0, bytes('half'));
    for (const unfinished of here()) rmSync(join(folder, unfinished));
    await expect(downloads.end(id, true)).rejects.toMatchObject({ code: expect.any(String) });
    expect(here()).toEqual([]);
  });

  test.each(['../../x', '..\\..\\x', '/etc/x', 'C:\\x', '..', '', 'a\u0000b', 'CON', '.\\.\\..\\x'])('A16, A1, A2: the name %j leads nowhere else', async (path) => {
    await bring([file(path)]);
    expect(readdirSync(outside)).toEqual([]);
    expect(readdirSync(root)).toEqual(['chosen', 'outside']);
    expect(here().length).toBeGreaterThan(0);
    expect(here().every((name) => !name.includes('..'))).toBe(true);
  });

  test('nothing that is here is written over, and a name that is taken gets a number', async () => {
    writeFileSync(join(folder, 'a.txt'), 'mine');
    await bring([file('a.txt'), file('A.txt')]);
    expect(readFileSync(join(folder, 'a.txt'), 'utf8')).toBe('mine');
    expect(readFileSync(join(folder, 'a (2).txt'), 'utf8')).toBe('a.txt');
  });

  test('A3: a link that lies in the folder is not followed, neither as a file nor as a folder', async () => {
    symlinkSync(outside, join(folder, 'docs'));
    symlinkSync(join(outside, 'planted'), join(folder, 'a.txt'));
    await bring([file('a.txt'), file('docs\\b.txt')]);
    expect(readdirSync(outside)).toEqual([]);
    expect(here()).toEqual(expect.arrayContaining(['a (2).txt', 'docs (2)/b.txt']));
  });

  test('one that was not whole leaves nothing behind; those before it stay', async () => {
    const downloads = new ClipboardDownloads(() => 'one');
    const id = downloads.begin(folder, [file('whole'), file('part')]);
    await downloads.append(id, 0, bytes('all'));
    await downloads.append(id, 1, bytes('some'));
    await downloads.end(id, false);
    expect(here()).toEqual(['whole']);
    await expect(downloads.append(id, 1, bytes('more'))).rejects.toMatchObject({ code: 'request.not-found' });
    await expect(downloads.append('other', 0, bytes('x'))).rejects.toMatchObject({ code: 'request.not-found' });
  });

  test('a place that no list has, and a folder that is gone, are told, and nothing stays', async () => {
    const downloads = new ClipboardDownloads(() => 'one');
    await expect(downloads.append(downloads.begin(folder, [file('a')]), 1, bytes('x'))).rejects.toMatchObject({ code: 'request.invalid' });
    await downloads.stop();
    await expect(downloads.append(downloads.begin(join(folder, 'gone'), [file('a')]), 0, bytes('x'))).rejects.toMatchObject({ code: 'client.file-not-written', args: { reason: 'ENOENT' } });
    await downloads.stop();
    expect(here()).toEqual([]);
  });
});

describe('files for a target’s clipboard', () => {
  test('are known by name and size, and read by place, piece by piece, shorter only at the end', async () => {
    writeFileSync(join(folder, 'a.txt'), 'contents');
    const uploads = new ClipboardUploads();
    expect(await uploads.offer('s', [join(folder, 'a.txt')])).toMatchObject([{ name: 'a.txt', sizeBytes: 8 }]);
    expect(Buffer.from(await uploads.read('s', 0, 0, 3)).toString()).toBe('con');
    expect(Buffer.from(await uploads.read('s', 0, 3, 100)).toString()).toBe('tents');
    expect(await uploads.read('s', 0, 100, 10)).toHaveLength(0);
    await uploads.drop('s');
  });

  test('only what this session offered last can be read', async () => {
    for (const name of ['a', 'b']) writeFileSync(join(folder, name), name);
    const uploads = new ClipboardUploads();
    await uploads.offer('s', [join(folder, 'a')]);
    await uploads.offer('s', [join(folder, 'b')]);
    expect(Buffer.from(await uploads.read('s', 0, 0, 10)).toString()).toBe('b');
    for (const [session, place] of [['s', 1], ['other', 0]] as const) await expect(uploads.read(session, place, 0, 1)).rejects.toMatchObject({ code: 'request.not-found' });
    // One that takes longer to look at than the next does not come over that, nor after the session's window has gone.
    const slow = (): Promise<string> => uploads.offer('s', Array.from({ length: 200 }, () => join(folder, 'a'))).then(() => 'offered', ({ code }) => code);
    const overtaken = slow();
    await uploads.offer('s', [join(folder, 'b')]);
    expect([await overtaken, Buffer.from(await uploads.read('s', 0, 0, 10)).toString()]).toEqual(['request.not-found', 'b']);
    const late = slow();
    await uploads.drop('s');
    expect(await late).toBe('request.not-found');
    await uploads.drop('s');
    await expect(uploads.read('s', 0, 0, 1)).rejects.toMatchObject({ code: 'request.not-found' });
  });

  test('a folder, a link, a missing file and one that changed meanwhile are told', async () => {
    const uploads = new ClipboardUploads();
    mkdirSync(join(folder, 'sub'));
    symlinkSync('/etc/hostname', join(folder, 'link'));
    await expect(uploads.offer('s', [join(folder, 'sub')])).rejects.toMatchObject({ code: 'files.local-failed' });
    await expect(uploads.offer('s', [join(folder, 'link')])).rejects.toMatchObject({ code: 'files.local-permission' });
    await expect(uploads.offer('s', [join(folder, 'gone')])).rejects.toMatchObject({ code: 'files.local-missing' });
    writeFileSync(join(folder, 'a'), 'first');
    await uploads.offer('s', [join(folder, 'a')]);
    writeFileSync(join(folder, 'a'), 'grown since');
    await expect(uploads.read('s', 0, 0, 100)).rejects.toMatchObject({ code: 'files.changed' });
    await uploads.drop('s');
  });
});
