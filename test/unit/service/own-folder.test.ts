import { chmod, mkdir, mkdtemp, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { adminSocketPath, askRunningService } from '../../../src-service/commands/admin-socket.ts';
import { assertOwnFolder } from '../../../src-service/commands/own-folder.ts';
import { createLog } from '../../../src-service/logging/log.ts';
import { openService } from '../../../src-service/open-service.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mavis-own-'));
  vi.stubEnv('TMPDIR', folder);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true, maxRetries: 10 });
});

test('a folder that others may enter, a link and a file are no folders of one\'s own', async () => {
  await assertOwnFolder(folder);
  await symlink(folder, join(folder, 'link'));
  await expect(assertOwnFolder(join(folder, 'link'))).rejects.toThrow('not a folder of this account');
  await chmod(folder, 0o770);
  await expect(assertOwnFolder(folder)).rejects.toThrow('not a folder of this account');
});

test('a command goes to no socket in a folder under the temporary one that somebody else has prepared', async () => {
  const data = join(folder, 'd'.repeat(120));
  const prepared = join(folder, `mavis-service-${userInfo().uid}`);
  expect(adminSocketPath(data)).toContain(prepared);
  const request = { command: { command: 'gateway-list' as const }, account: 'root' };
  expect(await askRunningService(data, request)).toBeUndefined();
  await mkdir(prepared);
  await chmod(prepared, 0o777);
  await expect(askRunningService(data, request)).rejects.toThrow('not a folder of this account');
});

test('a data folder that was there already is closed to everybody else', async () => {
  const data = join(folder, 'data');
  await mkdir(data);
  await chmod(data, 0o755);
  await (await openService({ folder: data, makeLog: () => createLog('silent') })).close();
  expect((await stat(data)).mode & 0o777).toBe(0o700);
  // It makes a whole database, which takes a machine that is busy with other tests its time.
}, 120_000);
