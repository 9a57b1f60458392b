import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createLog } from '../../../src-main/logging/log.ts';
import { EditedFolders, noteSame, stateOf } from '../../../src-main/files/edited-folders.ts';

const DAY_MS = 24 * 3_600_000;

let root: string;
let lines: string[];
const log = createLog([(line) => void lines.push(line)], () => 0, 1);

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'mavis-edited-folders-'));
  lines = [];
});
afterEach(() => rmSync(root, { recursive: true, force: true, maxRetries: 10 }));

/** A copy as a session's process leaves it that was killed while the user's program had it open. */
async function copy(folder: string, name: string): Promise<string> {
  const own = join(folder, `copy-${name}`);
  mkdirSync(own, { recursive: true });
  writeFileSync(join(own, name), 'as the target has it');
  await noteSame(own, name, await stateOf(join(own, name)));
  return join(own, name);
}

describe('copies of a target\'s files that were being edited when the app was killed', () => {
  test('go at the next start, with what programs put beside them; changes that were not taken back stay a week', async () => {
    const left = join(root, 'left');
    const same = await copy(left, 'same.conf');
    writeFileSync(`${same}.swp`, 'of an editor');
    const changed = await copy(left, 'changed.conf');
    writeFileSync(changed, 'and what the user wrote');
    const cut = await copy(left, 'cut.conf');
    writeFileSync(join(left, 'copy-cut.conf.json'), '{"size":');
    // It had not come whole, and was never opened.
    mkdirSync(join(left, 'copy-coming'));
    writeFileSync(join(left, 'copy-coming', '.part'), 'half');
    const gone = await copy(left, 'gone.conf');
    rmSync(gone);
    await copy(join(root, 'other'), 'same.conf');

    await new EditedFolders(root, log).sweep(Date.now());
    expect([readdirSync(root), readdirSync(left).toSorted()]).toEqual([['left'], ['copy-changed.conf', 'copy-changed.conf.json', 'copy-cut.conf', 'copy-cut.conf.json']]);
    expect([existsSync(changed), existsSync(cut)]).toEqual([true, true]);
    expect(lines.map((line) => [JSON.parse(line).count, JSON.parse(line).file])).toEqual([[2, left]]);

    await new EditedFolders(root, log).sweep(Date.now() + 6 * DAY_MS);
    expect([existsSync(changed), existsSync(cut)]).toEqual([true, true]);
    await new EditedFolders(root, log).sweep(Date.now() + 8 * DAY_MS);
    expect(readdirSync(root)).toEqual([]);
  });

  test('of a session that is under way are not touched, and go when it is over; one that cannot be looked at stays', async () => {
    const folders = new EditedFolders(root, log);
    const folder = folders.hold();
    expect(existsSync(folder)).toBe(false);
    const path = await copy(folder, 'a.conf');
    await folders.sweep(Date.now());
    expect(existsSync(path)).toBe(true);
    const other = await copy(folder, 'b.conf');
    rmSync(other);
    symlinkSync(other, other);
    await folders.release(folder, Date.now());
    expect(readdirSync(folder).toSorted()).toEqual(['copy-b.conf', 'copy-b.conf.json']);
    rmSync(other);
    await folders.sweep(Date.now());
    expect(readdirSync(root)).toEqual([]);
  });
});
