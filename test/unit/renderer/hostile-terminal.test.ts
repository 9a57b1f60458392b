import { Terminal } from '@xterm/headless';
import { describe, expect, test } from 'vitest';
import { MAX_MARKS_A_CELL, withMarkLimit } from '../../../src-renderer/terminal/combining-limit.ts';
import { hardenedOptions, hardenTerminal, MAX_TITLE_LENGTH, safeLines, safeTitle } from '../../../src-renderer/terminal/hardened.ts';
import { linksIn, readLink } from '../../../src-renderer/terminal/links.ts';
import { MAX_PASTE_LENGTH, pasteNeedsQuestion, pastePreview, preparePaste } from '../../../src-renderer/terminal/paste.ts';

const ESC = '\u001B';
const ST = `${ESC}\\`;
const BEL = '\u0007';

/** A hardened terminal, what it answered, and the titles it told of. */
function hardened(options: { hardened: boolean } = { hardened: true }) {
  const terminal = new Terminal({ ...hardenedOptions, cols: 80, rows: 24, scrollback: 1000, allowProposedApi: true });
  const replies: string[] = [];
  const titles: string[] = [];
  terminal.onData((data) => replies.push(data));
  if (options.hardened) hardenTerminal(terminal, { onTitle: (title) => titles.push(title) });
  const write = (data: string | Uint8Array) => new Promise<void>((resolve) => terminal.write(data, resolve));
  const line = (index: number) => terminal.buffer.active.getLine(index)?.translateToString(true) ?? '';
  return { terminal, replies, titles, write, line };
}

describe('A7: a reply never holds what the target sent', () => {
  const canary = 'rm -rf canary';
  const questions: readonly (readonly [string, string])[] = [
    ['DECRQSS of nonsense', `${ESC}P$q${canary}${ST}`],
    ['DECRQSS of the margins', `${ESC}P$qr${ST}`],
    ['title set, then reported (CSI 21 t)', `${ESC}]0;${canary}${BEL}${ESC}[21t`],
    ['icon name set, then reported (CSI 20 t)', `${ESC}]1;${canary}${BEL}${ESC}[20t`],
    ['title pushed, popped and reported', `${ESC}]2;${canary}${ST}${ESC}[22;0t${ESC}[23;0t${ESC}[21t`],
    ['font asked for (OSC 50)', `${ESC}]50;${canary}${BEL}${ESC}]50;?${BEL}`],
    ['rxvt graphics question (ESC G Q)', `${ESC}GQ${canary}`],
    ['XTGETTCAP', `${ESC}P+q${Array.from(canary, (letter) => letter.charCodeAt(0).toString(16)).join('')}${ST}`],
    ['palette colour set, then asked for', `${ESC}]4;1;rgb:ca/na/ry${BEL}${ESC}]4;1;rgb:12/34/56${BEL}${ESC}]4;1;?${BEL}`],
    ['text colour asked for', `${ESC}]10;rgb:12/34/56${BEL}${ESC}]10;?${BEL}${ESC}]11;?${BEL}${ESC}]12;?${BEL}`],
    ['a mode of the target’s choice (DECRQM)', `${ESC}[?31337$p${ESC}[31337$p`],
    ['window operations', [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16, 18, 19].map((operation) => `${ESC}[${operation}t`).join('')],
    ['checksum of the screen (DECRQCRA)', `${ESC}[1;1;1;1;10;10*y`],
    ['answerback (ENQ)', '\u0005'],
  ];

  test.each(questions)('%s is not answered', async (_name, bytes) => {
    const { write, replies } = hardened();
    await write(bytes);
    expect(replies).toEqual([]);
  });

  test('what every program needs is still answered, with nothing but numbers of the terminal’s own', async () => {
    const { write, replies } = hardened();
    await write(`${ESC}[c${ESC}[>c${ESC}[5n${ESC}[6n${ESC}[?2026$p${ESC}[4$p`);
    expect(replies.length).toBeGreaterThanOrEqual(5);
    for (const reply of replies) expect(reply.replace(ESC, 'ESC')).toMatch(/^ESC\[[?>]?[\d;]*(?:c|n|R|\$y)$/);
  });

  test('the questions are real: without hardening at least one of them is answered', async () => {
    const { write, replies } = hardened({ hardened: false });
    await write(`${ESC}P$qr${ST}${ESC}[?31337$p`);
    expect(replies.join('')).toContain('31337');
  });
});

describe('A8: the clipboard is out of the target’s reach', () => {
  test('OSC 52 neither reads nor writes, whatever its size', { timeout: 60_000 }, async () => {
    const { write, replies, line } = hardened();
    await write(`${ESC}]52;c;?${BEL}${ESC}]52;c;${btoa('canary')}${ST}`);
    await write(`${ESC}]52;c;${'QUFB'.repeat(4 * 1024 * 1024)}${BEL}after`);
    expect(replies).toEqual([]);
    expect(line(0)).toBe('after');
  });
});

describe('A9: links show their true target, and only https is opened', () => {
  test.each(['javascript:alert(1)', 'file:///etc/passwd', 'http://plain.example/', 'data:text/html,x', 'mavis://connect/1', 'https://user:pass@bank.example/', 'https://bank.example@evil.example/', 'not a link', `https://x.example/${'a'.repeat(3000)}`])('%s is refused', (uri) => {
    expect(readLink(uri).kind).toBe('refused');
  });

  test('an address in other letters shows as what is dialled', () => {
    expect(readLink('https://аpple.com/login')).toEqual({ kind: 'https', url: 'https://xn--pple-43d.com/login', host: 'xn--pple-43d.com' });
  });

  test('a refused link is shown without control characters and bounded', () => {
    const link = readLink(`javascript:\u202E${'x'.repeat(9999)}\u0007`);
    expect(link).toEqual({ kind: 'refused', shown: expect.not.stringMatching(/[\p{Cc}\p{Cf}]/u) });
    expect(link.kind === 'refused' && link.shown.length).toBeLessThanOrEqual(200);
  });

  test('addresses written out are found without the full stop that ends the sentence', () => {
    expect(linksIn('see https://example.org/a?b=1, or (https://例え.jp/path).').map((link) => link.url)).toEqual(['https://example.org/a?b=1', 'https://例え.jp/path']);
  });
});

describe('A10: a paste runs nothing by itself', () => {
  test('the end of a bracketed paste and every other control character is taken out', () => {
    const { text, cleaned } = preparePaste(`safe${ESC}[201~\u009B201~rm -rf /\u0003\u0000\u007F`);
    expect(text).toBe('safe[201~201~rm -rf /');
    expect(cleaned).toBe(true);
  });

  test('one line without an end is pasted at once; anything that runs is asked about', () => {
    expect(pasteNeedsQuestion(preparePaste('ls -la'), true)).toBe(false);
    expect(pasteNeedsQuestion(preparePaste('ls -la\n'), true)).toBe(true);
    expect(pasteNeedsQuestion(preparePaste('a\rb'), true)).toBe(true);
    expect(pasteNeedsQuestion(preparePaste('a\rb'), false)).toBe(false);
    expect(preparePaste('a\r\nb\rc\n')).toEqual({ text: 'a\nb\nc\n', lines: 3, cleaned: false, cut: false });
    expect(preparePaste('').lines).toBe(0);
  });

  test('a text that is larger than a paste may be is never cut without a word, nor within a character', () => {
    const whole = preparePaste('x'.repeat(MAX_PASTE_LENGTH));
    expect([whole.cut, whole.text.length, pasteNeedsQuestion(whole, false)]).toEqual([false, MAX_PASTE_LENGTH, false]);
    const cut = preparePaste(`${'x'.repeat(MAX_PASTE_LENGTH - 1)}👍`);
    expect([cut.cut, cut.text, pasteNeedsQuestion(cut, false)]).toEqual([true, 'x'.repeat(MAX_PASTE_LENGTH - 1), true]);
  });

  test('the preview is bounded in lines and columns', () => {
    const { shown, more } = pastePreview(`${'x'.repeat(5000)}\n`.repeat(500));
    expect(shown.split('\n')).toHaveLength(12);
    expect(shown.length).toBeLessThan(12 * 210);
    expect(more).toBe(488);
  });

  test('wide text passes unchanged', () => {
    expect(preparePaste('日本語\t👍🏽 ñ').text).toBe('日本語\t👍🏽 ñ');
  });
});

describe('A11: floods do not hold the terminal up', () => {
  /** Takes nothing of a person's time: a tenth of what two cores under test need. */
  const LIMIT_MS = 20_000;

  test('an endless line, nested DCS and a huge sequence leave the terminal working, its memory bounded by its scrollback', { timeout: 60_000 }, async () => {
    const { terminal, write, line, replies } = hardened();
    const started = performance.now();
    const piece = 'x'.repeat(1024 * 1024);
    for (let megabyte = 0; megabyte < 20; megabyte++) await write(piece);
    await write(`${ESC}P`.repeat(100_000) + ST);
    await write(`${ESC}[${'9;'.repeat(500_000)}m${ESC}[m`);
    await write(`${ESC}[2J${ESC}[Halive`);
    expect(performance.now() - started).toBeLessThan(LIMIT_MS);
    expect(terminal.buffer.active.length).toBeLessThanOrEqual(1000 + 24);
    expect(line(terminal.buffer.active.baseY)).toBe('alive');
    expect(replies).toEqual([]);
  });

  /** Widths like those of Unicode 11 for what the test writes. */
  const plain = {
    version: 'test',
    wcwidth: (codepoint: number): 0 | 1 => (codepoint >= 0x300 && codepoint < 0x370 ? 0 : 1),
    charProperties(codepoint: number, preceding: number): number {
      const joins = this.wcwidth(codepoint) === 0 && preceding !== 0;
      return joins ? (preceding & 0b110) | 1 : this.wcwidth(codepoint) << 1;
    },
  };

  test('a million combining marks are spread over cells instead of growing one without end', { timeout: 60_000 }, async () => {
    const { terminal, write } = hardened();
    terminal.unicode.register(withMarkLimit('limited', plain));
    terminal.unicode.activeVersion = 'limited';
    const started = performance.now();
    await write(`a${'\u0301'.repeat(1_000_000)}`);
    expect(performance.now() - started).toBeLessThan(LIMIT_MS);
    const { active } = terminal.buffer;
    let longest = 0;
    for (let row = 0; row < active.length; row++) for (let column = 0; column < 80; column++) longest = Math.max(longest, active.getLine(row)?.getCell(column)?.getChars().length ?? 0);
    expect(longest).toBe(MAX_MARKS_A_CELL + 1);
  });

  test('what people write keeps its marks in one cell', async () => {
    const { terminal, write } = hardened();
    terminal.unicode.register(withMarkLimit('limited', plain));
    terminal.unicode.activeVersion = 'limited';
    await write('e\u0301\u0323x');
    expect(terminal.buffer.active.getLine(0)?.getCell(0)?.getChars()).toBe('e\u0301\u0323');
    expect(terminal.buffer.active.getLine(0)?.getCell(1)?.getChars()).toBe('x');
  });
});

describe('A12: a title is text of the target’s, bounded and free of control characters', () => {
  test('a title with control characters, direction signs and megabytes is cut to 80 characters', { timeout: 60_000 }, async () => {
    const { write, titles, terminal } = hardened();
    const changed: string[] = [];
    terminal.onTitleChange((title) => changed.push(title));
    await write(`${ESC}]0;root@\u202Ebank\u200B Password:\u0009${'長'.repeat(3_000_000)}${BEL}`);
    const [title = ''] = titles;
    expect([...title].length).toBe(MAX_TITLE_LENGTH);
    expect(title.startsWith('root@bank Password:')).toBe(true);
    expect(title).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(changed).toEqual([]);
  });

  test('a short title stays as it is', () => {
    expect(safeTitle('vim — main.ts 日本')).toBe('vim — main.ts 日本');
  });

  test('words of a target’s prompt keep their lines and lose what cannot be seen', () => {
    expect(safeLines(`Enter\u202E code\r\n${ESC}[31mfor\tbank${ESC}]0;x${BEL}`, 1000)).toBe('Enter code\n[31mfor    bank]0;x');
    expect(safeLines('x'.repeat(5000), 2000)).toHaveLength(2000);
  });
});
