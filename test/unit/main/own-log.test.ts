import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MavisError } from '../../../shared/errors/mavis-error.ts';
import { ownLogPiece } from '../../../shared/ipc/own-log.ts';
import { createLog } from '../../../src-main/logging/log.ts';
import { readOwnLog } from '../../../src-main/logging/own-log.ts';
import { RotatingFile } from '../../../src-main/logging/rotating-file.ts';

let folder: string;
let file: string;
let time = 0;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mavis-own-log-'));
  file = join(folder, 'client.log');
  time = Date.UTC(2026, 10, 26);
});
afterEach(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
const log = createLog([(line) => appendFileSync(file, line)], () => (time += 1000), 1);
const read = async (from: string | null) => ownLogPiece.parse(await readOwnLog(folder, from));
const messages = async (from: string | null) => (await read(from)).lines.map(({ message }) => message);

test('what the log holds is read as it was written; behind a place comes only what is new, each line once, a half one when it is whole', async () => {
  expect(await read(null)).toEqual({ lines: [], next: null, fresh: true });
  log.info('starting', { version: '0.1.0' });
  log.error('session failed', { code: 'gateway.unreachable', reference: 'MV-7K3QX-M2P9D' }, new MavisError('gateway.unreachable'));
  const first = await read(null);
  expect(first).toMatchObject({ fresh: true, lines: [{ at: '2026-11-26T00:00:01.000Z', level: 'info', message: 'starting', code: '' }, { level: 'error', code: 'gateway.unreachable', reference: 'MV-7K3QX-M2P9D' }] });
  expect(await read(first.next)).toEqual({ lines: [], next: first.next, fresh: false });
  appendFileSync(file, '{"level":40,"time":1,');
  expect((await read(first.next)).lines).toEqual([]);
  appendFileSync(file, '"msg":"日本語"}\nnot of the log\n{"level":99,"time":1,"msg":"x"}\n');
  expect(await messages(first.next)).toEqual(['日本語']);
});

test('a file that was moved on is followed by the new one from its beginning; its end is still there', async () => {
  log.info('one');
  const { next } = await read(null);
  renameSync(file, join(folder, 'client.1.log'));
  log.info('two');
  const piece = await read(next);
  expect([piece.fresh, piece.lines.map(({ message }) => message)]).toEqual([true, ['one', 'two']]);
  expect(new Set(piece.lines.map(({ id }) => id)).size).toBe(2);
});

test('of a large log the newest mebibyte is read, from the beginning of a line', async () => {
  writeFileSync(file, Array.from({ length: 30_000 }, (_, number) => `${JSON.stringify({ level: 30, time: number, pid: 1, msg: `line ${String(number)}` })}\n`).join(''));
  const found = await messages(null);
  expect(found.length).toBeLessThan(30_000);
  expect(found.length).toBeGreaterThan(10_000);
  expect([found.at(-1), new Set(found).size]).toEqual(['line 29999', found.length]);
});

test('that lines were dropped, because a disk was too slow for them, is itself a line that is shown', async () => {
  const slow = new RotatingFile(folder, () => time);
  const busy = createLog([slow.write], () => time, 1);
  // All in one turn: the disk has taken none of them meanwhile.
  for (let count = 0; count < 2100; count += 1) busy.info('busy');
  await slow.flush();
  const { lines } = await read(null);
  expect(lines.filter(({ message }) => message === 'log lines dropped')).toMatchObject([{ at: '2026-11-26T00:00:00.000Z', level: 'warn' }]);
});
