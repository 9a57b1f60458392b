import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MavisError } from '../../../shared/errors/mavis-error.ts';
import type { EditedFile } from '../../../shared/ipc/files-port.ts';
import { EditedFolders } from '../../../src-main/files/edited-folders.ts';
import { EditedFiles } from '../../../src-main/files/edited-files.ts';
import { createLog } from '../../../src-main/logging/log.ts';
import { RequestWindow } from '../../../src-main/files/request-window.ts';
import { startSftpServer } from '../../fixtures/sftp-server-process.ts';

let there: string;
/** Where copies lie on this computer. */
let copies: string;
let server: Awaited<ReturnType<typeof startSftpServer>>;
let opened: string[];
let told: readonly EditedFile[];
let edited: EditedFiles;

beforeEach(async () => {
  there = mkdtempSync(join(tmpdir(), 'mavis-edited-'));
  copies = join(mkdtempSync(join(tmpdir(), 'mavis-copies-')), 'session');
  server = await startSftpServer();
  [opened, told] = [[], []];
  edited = new EditedFiles({ means: { client: server.client, window: new RequestWindow(16) }, folder: copies, openFile: (path) => void opened.push(path), lookEveryMs: 20, platform: 'linux' }, (edits) => {
    told = edits;
  });
});
afterEach(async () => {
  await edited.leave(new MavisError('session.closed-by-user'));
  server.stop();
  rmSync(there, { recursive: true, force: true, maxRetries: 10 });
  rmSync(dirname(copies), { recursive: true, force: true, maxRetries: 10 });
});

const shown = (): readonly (readonly [string, number])[] => told.map(({ status, uploads }) => [status, uploads]);
const remote = (name: string): string => readFileSync(join(there, name), 'utf8');

describe('a file of the target that is edited in place', () => {
  test('S20: opens in the user\'s program, goes back at each save, however the program writes it, and keeps its permissions', async () => {
    writeFileSync(join(there, 'app.conf'), 'one');
    chmodSync(join(there, 'app.conf'), 0o640);
    await edited.open(there, 'app.conf');
    const [path = ''] = opened;
    expect([readFileSync(path, 'utf8'), statSync(path).mode & 0o777, statSync(dirname(path)).mode & 0o777, dirname(dirname(path))]).toEqual(['one', 0o600, 0o700, copies]);
    writeFileSync(path, 'two, longer');
    await expect.poll(shown).toEqual([['open', 1]]);
    expect([remote('app.conf'), statSync(join(there, 'app.conf')).mode & 0o777]).toEqual(['two, longer', 0o640]);
    // As many editors save: a new file takes the place of the old one.
    writeFileSync(`${path}~`, 'three');
    renameSync(`${path}~`, path);
    await expect.poll(shown).toEqual([['open', 2]]);
    expect(remote('app.conf')).toBe('three');
    // A last save right before the end goes as well, and nothing stays behind.
    writeFileSync(path, 'four');
    await edited.take(told[0]?.id ?? 0, 'close');
    expect([remote('app.conf'), readdirSync(copies), told, readdirSync(there)]).toEqual(['four', [], [], ['app.conf']]);
  });

  test('S20: one that became another on the target meanwhile is not overwritten before the user says so', async () => {
    writeFileSync(join(there, 'shared.txt'), 'one');
    await edited.open(there, 'shared.txt');
    const [path = ''] = opened;
    const id = told[0]?.id ?? 0;
    writeFileSync(join(there, 'shared.txt'), 'of another');
    writeFileSync(path, 'mine');
    await expect.poll(shown).toEqual([['changed-there', 0]]);
    expect(remote('shared.txt')).toBe('of another');
    await edited.take(id, 'keep-both');
    expect([remote('shared.txt'), remote('shared (2).txt'), shown()]).toEqual(['of another', 'mine', [['open', 1]]]);
    rmSync(join(there, 'shared (2).txt'));
    writeFileSync(path, 'mine again');
    await expect.poll(shown).toEqual([['changed-there', 1]]);
    await edited.take(id, 'overwrite');
    expect([remote('shared (2).txt'), shown()]).toEqual(['mine again', [['open', 2]]]);
    // The same time and another size, or the other way round, is another file too.
    const { atimeMs, mtimeMs } = statSync(join(there, 'shared (2).txt'));
    writeFileSync(join(there, 'shared (2).txt'), 'of another!');
    utimesSync(join(there, 'shared (2).txt'), atimeMs / 1000, mtimeMs / 1000);
    writeFileSync(path, 'mine for good');
    await expect.poll(shown).toEqual([['changed-there', 2]]);
    await edited.take(id, 'discard');
    expect([remote('shared (2).txt'), told, existsSync(path)]).toEqual(['of another!', [], false]);
  });

  test('A4: what a system might run is not opened, whatever a link calls it; a link to a document is, and stays a link', async () => {
    for (const name of ['tool.EXE', 'run.desktop', 'link.lnk', 'a.bat ', 'evil.js.', 'disk.vhdx', 'mail.library-ms']) {
      writeFileSync(join(there, name), 'x');
      await expect(edited.open(there, name)).rejects.toMatchObject({ code: 'files.edit-refused' });
    }
    symlinkSync('tool.EXE', join(there, 'report.txt'));
    await expect(edited.open(there, 'report.txt')).rejects.toMatchObject({ code: 'files.edit-refused' });
    await expect(edited.open(dirname(there), there.slice(dirname(there).length + 1))).rejects.toMatchObject({ code: 'files.edit-refused' });
    await expect(edited.open(there, 'none.txt')).rejects.toMatchObject({ code: 'files.not-found' });
    expect([opened, told]).toEqual([[], []]);
    // One whose name is too long for this computer is cut, and is no program after it.
    const long = `${'A'.repeat(211)}.exe${'x'.repeat(40)}`;
    writeFileSync(join(there, long), 'x');
    await edited.open(there, long);
    expect(basename(opened.pop() ?? '')).toBe(`${'A'.repeat(211)}_exe`);
    await edited.take(told[0]?.id ?? 0, 'discard');
    writeFileSync(join(there, 'notes.txt'), 'one');
    symlinkSync('notes.txt', join(there, 'latest'));
    await edited.open(there, 'latest');
    // The same file is opened again, not brought twice.
    await edited.open(there, 'notes.txt');
    expect([opened.length, new Set(opened).size, told.length]).toEqual([2, 1, 1]);
    writeFileSync(opened[0] ?? '', 'two');
    await expect.poll(shown).toEqual([['open', 1]]);
    expect([remote('notes.txt'), remote('latest'), readdirSync(there).includes('latest')]).toEqual(['two', 'two', true]);
  });

  test('a save that the target refuses is told, kept, and tried again at the next one; no program for it is told too; a session that ends keeps what did not go', async () => {
    writeFileSync(join(there, 'a.txt'), 'one');
    await edited.open(there, 'a.txt');
    const [path = ''] = opened;
    edited.notOpened(path);
    expect(told).toMatchObject([{ status: 'failed', failure: { code: 'files.no-editor' } }]);
    renameSync(there, `${there}-moved`);
    writeFileSync(path, 'two');
    await expect.poll(shown).toEqual([['changed-there', 0]]);
    await expect(edited.take(told[0]?.id ?? 0, 'overwrite')).rejects.toMatchObject({ code: 'files.not-found' });
    expect(told).toMatchObject([{ status: 'failed', failure: { code: 'files.not-found' } }]);
    renameSync(`${there}-moved`, there);
    writeFileSync(path, 'three');
    await expect.poll(shown).toEqual([['open', 1]]);
    expect(remote('a.txt')).toBe('three');
    server.client.close(new MavisError('target.lost'));
    writeFileSync(path, 'four');
    await edited.leave(new MavisError('target.lost'));
    expect([readFileSync(path, 'utf8'), told]).toMatchObject(['four', [{ status: 'failed', failure: { code: 'target.lost' } }]]);
  });

  test('S20: a file that is opened again while it is being brought, also by a link to it, is brought once; a step that is taken twice at once is done once', async () => {
    writeFileSync(join(there, 'notes.txt'), 'one');
    symlinkSync('notes.txt', join(there, 'latest'));
    await Promise.all(['notes.txt', 'latest', 'notes.txt'].map((name) => edited.open(there, name)));
    expect([opened.map((path) => basename(path)), told.length, readdirSync(copies).length]).toEqual([['notes.txt'], 1, 2]);
    writeFileSync(join(there, 'notes.txt'), 'of another');
    writeFileSync(opened[0] ?? '', 'mine');
    await expect.poll(shown).toEqual([['changed-there', 0]]);
    await Promise.all([1, 2].map(() => edited.take(told[0]?.id ?? 0, 'keep-both')));
    expect([readdirSync(there).toSorted(), shown()]).toEqual([['latest', 'notes (2).txt', 'notes.txt'], [['open', 1]]]);
  });

  test('where the app is killed, the next start finds which copies hold changes that were not taken back, and deletes the others', async () => {
    for (const name of ['a.txt', 'b.txt', 'c.txt']) {
      writeFileSync(join(there, name), 'one');
      await edited.open(there, name);
    }
    const [a = '', b = '', c = ''] = opened;
    writeFileSync(a, 'taken back');
    await expect.poll(shown).toEqual([['open', 1], ['open', 0], ['open', 0]]);
    server.client.close(new MavisError('target.lost'));
    writeFileSync(b, 'not taken back');
    await new EditedFolders(dirname(copies), createLog([], () => 0, 1)).sweep(Date.now());
    expect([a, b, c].map((path) => existsSync(path))).toEqual([false, true, false]);
  });

  test('a copy that cannot be looked at when the session ends stays where it is: it may hold what was not taken back', async () => {
    writeFileSync(join(there, 'a.txt'), 'one');
    await edited.open(there, 'a.txt');
    const [path = ''] = opened;
    rmSync(path);
    symlinkSync(path, path);
    await edited.leave(new MavisError('target.lost'));
    expect(readdirSync(dirname(path))).toEqual(['a.txt']);
  });
});
