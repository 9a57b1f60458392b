import { win32 } from 'node:path';
import { posix } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeFileName, encodeFileName } from '../../../shared/sftp/file-name-bytes.ts';
import { partialName } from '../../../src-main/files/partial-name.ts';
import { isRunnableName } from '../../../src-main/files/runnable-name.ts';
import { comparableName, safeLocalName } from '../../../shared/files/safe-local-name.ts';

describe('A1, A2: a name of the target, here', () => {
  test.each([
    ['../../x', '.._.._x'],
    ['/abs', '_abs'],
    ['', '_'],
    ['/', '_'],
    ['.', '_'],
    ['..', '__'],
    ['..\\x', '.._x'],
    ['CON', '_CON'],
    ['nul.txt', '_nul.txt'],
    ['COM1', '_COM1'],
    ['Lpt9.log', '_Lpt9.log'],
    ['a:b', 'a_b'],
    ['what?*|<>".txt', 'what______.txt'],
    ['ends with dot.', 'ends with dot_'],
    ['ends with space ', 'ends with space_'],
    ['photo\u202egnp.exe', 'photo_gnp.exe'],
    ['bell\u0007\u001b[31m', 'bell__[31m'],
    ['line\nbreak\u2028', 'line_break_'],
    ['zero\u200bwidth', 'zero_width'],
    [decodeFileName(Uint8Array.of(0x61, 0xff, 0xfe)), 'a__'],
    ['console.log', 'console.log'],
    ['日本語.txt', '日本語.txt'],
    ['.bashrc', '.bashrc'],
    ['<img src=x onerror=alert(1)>', '_img src=x onerror=alert(1)_'],
  ])('%j is written as %j', (name, safe) => {
    expect(safeLocalName(name)).toEqual({ name: safe, changed: name !== safe });
  });

  test('255 bytes and more are cut to what a file system takes, with room for a part\'s name and the ending kept', () => {
    for (const name of [`${'x'.repeat(300)}.tar`, `${'語'.repeat(120)}.tar`, '🗾'.repeat(90)]) {
      const safe = safeLocalName(name).name;
      expect(encodeFileName(partialName(safe, { size: 1, modifiedAtSeconds: 1 })).length).toBeLessThanOrEqual(255);
      expect(safe.isWellFormed()).toBe(true);
      if (name.endsWith('.tar')) expect(safe.endsWith('.tar')).toBe(true);
    }
  });

  test('A4: a cut makes no ending that the target did not give, and leaves none that Windows drops', () => {
    for (const tail of ['.exe', '.lnk', '.settingcontent-ms', '.exe .', '. . ', '.']) {
      for (let before = 180; before <= 220; before += 1) {
        const { name } = safeLocalName(`${'A'.repeat(before)}${tail}${'x'.repeat(60)}`);
        expect(name.slice(-18)).not.toContain('.');
        expect(name).not.toMatch(/[. ]$/);
      }
    }
    const taken = safeLocalName(`A.${'x'.repeat(210)}`, (one) => !one.includes('(')).name;
    expect([taken.endsWith(' (2)'), encodeFileName(taken).length]).toEqual([true, 215]);
  });

  test('names that differ in capitals only get a number', () => {
    const names = new Set<string>();
    const written = ['readme.txt', 'README.txt', 'Readme.TXT'].map((name) => {
      const safe = safeLocalName(name, (one) => names.has(comparableName(one))).name;
      names.add(comparableName(safe));
      return safe;
    });
    expect(written).toEqual(['readme.txt', 'README (2).txt', 'Readme (3).TXT']);
  });

  test('whatever bytes a target sends: one name in the folder, on Windows and elsewhere, and the same again', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const { name } = safeLocalName(decodeFileName(bytes));
        expect(posix.dirname(posix.join('/chosen', name))).toBe('/chosen');
        expect(win32.dirname(win32.join('C:\\chosen', name))).toBe('C:\\chosen');
        expect(name).not.toMatch(/[/\\:\p{Cc}\p{Cf}\p{Cs}]|[. ]$/u);
        expect(encodeFileName(name).length).toBeLessThanOrEqual(255);
        expect(safeLocalName(name).name).toBe(name);
      }),
    );
  });

  test('A4: whatever a target calls a file: one that opens as a program here is refused', () => {
    const piece = fc.oneof(fc.constantFrom('.exe', '.lnk', '.Exe', '.vhdx', '.settingcontent-ms', '.py', '.', ' ', '. .', '\u200b', '\u202e', ':', '\u0000', 'con', '.ex\u017f', '.\u212Anl', '.\uff45xe'), fc.string({ unit: 'binary', maxLength: 4 }), fc.integer({ min: 150, max: 230 }).map((length) => 'A'.repeat(length)));
    // Too long for this computer, with what would be an ending where it may be cut.
    const long = fc.tuple(fc.integer({ min: 190, max: 216 }), fc.constantFrom('.exe', '.lnk', '.settingcontent-ms', '.py', '.exe .'), fc.string({ minLength: 18, maxLength: 60 })).map(([before, ending, tail]) => 'A'.repeat(before) + ending + tail);
    const platform = fc.constantFrom<NodeJS.Platform>('win32', 'darwin', 'linux');
    fc.assert(
      fc.property(fc.oneof(fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join('')), long), platform, (name, system) => {
        const local = safeLocalName(name).name;
        expect([isRunnableName(local, system), isRunnableName(name, system)]).not.toEqual([true, false]);
      }),
      { numRuns: 5_000 },
    );
  });

  test.each([
    ...['vhdx', 'img', 'appinstaller', 'appx', 'msixbundle', 'library-ms', 'search-ms', 'inetloc', 'fileloc', 'wsb', 'msu', 'xll', 'pyw', 'EXE', 'exe .', 'exe\u200b', 'l\uff4ek'].map((ending) => [`a.${ending}`, 'linux', ending !== 'exe\u200b'] as const),
    [`${'A'.repeat(211)}.exe${'x'.repeat(40)}`, 'win32', false],
    ['deploy.py', 'win32', true], ['deploy.py', 'darwin', true], ['deploy.py', 'linux', false],
    ['report.docx', 'win32', false], ['notes.txt', 'win32', false], ['exe', 'win32', false], ['a.exe.txt', 'win32', false],
  ] as const)('A4: %j on %s may be run: %j', (name, system, runnable) => {
    expect(isRunnableName(name, system)).toBe(runnable);
    expect(isRunnableName(safeLocalName(name).name, system)).toBe(runnable && !/[. ]$/.test(name));
  });

  test('bytes of names survive, whatever they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect([...encodeFileName(decodeFileName(bytes))]).toEqual([...bytes]);
      }),
    );
  });
});
