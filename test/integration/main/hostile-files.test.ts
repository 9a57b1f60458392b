import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MavisError } from '../../../shared/errors/mavis-error.ts';
import type { FileAttributes } from '../../../shared/sftp/packet-fields.ts';
import { statusCode } from '../../../shared/sftp/sftp-constants.ts';
import { partialName } from '../../../src-main/files/partial-name.ts';
import { FilesPage } from '../../fixtures/files-page.ts';
import { type HostileDesk, openHostileDesk } from '../../fixtures/hostile-desk.ts';
import type { HostileTree } from '../../fixtures/hostile-sftp-server.ts';

let outside: string;
let home: string;
let journals: string;
let numbers = 0;
const violations: string[] = [];

beforeEach(() => {
  outside = mkdtempSync(join(tmpdir(), 'mavis-hostile-'));
  home = join(outside, 'chosen');
  journals = mkdtempSync(join(tmpdir(), 'mavis-journals-'));
  mkdirSync(home);
});
afterEach(async () => {
  // What was given up may still be writing that it is.
  for (const made of [outside, journals]) await rm(made, { recursive: true, force: true, maxRetries: 10 });
  violations.length = 0;
});

const file = (size: number): FileAttributes => ({ mode: 0o100_644, size, times: { accessedAtSeconds: 1_700_000_000, modifiedAtSeconds: 1_700_000_000 } });
const folder: FileAttributes = { mode: 0o040_755, size: 0 };
const bytes = (text: string) => (_path: string, offset: number, length: number): Uint8Array | undefined => (offset >= text.length ? undefined : Buffer.from(text.slice(offset, offset + length)));

const open = (tree: HostileTree): Promise<HostileDesk> => openHostileDesk(tree, { localFolder: home, journalFolder: join(journals, String((numbers += 1))), onViolation: (what) => void violations.push(what) });

describe('a target of no good will', () => {
  test('A1: names that lead elsewhere land in the chosen folder or nowhere, and it is told which', async () => {
    const names = ['../../escaped', '/absolute', '', '/', '..', '.', '..\\windows', 'fine.txt', 'a/b', 'Fine.txt'];
    const { page } = await open({ folders: { '/': [{ name: 'tree', attributes: folder }], '/tree': names.map((name) => ({ name, attributes: file(2) })) }, read: bytes('ok') });
    await page.call({ do: 'download', folder: '/', names: ['tree'], place: [], conflict: 'overwrite', verify: false });
    const [job] = await page.finished();
    expect(readdirSync(join(home, 'tree')).toSorted()).toEqual(['.._windows', 'Fine (2).txt', 'fine.txt']);
    expect(readdirSync(outside)).toEqual(['chosen']);
    expect(job?.failureCount).toBe(5);
    expect(job?.failures.every(({ code }) => code === 'files.name-unsafe')).toBe(true);
    expect(job?.renamed).toEqual([{ from: '..\\windows', to: '.._windows' }, { from: 'Fine.txt', to: 'Fine (2).txt' }]);
  });

  test('a page that comes anew gets no answer of a call that the page before made under the same number', async () => {
    const { page, desk } = await open({ folders: { '/': [{ name: 'old', attributes: folder }], '/old': [{ name: 'of-old.txt', attributes: file(1) }], '/new': [{ name: 'of-new.txt', attributes: file(1) }] } });
    void page.call({ do: 'list', path: '/old' });
    const anew = new FilesPage();
    desk.attach(anew.port);
    const { path, entries } = await anew.call({ do: 'list', path: '/new' });
    expect([path, entries.map(({ name }) => name), violations]).toEqual(['/new', ['of-new.txt'], []]);
  });

  test('A1, A2: what is fetched to be dragged to the desktop lies whole and under safe names in a folder of its own; it goes when it is taken from the list, and nothing of it is a transfer of another session', async () => {
    const { page, desk, ready } = await open({ folders: { '/': [{ name: 'tree', attributes: folder }, { name: '..\\up.txt', attributes: file(2) }, { name: 'CON', attributes: file(2) }], '/tree': [{ name: 'in.txt', attributes: file(2) }] }, read: bytes('ok') });
    await page.call({ do: 'drag-out', folder: '/', names: ['tree', '..\\up.txt', 'CON'] });
    expect(page.dragOuts).toMatchObject([{ names: ['tree', '..\\up.txt', 'CON'], count: 3, status: 'fetching' }]);
    expect(ready()).toEqual([]);
    await page.until(({ dragOuts }) => dragOuts[0]?.status === 'ready');
    const [one] = ready();
    expect(one?.paths.map((path) => basename(path)).toSorted()).toEqual(['.._up.txt', '_CON', 'tree']);
    expect(new Set(one?.paths.map((path) => dirname(dirname(path))))).toEqual(new Set([join(journals, 'drag-out')]));
    const [own = ''] = one?.paths.map((path) => dirname(path)) ?? [];
    expect([statSync(own).mode & 0o777, readFileSync(join(own, 'tree/in.txt'), 'utf8'), readdirSync(home)]).toEqual([0o700, 'ok', []]);
    await page.call({ do: 'drag-out-local', place: [], names: ['here.txt'] });
    expect(ready().at(-1)?.paths).toEqual([join(realpathSync(home), 'here.txt')]);
    await page.call({ do: 'drop-drag-out', dragOutId: one?.id ?? 0 });
    expect([existsSync(own), ready().length, page.dragOuts.length]).toEqual([false, 1, 1]);
    await page.until(({ jobs }) => jobs.length === 0);
    desk.close(new MavisError('session.ended'));
    expect([ready(), page.dragOuts, readdirSync(journals).filter((name) => name !== 'drag-out')]).toEqual([[], [], []]);
  });

  test('what could not be fetched to be dragged says so and is not dragged, until it is tried again; what is being fetched when the session ends is no transfer that goes on', async () => {
    let wrong = true;
    const { page, desk, ready } = await open({ folders: { '/': [{ name: 'one', attributes: file(2) }, { name: 'endless', attributes: file(2 ** 50) }] }, read: (path, offset, length) => (path === '/endless' ? new Uint8Array(length) : bytes(wrong ? 'no' : 'ok')(path, wrong ? offset + 2 : offset, length)) });
    await page.call({ do: 'drag-out', folder: '/', names: ['one'] });
    await page.until(({ dragOuts }) => dragOuts[0]?.status === 'failed');
    expect([page.dragOuts[0]?.failure?.code, ready()]).toEqual(['files.changed', []]);
    wrong = false;
    await page.call({ do: 'steer', jobId: page.jobs[0]?.id ?? 0, how: 'retry' });
    await page.until(({ dragOuts }) => dragOuts[0]?.status === 'ready');
    await page.call({ do: 'drag-out', folder: '/', names: ['endless'] });
    await page.until(({ jobs }) => (jobs.at(-1)?.doneBytes ?? 0) > 0);
    desk.close(new MavisError('session.ended'));
    expect([page.dragOuts, page.jobs.some(({ kept }) => kept)]).toEqual([[], false]);
  });

  test('A3: a link that stands where a file or folder is to be written is not followed', async () => {
    const target = join(outside, 'target');
    mkdirSync(target);
    writeFileSync(join(outside, 'precious'), 'precious');
    symlinkSync(target, join(home, 'tree'));
    symlinkSync(join(outside, 'precious'), join(home, partialName('file.txt', { size: 2, modifiedAtSeconds: 1_700_000_000 })));
    symlinkSync(join(outside, 'precious'), join(home, 'other.txt'));
    const { page } = await open({ folders: { '/': [{ name: 'tree', attributes: folder }, { name: 'file.txt', attributes: file(2) }, { name: 'other.txt', attributes: file(2) }], '/tree': [{ name: 'in.txt', attributes: file(2) }] }, read: bytes('ok') });
    await page.call({ do: 'download', folder: '/', names: ['tree', 'file.txt', 'other.txt'], place: [], conflict: 'overwrite', verify: false });
    const jobs = await page.finished(3);
    expect(jobs.map(({ name, status }) => [name, status])).toEqual([['tree', 'failed'], ['file.txt', 'failed'], ['other.txt', 'done']]);
    expect(readdirSync(target)).toEqual([]);
    expect(readFileSync(join(outside, 'precious'), 'utf8')).toBe('precious');
    expect(lstatSync(join(home, 'other.txt')).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(home, 'other (2).txt'), 'utf8')).toBe('ok');
  });

  test('A3, A5: a folder that leads to itself for ever ends with a code', async () => {
    const folders = new Proxy<HostileTree['folders']>({}, { get: () => [{ name: 'deeper', attributes: folder }], has: () => true, getOwnPropertyDescriptor: () => ({ configurable: true, enumerable: true, value: [] }) });
    const { page } = await open({ folders });
    await page.call({ do: 'download', folder: '/', names: ['deeper'], place: [], conflict: 'overwrite', verify: false });
    const [job] = await page.finished();
    expect([job?.status, job?.failures.at(-1)?.code]).toEqual(['failed', 'files.too-deep']);
  });

  test('A5: a file that is larger than it says, smaller, endless, or of a size that no file has, fails; no file of its name stands', async () => {
    const endless = (_path: string, _offset: number, length: number): Uint8Array => new Uint8Array(length);
    for (const [size, read, code] of [[100, endless, 'files.changed'], [100, bytes('short'), 'files.changed'], [0, endless, 'files.changed'], [2 ** 64 - 2048, bytes('x'), 'target.protocol-error']] as const) {
      const { page } = await open({ folders: { '/': [{ name: 'file', attributes: { ...file(0), size } }] }, read });
      await page.call({ do: 'download', folder: '/', names: ['file'], place: [], conflict: 'overwrite', verify: false });
      const [job] = await page.finished();
      expect([size, job?.status, job?.failures[0]?.code]).toEqual([size, 'failed', code]);
      expect(existsSync(join(home, 'file'))).toBe(false);
    }
  });

  test('A5: an endless transfer is given up at once when the user says so', async () => {
    const { page } = await open({ folders: { '/': [{ name: 'file', attributes: file(2 ** 50) }] }, read: (_path, _offset, length) => new Uint8Array(length) });
    await page.call({ do: 'download', folder: '/', names: ['file'], place: [], conflict: 'overwrite', verify: false });
    await page.until(({ jobs }) => (jobs[0]?.doneBytes ?? 0) > 0);
    const startedAt = performance.now();
    await page.call({ do: 'steer', jobId: page.jobs[0]?.id ?? 0, how: 'cancel' });
    await page.until(({ jobs }) => jobs[0]?.status === 'cancelled');
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });

  test('S20: three transfers run side by side and the others wait; one that is given up makes room, and one that waits can be given up as well', async () => {
    const names = ['one', 'two', 'three', 'four', 'five'];
    const { page } = await open({ folders: { '/': names.map((name) => ({ name, attributes: file(2 ** 50) })) }, read: (_path, _offset, length) => new Uint8Array(length) });
    await page.call({ do: 'download', folder: '/', names, place: [], conflict: 'overwrite', verify: false });
    const statuses = (): (string | undefined)[] => page.jobs.map(({ status }) => status);
    await page.until(({ jobs }) => jobs.filter(({ status, doneBytes }) => status === 'running' && doneBytes > 0).length === 3);
    expect(statuses()).toEqual(['running', 'running', 'running', 'waiting', 'waiting']);
    const cancel = (at: number) => page.call({ do: 'steer', jobId: page.jobs[at]?.id ?? 0, how: 'cancel' });
    await cancel(4);
    await cancel(1);
    await page.until(({ jobs }) => jobs[3]?.status === 'running');
    expect(statuses()).toEqual(['running', 'cancelled', 'running', 'running', 'cancelled']);
    for (const at of [0, 2, 3]) await cancel(at);
    await page.finished(5);
    // The part of one that was given up goes with it.
    await expect.poll(() => readdirSync(home)).toEqual([]);
  });

  test('S20: a name that is taken is skipped, kept beside or written over, as the rule for conflicts says', async () => {
    const { page } = await open({ folders: { '/': [{ name: 'file.txt', attributes: file(2) }] }, read: bytes('ok') });
    const cases = [['skip', { skipped: 1, doneFiles: 0 }, ['file.txt'], 'mine'], ['rename', { skipped: 0, doneFiles: 1, renamed: [{ from: 'file.txt', to: 'file (2).txt' }] }, ['file (2).txt', 'file.txt'], 'mine'], ['overwrite', { skipped: 0, doneFiles: 1 }, ['file (2).txt', 'file.txt'], 'ok']] as const;
    writeFileSync(join(home, 'file.txt'), 'mine');
    for (const [at, [conflict, told, names, text]] of cases.entries()) {
      await page.call({ do: 'download', folder: '/', names: ['file.txt'], place: [], conflict, verify: false });
      expect((await page.finished(at + 1)).at(-1)).toMatchObject({ status: 'done', ...told });
      expect([readdirSync(home).toSorted(), readFileSync(join(home, 'file.txt'), 'utf8')]).toEqual([names, text]);
    }
  });

  test('a target that does not take times and permissions has the file whole, and the transfer says what it did not take', async () => {
    for (const name of ['one.txt', 'two.txt']) writeFileSync(join(home, name), 'bytes');
    const { page, server } = await open({ folders: { '/': [] }, change: () => statusCode.permissionDenied });
    await page.call({ do: 'upload', place: [], names: ['one.txt'], folder: '/', conflict: 'ask', verify: false });
    const [job] = await page.finished();
    expect(job).toMatchObject({ status: 'done', doneFiles: 1, unlike: 1, failureCount: 0 });
    expect(server.requested.at(-1)).toMatch(/one\.txt/);
    const willing = await open({ folders: { '/': [] } });
    await willing.page.call({ do: 'upload', place: [], names: ['two.txt'], folder: '/', conflict: 'ask', verify: false });
    expect((await willing.page.finished())[0]).toMatchObject({ status: 'done', unlike: 0 });
  });

  test('S20: a full disk and a used-up quota, which version 3 has no words for, are told as what they are, and as what they may be', async () => {
    writeFileSync(join(home, 'up.txt'), 'bytes');
    const { page } = await open({ folders: { '/': [] }, write: () => statusCode.failure, freeBytes: 0 });
    await page.call({ do: 'upload', place: [], names: ['up.txt'], folder: '/', conflict: 'ask', verify: false });
    expect((await page.finished())[0]?.failures[0]?.code).toBe('files.no-space');
    const failing = await open({ folders: { '/': [] }, write: () => statusCode.failure });
    await failing.page.call({ do: 'upload', place: [], names: ['up.txt'], folder: '/', conflict: 'ask', verify: false });
    expect((await failing.page.finished())[0]?.failures[0]).toMatchObject({ code: 'files.not-taken', args: { said: 'said so' } });
    for (const status of [statusCode.noSpace, statusCode.quotaExceeded]) {
      const saying = await open({ folders: { '/': [] }, write: () => status });
      await saying.page.call({ do: 'upload', place: [], names: ['up.txt'], folder: '/', conflict: 'ask', verify: false });
      expect((await saying.page.finished())[0]?.failures[0]?.code).toBe('files.no-space');
    }
  });

  test('what is no SFTP ends in a code, not in a hang', async () => {
    const { client, server } = await open({ folders: { '/': [] } });
    const answer = client.realPath('/');
    server.push(Buffer.from('ffffffff', 'hex'));
    await expect(answer.then(() => client.realPath('/'))).rejects.toMatchObject({ code: 'target.protocol-error' });
  });

  test('S20: a file that is another one when it is read again has the final name on neither side, and no part of it stays', async () => {
    let reads = 0;
    const changing = (_path: string, offset: number): Uint8Array | undefined => {
      if (offset > 0) return undefined;
      reads += 1;
      return Buffer.from(reads % 2 === 1 ? 'good' : 'evil');
    };
    writeFileSync(join(home, 'up.txt'), 'mine');
    const { page, server } = await open({ folders: { '/': [{ name: 'down.txt', attributes: file(4) }] }, read: changing });
    await page.call({ do: 'download', folder: '/', names: ['down.txt'], place: [], conflict: 'overwrite', verify: true });
    await page.finished();
    await page.call({ do: 'upload', place: [], names: ['up.txt'], folder: '/', conflict: 'overwrite', verify: true });
    expect(await page.finished(2)).toMatchObject(['files.hash-differs', 'files.hash-differs'].map((code) => ({ status: 'failed', verified: false, failures: [{ code }] })));
    expect(readdirSync(home)).toEqual(['up.txt']);
    const part = `/${partialName('up.txt', { size: 4, modifiedAtSeconds: Math.floor(statSync(join(home, 'up.txt')).mtimeMs / 1000) })}`;
    expect(server.requested.filter((asked) => asked.startsWith('18 ') || asked.startsWith('13 '))).toEqual([`13 ${part}`]);
  });
});

describe('a page of no good will', () => {
  test('A27: names no place outside of the granted folder, whatever it says', async () => {
    writeFileSync(join(outside, 'secret'), 'secret');
    symlinkSync(outside, join(home, 'door'));
    const { page } = await open({ folders: { '/': [] } });
    for (const place of [['..'], ['../secret'], ['a', '..'], ['/etc'], ['']]) page.send({ kind: 'call', id: 1, call: { do: 'list-local', place } });
    page.send({ kind: 'call', id: 2, call: { do: 'upload', place: [], names: ['../secret'], folder: '/', conflict: 'overwrite', verify: false } });
    expect(violations).toEqual(Array.from({ length: 6 }, () => 'message'));
    await expect(page.call({ do: 'list-local', place: ['door'] })).rejects.toMatchObject({ code: 'files.local-permission' });
    await expect(page.call({ do: 'upload', place: ['door'], names: ['secret'], folder: '/', conflict: 'overwrite', verify: false })).rejects.toMatchObject({ code: 'files.local-permission' });
    expect((await page.call({ do: 'list-local', place: [] })).entries).toMatchObject([{ name: 'door', kind: 'link' }]);
    expect(statSync(join(outside, 'secret')).size).toBe(6);
  });

  test('a call that is refused is answered too, so that nobody waits for ever: of no known form, of more files than are dragged at once, or one too many', async () => {
    const { page } = await open({ folders: { '/': [] } });
    const names = Array.from({ length: 501 }, (_, index) => String(index));
    await expect(page.call({ do: 'drag-out', folder: '/', names })).rejects.toMatchObject({ code: 'request.invalid' });
    await expect(page.call({ do: 'drag-out-local', place: [], names })).rejects.toMatchObject({ code: 'request.invalid' });
    const calls = await Promise.allSettled(Array.from({ length: 300 }, () => page.call({ do: 'list-local', place: [] })));
    expect(calls.filter(({ status }) => status === 'rejected').map((call) => call.status === 'rejected' && call.reason.code)).toEqual(Array.from({ length: 100 }, () => 'request.too-many'));
    expect(violations).toHaveLength(102);
  });
});
