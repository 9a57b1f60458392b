import { fork } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { ClientKey } from '../../../src-main/account/client-key.ts';
import type { SessionReport } from '../../../src-main/sessions/session-process-contract.ts';
import { FaultyGateway } from '../../fixtures/faulty-gateway.ts';
import type { FilesPage } from '../../fixtures/files-page.ts';
import { HeadlessFiles } from '../../fixtures/headless-files.ts';

/** Samples of what takes long; the whole of it is 20,000 files, 50 cuts, 100,000 names and 4 GiB. */
const LONG = process.env['MAVIS_LONG'] === '1';
const [SMALL_FILES, CUTS_EACH_WAY, NAMES, LARGE_BYTES] = LONG ? ([20_000, 25, 100_000, 2 ** 32 + 12_345] as const) : ([60, 2, 5000, 8_000_000] as const);
const TREE_LIMIT_MS = LONG ? 600_000 : 60_000;

let gateway: FaultyGateway;
let here: string;
let there: string;
let journals: string;
let attempts = 0;

beforeAll(async () => {
  gateway = await FaultyGateway.start();
  here = mkdtempSync(join(tmpdir(), 'mavis-files-'));
  journals = mkdtempSync(join(tmpdir(), 'mavis-journals-'));
  there = join(gateway.target.home, `files-${process.pid}`);
});
afterAll(async () => {
  await gateway.stop();
  for (const folder of [here, there, journals]) rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
});

/** A session over a gateway's program and a real OpenSSH server. */
async function begin(policy: Parameters<FaultyGateway['grant']>[1] = {}, left: readonly string[] = []): Promise<{ page: FilesPage; reports: SessionReport[]; end: () => Promise<void> }> {
  const key = new ClientKey(() => Date.now());
  const { hop } = await gateway.grant(key.thumbprint, policy, 'sftp');
  const files = await HeadlessFiles.open({ hops: [hop], key, localFolder: here, journals: join(journals, String((attempts += 1))), left });
  return { page: files.page, reports: files.reports, end: () => files.end() };
}

/** Begins a transfer in a process of its own, kills it when more of a part is there than is fetched again for sure, and gives the folder of its journal. */
async function killHalfway(transfer: { direction: 'upload' | 'download'; name: string; folder: string }, parts: () => string[]): Promise<string> {
  const left = join(journals, `killed-${transfer.direction}`);
  const client = fork(join(import.meta.dirname, '../../fixtures/sftp-client-process.ts'), [], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  onTestFinished(() => void client.kill('SIGKILL'));
  const gone = once(client, 'exit');
  const [{ thumbprint }] = z.tuple([z.object({ thumbprint: z.string() })]).rest(z.unknown()).parse(await once(client, 'message'));
  client.send({ kind: 'open', hop: (await gateway.grant(thumbprint, {}, 'sftp')).hop, localFolder: here, journals: left });
  await once(client, 'message');
  const way = transfer.direction === 'upload' ? 'up' : 'down';
  gateway.set(way, 'thin', { kind: 'bandwidth', bytesPerSecond: 40_000_000 });
  client.send({ kind: 'transfer', ...transfer });
  await expect.poll(() => parts().some((part) => statSync(part).size > 18_000_000), { timeout: 60_000, interval: 20 }).toBe(true);
  // From now on nothing moves: it is in the middle however late it is killed.
  gateway.set(way, 'thin', { kind: 'bandwidth', bytesPerSecond: 1000 });
  client.kill('SIGKILL');
  await gone;
  gateway.clear();
  return left;
}

/** Everything under a folder: contents, permissions and times. */
function tree(folder: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true }).map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const { mode, mtimeMs } = statSync(path);
      return [path.slice(folder.length), entry.isDirectory() ? 'folder' : `${readFileSync(path).toString('base64')} ${(mode & 0o777).toString(8)} ${Math.floor(mtimeMs / 1000)}`];
    }),
  );
}

describe('files between this computer and a target', () => {
  test('S20: a tree goes up and comes down byte for byte, with permissions and times, hidden and strange names, and again only what is newer', async () => {
    const made = join(here, 'tree');
    for (const folder of ['', 'empty', 'deep/er', '名前']) mkdirSync(join(made, folder), { recursive: true });
    const files: readonly (readonly [string, Buffer, number])[] = [
      ['large.bin', randomBytes(9_000_000), 0o640], ['zero', Buffer.alloc(0), 0o644], ['deep/er/run.sh', Buffer.from('#!/bin/sh\n'), 0o755], ['名前/注文 一覧.csv', randomBytes(70_000), 0o600], ['.hidden', Buffer.from('h'), 0o644],
      ...Array.from({ length: SMALL_FILES }, (_, number) => [`deep/${number}.txt`, randomBytes((number % 100) * 37), 0o644] as const),
    ];
    for (const [name, bytes, mode] of files) {
      writeFileSync(join(made, name), bytes);
      chmodSync(join(made, name), mode);
      utimesSync(join(made, name), 1_700_000_000, 1_700_000_123);
    }
    const { page, reports, end } = await begin();
    expect(page.ready?.path).toBe(gateway.target.home);
    await page.call({ do: 'make-folder', folder: gateway.target.home, name: `files-${process.pid}` });
    await page.call({ do: 'upload', place: [], names: ['tree'], folder: there, conflict: 'ask', verify: true });
    expect(await page.finished(1, TREE_LIMIT_MS)).toMatchObject([{ status: 'done', verified: true, doneFiles: files.length, failureCount: 0, totalBytes: files.reduce((sum, [, bytes]) => sum + bytes.length, 0) }]);
    expect(tree(join(there, 'tree'))).toEqual(tree(made));
    mkdirSync(join(here, 'back'));
    await page.call({ do: 'download', folder: there, names: ['tree'], place: ['back'], conflict: 'ask', verify: true });
    await page.finished(2, TREE_LIMIT_MS);
    expect(tree(join(here, 'back/tree'))).toEqual(tree(made));
    // Nothing is newer, so nothing goes; then one is.
    utimesSync(join(made, 'zero'), 1_700_000_500, 1_700_000_500);
    await page.call({ do: 'upload', place: [], names: ['tree'], folder: there, conflict: 'newer', verify: false });
    expect((await page.finished(3, TREE_LIMIT_MS)).at(-1)).toMatchObject({ status: 'done', doneFiles: 1, skipped: files.length - 1 });
    const sums = { files: files.length, folders: 5, bytes: files.reduce((sum, [, bytes]) => sum + bytes.length, 0) };
    expect(await page.call({ do: 'count', folder: there, names: ['tree'] })).toMatchObject(sums);
    expect(await page.call({ do: 'count-local', place: ['back'], names: ['tree'] })).toMatchObject(sums);
    // A link to a folder is made, says where it leads, is counted and not followed by sums, and is followed by who opens it.
    await page.call({ do: 'make-link', folder: `${there}/tree`, name: 'also deep', target: 'deep/er' });
    expect(await page.call({ do: 'read-link', folder: `${there}/tree`, name: 'also deep' })).toMatchObject({ target: 'deep/er' });
    expect(await page.call({ do: 'count', folder: there, names: ['tree'] })).toMatchObject({ ...sums, files: files.length + 1 });
    expect(await page.call({ do: 'list', path: `${there}/tree/also deep` })).toMatchObject({ path: `${there}/tree/deep/er`, entries: [{ name: 'run.sh' }] });
    const sha256 = createHash('sha256').update(files[0]?.[1] ?? '').digest('hex');
    expect(await page.call({ do: 'hash', folder: `${there}/tree`, name: 'large.bin' })).toMatchObject({ sha256 });
    expect(await page.call({ do: 'hash-local', place: ['back', 'tree'], name: 'large.bin' })).toMatchObject({ sha256 });
    await page.call({ do: 'rename-local', place: ['back', 'tree'], from: 'zero', to: 'nought' });
    await expect(page.call({ do: 'rename-local', place: ['back', 'tree'], from: 'nought', to: 'large.bin' })).rejects.toMatchObject({ code: 'files.exists' });
    expect(readFileSync(join(here, 'back/tree/nought')).length).toBe(0);
    await page.call({ do: 'set-mode', folder: `${there}/tree`, name: 'zero', mode: 0o604 });
    expect(statSync(join(there, 'tree/zero')).mode & 0o777).toBe(0o604);
    await page.call({ do: 'remove', folder: there, names: ['tree'] });
    expect(existsSync(join(there, 'tree'))).toBe(false);
    await end();
    expect(reports.find((report) => report.kind === 'ended')).toMatchObject({ code: 'session.closed-by-user' });
  }, LONG ? 1_500_000 : undefined);

  test('rule 10: transfers that are cut off again and again finish right, up and down, where they stopped', async () => {
    const bytes = randomBytes(9_000_000 * CUTS_EACH_WAY);
    writeFileSync(join(here, 'cut.bin'), bytes);
    mkdirSync(join(here, 'down'), { recursive: true });
    const { page, reports, end } = await begin();
    gateway.set('up', 'thin', { kind: 'bandwidth', bytesPerSecond: 12_000_000 });
    gateway.set('down', 'thin', { kind: 'bandwidth', bytesPerSecond: 12_000_000 });
    const cutInTheMiddle = async (): Promise<void> => {
      const seen = reports.filter(({ kind }) => kind === 'resumed').length;
      const from = page.jobs.at(-1)?.doneBytes ?? 0;
      const more = 500_000 + Math.random() * 2_000_000;
      await page.until(({ jobs }) => (jobs.at(-1)?.doneBytes ?? 0) > from + more);
      gateway.resetAll();
      await expect.poll(() => reports.filter(({ kind }) => kind === 'resumed').length, { timeout: 30_000 }).toBeGreaterThan(seen);
    };
    const cutAgainAndAgain = async (): Promise<void> => {
      for (let cut = 0; cut < CUTS_EACH_WAY; cut += 1) await cutInTheMiddle();
    };
    await page.call({ do: 'upload', place: [], names: ['cut.bin'], folder: there, conflict: 'overwrite', verify: false });
    await cutAgainAndAgain();
    await page.finished();
    expect(readFileSync(join(there, 'cut.bin')).equals(bytes)).toBe(true);
    await page.call({ do: 'download', folder: there, names: ['cut.bin'], place: ['down'], conflict: 'overwrite', verify: false });
    await page.until(({ jobs }) => jobs.length === 2);
    await cutAgainAndAgain();
    await page.finished(2);
    gateway.clear();
    expect(readFileSync(join(here, 'down/cut.bin')).equals(bytes)).toBe(true);
    // Under its own name only when whole; of parts nothing is left.
    expect(readdirSync(join(here, 'down')).filter((name) => name.includes('cut.bin'))).toEqual(['cut.bin']);
    expect(page.jobs.map(({ status }) => status)).toEqual(['done', 'done']);
    await end();
  });

  test('S20: the process killed in the middle of transfers and another one started: they go on where they were, up and down, and no part ever has the final name', async () => {
    const bytes = randomBytes(26_000_000);
    mkdirSync(join(there, 'killed'), { recursive: true });
    mkdirSync(join(here, 'down'), { recursive: true });
    for (const file of [join(here, 'up.bin'), join(there, 'killed/down.bin')]) writeFileSync(file, bytes);
    const parts = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.mavis-part')).map((name) => join(folder, name)) : []);
    const partsAt = (): string[] => [...parts(there), ...parts(join(here, 'down'))];
    const left = [
      await killHalfway({ direction: 'upload', name: 'up.bin', folder: there }, () => parts(there)),
      await killHalfway({ direction: 'download', name: 'down.bin', folder: join(there, 'killed') }, () => parts(join(here, 'down'))),
    ];
    expect(partsAt()).toHaveLength(2);
    expect([existsSync(join(there, 'up.bin')), existsSync(join(here, 'down/down.bin'))]).toEqual([false, false]);
    // What was there stays: its first byte, changed here, is not sent again.
    for (const part of partsAt()) {
      const file = openSync(part, 'r+');
      writeSync(file, Buffer.of((bytes[0] ?? 0) ^ 0xff), 0, 1, 0);
      closeSync(file);
    }
    const { page, end } = await begin({}, left);
    expect(await page.finished(2)).toMatchObject([{ status: 'done', continued: true }, { status: 'done', continued: true }]);
    for (const file of [join(there, 'up.bin'), join(here, 'down/down.bin')]) {
      const got = readFileSync(file);
      expect(got[0]).toBe((bytes[0] ?? 0) ^ 0xff);
      expect(got.subarray(1).equals(bytes.subarray(1))).toBe(true);
    }
    expect(partsAt()).toEqual([]);
    await end();
  });

  test('S20: a transfer is paused, goes on, asks about a name that is taken, and keeps both', async () => {
    writeFileSync(join(here, 'pause.bin'), randomBytes(12_000_000));
    const { page, end } = await begin();
    gateway.set('up', 'thin', { kind: 'bandwidth', bytesPerSecond: 6_000_000 });
    await page.call({ do: 'upload', place: [], names: ['pause.bin'], folder: there, conflict: 'ask', verify: false });
    await page.until(({ jobs }) => (jobs[0]?.doneBytes ?? 0) > 500_000);
    const id = page.jobs[0]?.id ?? 0;
    await page.call({ do: 'steer', jobId: id, how: 'pause' });
    await page.until(({ jobs }) => jobs[0]?.status === 'paused');
    expect(existsSync(join(there, 'pause.bin'))).toBe(false);
    await page.call({ do: 'steer', jobId: id, how: 'resume' });
    gateway.clear();
    await page.finished();
    await page.call({ do: 'upload', place: [], names: ['pause.bin'], folder: there, conflict: 'ask', verify: false });
    await page.until(({ question }) => question !== null);
    expect(page.question).toMatchObject({ name: 'pause.bin', here: { size: 12_000_000 }, coming: { size: 12_000_000 } });
    await page.call({ do: 'decide', questionId: page.question?.id ?? 0, choice: 'rename', forAll: true });
    expect((await page.finished(2)).at(-1)).toMatchObject({ status: 'done', renamed: [{ from: 'pause.bin', to: 'pause (2).bin' }] });
    expect(readFileSync(join(there, 'pause (2).bin')).equals(readFileSync(join(there, 'pause.bin')))).toBe(true);
    // That name is taken now as well.
    await page.call({ do: 'upload', place: [], names: ['pause.bin'], folder: there, conflict: 'rename', verify: false });
    expect((await page.finished(3)).at(-1)).toMatchObject({ status: 'done', renamed: [{ from: 'pause.bin', to: 'pause (3).bin' }] });
    await end();
  });

  test('S20: a large file goes up and comes down the same, compared by SHA-256 on both sides by the transfer itself', async () => {
    const file = openSync(join(here, 'large-one.bin'), 'w');
    const block = randomBytes(2 ** 20);
    for (let at = 0; at < LARGE_BYTES; at += block.length) {
      block.writeUInt32BE(at / block.length);
      writeSync(file, block, 0, Math.min(block.length, LARGE_BYTES - at));
    }
    closeSync(file);
    const { page, end } = await begin();
    await page.call({ do: 'upload', place: [], names: ['large-one.bin'], folder: there, conflict: 'overwrite', verify: true });
    await page.until(({ jobs }) => jobs[0]?.status === 'done' || jobs[0]?.status === 'failed', LONG ? 600_000 : 60_000);
    await page.call({ do: 'download', folder: there, names: ['large-one.bin'], place: ['down'], conflict: 'overwrite', verify: true });
    await page.until(({ jobs }) => jobs.length === 2 && (jobs[1]?.status === 'done' || jobs[1]?.status === 'failed'), LONG ? 600_000 : 60_000);
    expect(page.jobs).toMatchObject([{ status: 'done', verified: true }, { status: 'done', verified: true, doneBytes: LARGE_BYTES }]);
    const hashes = [await page.call({ do: 'hash-local', place: [], name: 'large-one.bin' }), await page.call({ do: 'hash-local', place: ['down'], name: 'large-one.bin' })];
    expect(hashes[1]?.sha256).toBe(hashes[0]?.sha256);
    expect(statSync(join(there, 'large-one.bin')).size).toBe(LARGE_BYTES);
    for (const copy of [join(here, 'large-one.bin'), join(here, 'down/large-one.bin'), join(there, 'large-one.bin')]) rmSync(copy);
    await end();
  }, LONG ? 1_500_000 : undefined);

  test('A2, A5: thousands of names in one folder are listed, strange ones among them come under safe names', async () => {
    const many = join(there, 'many');
        mkdirSync(many);
    for (let number = 0; number < NAMES; number += 1) writeFileSync(join(many, `n${number}`), '');
    const strange = join(there, 'strange');
    mkdirSync(strange);
    for (const name of ['CON', 'a:b', 'dot.', '..\\up', 'rtl\u202egnp.exe', 'bell\u0007', 'Case', 'case', 'x'.repeat(255)]) writeFileSync(join(strange, name), name);
    writeFileSync(Buffer.concat([Buffer.from(`${strange}/bytes-`), Buffer.of(0xff)]), 'bytes');
    symlinkSync('/', join(strange, 'loop'));
    const { page, end } = await begin();
    const beganAt = performance.now();
    const { entries } = await page.call({ do: 'list', path: many });
    // A second, for 100,000 names on a machine that does nothing else.
    if (LONG) console.log(`${NAMES} names listed in ${Math.round(performance.now() - beganAt)} ms`);
    expect(new Set(entries.map(({ name }) => name)).size).toBe(NAMES);
    await page.call({ do: 'download', folder: there, names: ['strange'], place: [], conflict: 'ask', verify: false });
    const [job] = await page.finished();
    expect(job).toMatchObject({ status: 'done', doneFiles: 10, skipped: 1, failureCount: 0 });
    const got = readdirSync(join(here, 'strange'));
    expect(got.toSorted()).toEqual(['.._up', 'Case', 'a_b', 'bell_', 'bytes-_', 'case (2)', 'dot_', 'rtl_gnp.exe', '_CON', 'x'.repeat(215)].toSorted().map((name) => (name === 'Case' || name === 'case (2)' ? got.find((one) => one.toLowerCase() === name.toLowerCase()) ?? (name === 'Case' ? 'case' : 'Case (2)') : name)).toSorted());
    expect(readFileSync(join(here, 'strange/bytes-_'), 'utf8')).toBe('bytes');
    await end();
  });

  test('A3, S20: links that lead in a circle end nothing on either side: they are left out, counted and removed as themselves; names of 255 bytes go up and come down', async () => {
    const long = 'y'.repeat(255);
    const circle = join(here, 'circle');
    mkdirSync(join(circle, 'inside'), { recursive: true });
    for (const file of [long, 'inside/file.txt']) writeFileSync(join(circle, file), file);
    const links = (folder: string): void => {
      for (const [to, at] of [['.', 'self'], ['..', 'inside/up'], ['two', 'one'], ['one', 'two']] as const) symlinkSync(to, join(folder, at));
    };
    links(circle);
    const { page, end } = await begin();
    expect(await page.call({ do: 'count-local', place: [], names: ['circle'] })).toMatchObject({ files: 6, folders: 2 });
    await page.call({ do: 'upload', place: [], names: ['circle'], folder: there, conflict: 'ask', verify: true });
    expect(await page.finished()).toMatchObject([{ status: 'done', doneFiles: 2, skipped: 4, failureCount: 0 }]);
    expect(readFileSync(join(there, 'circle', long), 'utf8')).toBe(long);
    links(join(there, 'circle'));
    expect(await page.call({ do: 'count', folder: there, names: ['circle'] })).toMatchObject({ files: 6, folders: 2 });
    expect(await page.call({ do: 'list', path: `${there}/circle/self/inside/up/self` })).toMatchObject({ path: `${there}/circle` });
    await expect(page.call({ do: 'list', path: `${there}/circle/one` })).rejects.toMatchObject({ code: 'files.not-found' });
    await page.call({ do: 'download', folder: there, names: ['circle'], place: ['down'], conflict: 'ask', verify: true });
    expect((await page.finished(2)).at(-1)).toMatchObject({ status: 'done', doneFiles: 2, skipped: 4, failureCount: 0, renamed: [{ to: 'y'.repeat(215) }] });
    expect(readFileSync(join(here, 'down/circle', 'y'.repeat(215)), 'utf8')).toBe(long);
    writeFileSync(join(there, 'beside'), 'stays');
    await page.call({ do: 'remove', folder: there, names: ['circle'] });
    expect([existsSync(join(there, 'circle')), readFileSync(join(there, 'beside'), 'utf8')]).toEqual([false, 'stays']);
    await end();
  });

  test('S20: what the target or the rule refuses is told rightly', async () => {
    writeFileSync(join(here, 'one.txt'), 'one');
    writeFileSync(join(here, 'id_rsa'), 'key');
    const { page, end } = await begin({ deniedFileNames: ['id_*'], filesDelete: false });
    await page.call({ do: 'upload', place: [], names: ['one.txt'], folder: '/proc', conflict: 'ask', verify: false });
    await page.call({ do: 'upload', place: [], names: ['id_rsa'], folder: there, conflict: 'ask', verify: false });
    await page.call({ do: 'download', folder: there, names: ['missing'], place: [], conflict: 'ask', verify: false });
    const jobs = await page.finished(3);
    expect(jobs.map(({ failures }) => failures[0]?.code)).toEqual([expect.stringMatching(/^files\.(?:no-permission|not-found|target-failed)$/), 'files.name-not-allowed', 'files.not-found']);
    await expect(page.call({ do: 'remove', folder: there, names: ['pause.bin'] })).rejects.toMatchObject({ code: 'files.delete-not-allowed' });
    await expect(page.call({ do: 'list', path: '/root/none' })).rejects.toMatchObject({ code: expect.stringMatching(/^files\.(?:not-found|no-permission)$/) });
    await end();
  });

  test('rule 10: when the gateway is gone for good, what was under way fails with the reason', async () => {
    writeFileSync(join(here, 'lost.bin'), randomBytes(20_000_000));
    const { page, reports } = await begin();
    gateway.set('up', 'thin', { kind: 'bandwidth', bytesPerSecond: 2_000_000 });
    await page.call({ do: 'upload', place: [], names: ['lost.bin'], folder: there, conflict: 'overwrite', verify: false });
    await page.until(({ jobs }) => (jobs[0]?.doneBytes ?? 0) > 0);
    await gateway.kill();
    gateway.clear();
    await gateway.startAgain();
    const [job] = await page.finished();
    expect(job?.status).toBe('failed');
    expect(job?.failures[0]?.code).toMatch(/^(?:session\.|gateway\.)/);
    await expect.poll(() => reports.some(({ kind }) => kind === 'ended'), { timeout: 60_000 }).toBe(true);
    expect(existsSync(join(there, 'lost.bin'))).toBe(false);
  });
});
