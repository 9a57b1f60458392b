import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { tryLock, unlock, withLock } from '../../../scripts/processes/process-lock.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mavis-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));

test('a lock that a living process holds is not taken', () => {
  const file = join(folder, 'lock');
  expect(tryLock(file).taken).toBe(true);
  expect(tryLock(file)).toMatchObject({ taken: false, holder: { pid: process.pid } });
  unlock(file);
  expect(existsSync(file)).toBe(false);
});

test('a lock of a process that is gone is taken over', () => {
  const file = join(folder, 'lock');
  writeFileSync(file, JSON.stringify({ pid: process.pid, startedAs: 'another start' }));
  expect(tryLock(file).taken).toBe(true);
});

test('a lock file that cannot be read is taken over', () => {
  const file = join(folder, 'lock');
  writeFileSync(file, 'half');
  expect(tryLock(file).taken).toBe(true);
});

test('what runs under a lock runs one after the other, and a failure gives the lock back', async () => {
  const file = join(folder, 'lock');
  await expect(withLock(file, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await withLock(file, () => Promise.resolve(existsSync(file)))).toBe(true);
  expect(existsSync(file)).toBe(false);
});
