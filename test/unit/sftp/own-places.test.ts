import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { pathsOutside } from '../../../src-main/files/dropped-paths.ts';
import { changeFolderInput, isTypeable } from '../../../src-main/sessions/shell-folder.ts';

let base: string;
beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'mavis-places-')));
});
afterEach(() => rmSync(base, { recursive: true, force: true, maxRetries: 10 }));

describe('what the user drops on a window', () => {
  test('A27: what lies in the folder that he granted needs no question; what lies elsewhere does, also by a link, and beside it by the beginning of its name', async () => {
    for (const folder of ['granted/in', 'granted-not', 'else']) mkdirSync(join(base, folder), { recursive: true });
    for (const file of ['granted/in/a', 'granted-not/b', 'else/c']) writeFileSync(join(base, file), '');
    symlinkSync(join(base, 'else/c'), join(base, 'granted/link'));
    const at = (...names: string[]): string[] => names.map((name) => join(base, name));
    expect(await pathsOutside(join(base, 'granted'), at('granted/in', 'granted/in/a'))).toEqual([]);
    expect(await pathsOutside(join(base, 'granted'), at('granted-not/b', 'granted/link', 'granted/in/../../else', 'granted'))).toEqual(at('granted-not/b', 'granted/link', 'else', 'granted'));
    await expect(pathsOutside(join(base, 'granted'), at('granted/none'))).rejects.toMatchObject({ code: 'files.local-missing' });
  });
});

describe('a terminal that is opened in a folder', () => {
  test('is given one quoted command; a path that its line editing would take for keys is none', () => {
    expect(Buffer.from(changeFolderInput('/srv/the reports/{a,b}*[0-9]? #~ 日本（新）')).toString()).toBe(" cd -- '/srv/the reports/{a,b}*[0-9]? #~ 日本（新）'\r");
    expect([...changeFolderInput('/\udcff')].slice(-3)).toEqual([0xff, 0x27, 0x0d]);
    for (const path of ['/a\u0003rm -rf ~\r', '/a\nid', '/tab\there', '/del\u007f', '/c1\u009b']) {
      expect(isTypeable(path)).toBe(false);
      expect(() => changeFolderInput(path)).toThrow('control character');
    }
  });

  test.each([
    ['cmd', '/c/x & evil'], ['cmd', '/c/x | evil'], ['cmd', '/c/x > there'], ['cmd', '/c/x < there'], ['cmd', '/c/%PATH%'], ['cmd', '/c/x ^& evil'], ['cmd', '/c/(x)'], ['cmd', '/c/"x'],
    ['fish', "/x'; evil; '"], ['fish', '/x\\'], ['PowerShell', '/x\u2019; evil; \u2019'], ['PowerShell', '/x\u201b evil'], ['csh', '/x!evil'], ['a shell without quotes', '/x`evil`'], ['a shell without quotes', '/x$(evil)'], ['a shell without quotes', '/x; evil'],
  ])('what %s may take for another command is typed and not entered: %s', (_shell, path) => {
    const typed = Buffer.from(changeFolderInput(path)).toString();
    expect(typed).toBe(` cd -- '${path.replaceAll("'", "'\\''")}'`);
    expect(typed).not.toMatch(/[\r\n]/);
  });
});
