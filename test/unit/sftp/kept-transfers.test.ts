import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MavisError } from '../../../shared/errors/mavis-error.ts';
import type { FileAttributes } from '../../../shared/sftp/packet-fields.ts';
import { JournalFolders } from '../../../src-main/files/journal-folders.ts';
import { type AskedTransfer, readJournal } from '../../../src-main/files/transfer-journal.ts';
import { createLog } from '../../../src-main/logging/log.ts';
import { openHostileDesk } from '../../fixtures/hostile-desk.ts';
import type { HostileTree } from '../../fixtures/hostile-sftp-server.ts';

let here: string;
let journals: string;

beforeEach(() => {
  here = mkdtempSync(join(tmpdir(), 'mavis-kept-'));
  journals = mkdtempSync(join(tmpdir(), 'mavis-journals-'));
});
afterEach(() => {
  for (const folder of [here, journals]) rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
});

const AT_SECONDS = 1_700_000_000;
const file: FileAttributes = { mode: 0o100_644, size: 2, times: { accessedAtSeconds: AT_SECONDS, modifiedAtSeconds: AT_SECONDS } };
const tree: HostileTree = {
  folders: { '/': [{ name: 'tree', attributes: { mode: 0o040_755, size: 0 } }], '/tree': ['a', 'b\udcff', 'c'].map((name) => ({ name, attributes: file })) },
  read: (_path, offset, length) => (offset >= 2 ? undefined : Buffer.from('ok').subarray(offset, offset + length)),
};
const asked = (): AskedTransfer => ({ direction: 'download', name: 'tree', localFolder: here, remoteFolder: '/', conflict: 'ask', verify: false });

/** What a process that was killed leaves: a folder with one journal of these lines. */
function leave(...lines: readonly object[]): string {
  const folder = join(journals, 'left');
  mkdirSync(folder);
  writeFileSync(join(folder, '000001.jsonl'), [{ kind: 'transfer', version: 1, ...asked() }, ...lines].map((line) => `${JSON.stringify(line)}\n`).join(''));
  return folder;
}
const open = (left: readonly string[] = []) => openHostileDesk(tree, { localFolder: here, journalFolder: join(journals, 'own'), left });
/** The journals that are kept now, as they would be read. Files are brought side by side: in which order they were done is nobody's matter. */
const kept = () => {
  const folder = join(journals, 'own');
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.jsonl')) : [];
  return names.map((name) => {
    const read = readJournal(readFileSync(join(folder, name), 'utf8'));
    return read === undefined ? undefined : { ...read, done: [...read.done].toSorted() };
  });
};

describe('transfers that outlast the app', () => {
  test('S20: what was left goes on by itself, without what was done, asks nothing about what was brought and not noted, and is forgotten when it is done', async () => {
    mkdirSync(join(here, 'tree'));
    // Noted and moved away by the user since; brought by a process that was killed before it could note it.
    writeFileSync(join(here, 'tree', 'c'), 'ok');
    utimesSync(join(here, 'tree', 'c'), AT_SECONDS, AT_SECONDS);
    const left = leave({ kind: 'done', path: 'tree/a' });
    const { page } = await open([left]);
    expect(await page.finished()).toMatchObject([{ status: 'done', continued: true, doneFiles: 3, totalFiles: 3, doneBytes: 6, failureCount: 0 }]);
    expect(page.question).toBe(null);
    expect(readdirSync(join(here, 'tree'))).toEqual(['b_', 'c']);
    expect(existsSync(left)).toBe(false);
    await expect.poll(kept).toEqual([]);
  });

  test('what was paused stays so until the user lets it go on; what he decided for all of it holds', async () => {
    mkdirSync(join(here, 'tree'));
    writeFileSync(join(here, 'tree', 'a'), 'mine');
    const { page } = await open([leave({ kind: 'paused', paused: true }, { kind: 'rule', rule: 'skip' })]);
    await page.until(({ jobs }) => jobs.length === 1);
    expect(page.jobs).toMatchObject([{ status: 'paused', continued: true, doneBytes: 0 }]);
    await expect.poll(kept).toEqual([{ paused: true, done: [], asked: { ...asked(), conflict: 'skip' } }]);
    await page.call({ do: 'steer', jobId: page.jobs[0]?.id ?? 0, how: 'resume' });
    expect(await page.finished()).toMatchObject([{ status: 'done', skipped: 1, doneFiles: 2 }]);
    expect(readFileSync(join(here, 'tree', 'a'), 'utf8')).toBe('mine');
  });

  test('a session that ends keeps what is not done, with names as their bytes say; what the user gives up is not kept', async () => {
    mkdirSync(join(here, 'tree'));
    writeFileSync(join(here, 'tree', 'c'), 'mine');
    const { page, desk } = await open();
    await page.call({ do: 'download', folder: '/', names: ['tree'], place: [], conflict: 'ask', verify: false });
    await page.until(({ question, jobs }) => question !== null && jobs[0]?.doneFiles === 2);
    desk.close(new MavisError('session.closed-by-user'));
    expect(await page.finished()).toMatchObject([{ status: 'failed', kept: true, failures: [{ code: 'session.closed-by-user' }] }]);
    await expect.poll(kept).toEqual([{ asked: asked(), done: ['tree/a', 'tree/b_'], paused: false }]);

    const next = await openHostileDesk(tree, { localFolder: here, journalFolder: join(journals, 'next'), left: [join(journals, 'own')] });
    await next.page.until(({ question }) => question !== null);
    await next.page.call({ do: 'steer', jobId: next.page.jobs[0]?.id ?? 0, how: 'cancel' });
    expect(await next.page.finished()).toMatchObject([{ status: 'cancelled', kept: false, continued: true }]);
    await expect.poll(() => readdirSync(journals).flatMap((name) => readdirSync(join(journals, name)))).toEqual([]);
  });

  test('a journal that was cut off at any byte is the transfer as far as it was noted, or none', () => {
    const lines = [{ kind: 'transfer', version: 1, ...asked() }, { kind: 'done', path: 'tree/日本\udcff' }, { kind: 'rule', rule: 'newer' }, { kind: 'paused', paused: true }];
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    const seen = new Set<string>();
    for (let length = 0; length <= text.length; length += 1) seen.add(JSON.stringify(readJournal(text.slice(0, length)) ?? null));
    expect([...seen].map((one) => JSON.parse(one))).toEqual([
      null,
      { asked: asked(), done: [], paused: false },
      { asked: asked(), done: ['tree/日本\udcff'], paused: false },
      { asked: { ...asked(), conflict: 'newer' }, done: ['tree/日本\udcff'], paused: false },
      { asked: { ...asked(), conflict: 'newer' }, done: ['tree/日本\udcff'], paused: true },
    ]);
    expect(readJournal('{"kind":"transfer","version":1}\n')).toBe(undefined);
  });

  test('what cannot be read as a journal is left out and does not stand in the way of the others', async () => {
    const left = leave();
    writeFileSync(join(left, '000000.jsonl'), '\0\0\0');
    writeFileSync(join(left, '000002.jsonl.new'), '{');
    const { page } = await open([left]);
    expect(await page.finished()).toMatchObject([{ status: 'done', doneFiles: 3 }]);
    expect(existsSync(left)).toBe(false);
  });

  test('of two sessions with one resource only one takes what was left; another user, or another resource, takes none of it', async () => {
    const folders = new JournalFolders(journals, createLog([], () => 0, 1));
    const owner = { profileId: 'p', userName: 'u', resourceId: 'r' };
    const first = await folders.hold(owner);
    mkdirSync(first.folder, { recursive: true });
    expect((await folders.hold(owner)).left).toEqual([]);
    first.release();
    expect((await folders.hold({ ...owner, userName: 'other' })).left).toEqual([]);
    expect((await folders.hold({ ...owner, resourceId: 'other' })).left).toEqual([]);
    const [one, two] = await Promise.all([folders.hold(owner), folders.hold(owner)]);
    expect([...one.left, ...two.left]).toEqual([first.folder]);
    // After a kill nobody holds anything.
    expect((await new JournalFolders(journals, createLog([], () => 0, 1)).hold(owner)).left).toEqual([first.folder]);
    await new JournalFolders(journals, createLog([], () => 0, 1)).sweep(statSync(journals).mtimeMs + 100 * 24 * 3_600_000);
    expect(readdirSync(journals)).toEqual([]);
  });
});
