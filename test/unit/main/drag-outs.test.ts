import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { DragOut } from '../../../shared/ipc/files-port.ts';
import { DragOuts, type ReadyDragOut } from '../../../src-main/files/drag-outs.ts';

const MOST = 50;

let base: string;
let fetchedInto: string[];
let told: readonly DragOut[];
/** All that main was told, each time. */
let ready: (readonly ReadyDragOut[])[];
let dragOuts: DragOuts;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'mavis-drag-outs-'));
  [fetchedInto, told, ready] = [[], [], []];
  dragOuts = new DragOuts({
    queue: { add: ({ localFolder }) => fetchedInto.push(localFolder), forget: () => undefined },
    places: { resolve: () => Promise.resolve(base) },
    folder: join(base, 'drag-out'),
    tell: (all) => {
      told = all;
    },
    onReady: (all) => void ready.push(all),
  });
});
afterEach(() => rmSync(base, { recursive: true, force: true, maxRetries: 10 }));

const folders = (): readonly string[] => (existsSync(join(base, 'drag-out')) ? readdirSync(join(base, 'drag-out')) : []);
const refusals = async (asked: readonly Promise<void>[]): Promise<readonly unknown[]> => (await Promise.allSettled(asked)).flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []));

test.each([
  ['fetched', () => dragOuts.fetch('/srv', ['a.txt'])],
  ['taken from this computer', () => dragOuts.take([], ['a.txt'])],
] as const)('of those that are %s all at once fifty are held, the others are refused and leave no folder', async (_how, begin) => {
  const refused = await refusals(Array.from({ length: MOST + 10 }, begin));
  expect(refused).toEqual(Array.from({ length: 10 }, () => 'request.too-many'));
  expect([told.length, folders().length]).toEqual([MOST, fetchedInto.length]);
});

test('where the session ends before its folder is made, nothing is fetched and no folder stays', async () => {
  const fetching = dragOuts.fetch('/srv', ['a.txt']);
  dragOuts.leave();
  expect(await refusals([fetching])).toEqual(['request.too-many']);
  expect([fetchedInto, told, folders()]).toEqual([[], [], []]);
});

test('main is told of no file that is ready without where it lies: neither while its folder is read, nor where that was cleared away', async () => {
  await dragOuts.fetch('/srv', ['whole.txt']);
  await dragOuts.fetch('/srv', ['cleared.txt']);
  const [whole = ''] = fetchedInto;
  writeFileSync(join(whole, 'whole.txt'), 'whole');
  dragOuts.look([1, 2].map((id) => ({ id, status: 'done', failures: [] })));
  // Something else changes meanwhile.
  await dragOuts.take([], ['here.txt']);
  await expect.poll(() => told.map(({ status, failure }) => [status, failure?.code])).toEqual([['ready', undefined], ['failed', 'files.local-missing'], ['ready', undefined]]);
  expect(ready.flat().filter(({ paths }) => paths.length === 0)).toEqual([]);
  expect(ready.at(-1)?.map(({ paths }) => paths)).toEqual([[join(whole, 'whole.txt')], [join(base, 'here.txt')]]);
});
