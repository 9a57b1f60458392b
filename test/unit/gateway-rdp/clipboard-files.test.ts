import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import type { SessionPolicy } from '../../../shared/policy/session-policy.ts';
import { RdpFormatError } from '../../../shared/rdp/rdp-format-error.ts';
import { type CarriedFile, OfferedFiles } from '../../../src-gateway/rdp/filters/clipboard-files.ts';
import { type ClipboardEnd, ClipboardFilter, ClipboardNames, ClipboardOffers } from '../../../src-gateway/rdp/filters/clipboard-filter.ts';
import { encodeContentsQuestion, encodeFileList, type ListedFile, readContentsQuestion, readFileList } from '../../../src-gateway/rdp/wire/file-list.ts';
import { content, format, pieces, take } from '../../fixtures/clipboard-messages.ts';

const FILES = 0xc0bc;
const list = 2;
const dataQuestion = 4;
const dataAnswer = 5;
const question = 8;
const answer = 9;

type Rules = Partial<Pick<SessionPolicy, 'maxFileBytes' | 'deniedFileNames'>>;

/** Both directions of one clipboard; the target offers, the client asks, as a rule allows it. */
function clipboard({ may = true, ...rules }: Rules & { readonly may?: boolean } = {}) {
  const events = { carried: vi.fn<(file: CarriedFile) => void>(), listed: vi.fn<(files: number) => void>(), refused: vi.fn<(of: ClipboardEnd) => void>() };
  const offered = (mayLeave: boolean): OfferedFiles => new OfferedFiles({ may: mayLeave, rules: { maxFileBytes: null, deniedFileNames: [], ...rules }, carried: events.carried, listed: events.listed });
  const [names, offers, files] = [new ClipboardNames(), new ClipboardOffers(), { client: offered(false), target: offered(may) }];
  const state = { stands: true };
  /** What the gateway itself has answered to an end. */
  const answered: Record<ClipboardEnd, Buffer[]> = { client: [], target: [] };
  const filter = (from: ClipboardEnd): ClipboardFilter => new ClipboardFilter({ from, names, offers, files, mayOffer: true, stands: () => state.stands, refused: events.refused, answer: (message) => void answered[from].push(message) });
  names.tell('client', true);
  names.tell('target', true);
  return { fromTarget: filter('target'), fromClient: filter('client'), files, events, state, answered };
}

function file(path: string, sizeBytes: number | undefined = 10, folder = false): ListedFile {
  return { path, folder, sizeBytes, written: undefined };
}

/** A clipboard whose client has got this list. */
function offering(listed: readonly ListedFile[], wishes: Parameters<typeof clipboard>[0] = {}) {
  const made = clipboard(wishes);
  take(made.fromTarget, pieces(list, 0, format(FILES, 'FileGroupDescriptorW')));
  take(made.fromClient, pieces(dataQuestion, 0, number(FILES)));
  const got = content(take(made.fromTarget, pieces(dataAnswer, 1, encodeFileList(listed))));
  return { ...made, got: got.readUInt16LE(2) === 1 ? readFileList(got.subarray(8)) : undefined };
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function asks(place: number, at = 0, bytes = 1000, what: 'size' | 'piece' = 'piece', stream = 7): Buffer[] {
  return pieces(question, 0, encodeContentsQuestion({ stream, place, what, at, bytes }));
}

function answers(data: Uint8Array, stream = 7, flags = 1): Buffer[] {
  return pieces(answer, flags, Buffer.concat([number(stream), data]));
}

/** The same message in one piece with bytes behind it that its own length does not count. */
function withFilling([only = Buffer.alloc(0)]: readonly Buffer[], filling: number): Buffer[] {
  const filled = Buffer.concat([only, Buffer.alloc(filling)]);
  filled.writeUInt32LE(filled.length - 8);
  return [filled];
}

/** A no to question 7. */
const NO = Buffer.from('090002000400000007000000', 'hex');
/** What becomes of a piece that is asked for and given. */
function copied(made: ReturnType<typeof offering>, place: number, data: Uint8Array): 'came' | 'refused' | 'not asked' {
  if (take(made.fromClient, asks(place)).length === 0) return 'not asked';
  const came = content(take(made.fromTarget, answers(data)));
  return came.readUInt16LE(2) === 1 ? 'came' : 'refused';
}

describe('files by the clipboard, where the rule allows them (rule 21)', () => {
  test('are offered, listed, and come piece by piece as they are; each is told once, with its bytes', () => {
    const made = offering([file('report.txt', 3000), file('日本語.txt', 5)]);
    expect(made.got).toEqual([file('report.txt', 3000), file('日本語.txt', 5)]);
    expect(made.events.listed).toHaveBeenCalledWith(2);
    for (const at of [0, 1000, 2000]) {
      expect(take(made.fromClient, asks(0, at))).toEqual(asks(0, at));
      expect(take(made.fromTarget, answers(Buffer.alloc(1000, at)))).toEqual(answers(Buffer.alloc(1000, at)));
    }
    expect(made.events.carried.mock.calls).toEqual([[{ path: 'report.txt', bytes: 3000, whole: true }]]);
    take(made.fromClient, asks(1));
    take(made.fromTarget, answers(Buffer.from('abc')));
    made.files.target.leave();
    expect(made.events.carried).toHaveBeenLastCalledWith({ path: '日本語.txt', bytes: 3, whole: false });
  });

  test('their size may be asked for, and is no piece of them', () => {
    const made = offering([file('a', undefined)]);
    take(made.fromClient, asks(0, 0, 8, 'size'));
    expect(content(take(made.fromTarget, answers(Buffer.alloc(8)))).readUInt16LE(2)).toBe(1);
    made.files.target.leave();
    expect(made.events.carried).not.toHaveBeenCalled();
  });

  test('as xrdp says it: a question for a size has no length, and four bytes of filling follow an answer', () => {
    const made = offering([file('a', 5)]);
    const asked = encodeContentsQuestion({ stream: 7, place: 0, what: 'size', at: 0, bytes: 0 });
    expect(readContentsQuestion(content(take(made.fromClient, pieces(question, 0, Buffer.concat([asked, Buffer.alloc(8)])))).subarray(8))).toEqual({ stream: 7, place: 0, what: 'size', at: 0, bytes: 8 });
    take(made.fromClient, asks(0, 0, 5));
    const filled = (filling: number): Buffer[] => withFilling(answers(Buffer.from('01234')), filling);
    expect(take(made.fromTarget, filled(4))).toEqual(filled(4));
    expect(made.events.carried).toHaveBeenCalledWith({ path: 'a', bytes: 5, whole: true });
    take(made.fromClient, asks(0, 0, 5));
    expect(() => take(made.fromTarget, filled(5))).toThrow(RdpFormatError);
  });

  test('what both ends know of files is agreed on: pieces, no paths, large ones; locks never', () => {
    const capabilities = (flags: number): Buffer[] => pieces(7, 0, Buffer.concat([Buffer.from('0100000001000c0002000000', 'hex'), number(flags)]));
    expect(content(take(clipboard().fromTarget, capabilities(0x3e))).readUInt32LE(20)).toBe(0x2e);
    expect(content(take(clipboard({ may: false }).fromTarget, capabilities(0x3e))).readUInt32LE(20)).toBe(2);
  });

  test('a new offer ends what was asked of the one before', () => {
    const made = offering([file('a')]);
    take(made.fromClient, asks(0));
    take(made.fromTarget, pieces(list, 0, format(13)));
    expect(take(made.fromTarget, answers(Buffer.from('late')))).toEqual([]);
    expect(take(made.fromClient, asks(0))).toEqual([]);
    expect(made.answered.client).toEqual([NO]);
  });
});

describe('where the rule does not (rule 21)', () => {
  test('files are not offered, a client that guesses their number gets nothing, and no piece is asked for or goes', () => {
    const made = clipboard({ may: false });
    expect(content(take(made.fromTarget, pieces(list, 0, format(FILES, 'FileGroupDescriptorW')))).length).toBe(8);
    expect(content(take(made.fromClient, pieces(dataQuestion, 0, number(FILES)))).readUInt32LE(8)).toBe(0);
    expect(take(made.fromClient, asks(0))).toEqual([]);
    expect(made.answered.client).toEqual([NO]);
    expect(take(made.fromTarget, answers(Buffer.from('canary')))).toEqual([]);
    expect(made.events.refused).toHaveBeenCalled();
  });

  test('the other way stays shut: a target asks for no file of the client', () => {
    const made = offering([file('a')]);
    expect(content(take(made.fromClient, pieces(list, 0, format(FILES, 'FileGroupDescriptorW')))).length).toBe(8);
    expect(take(made.fromTarget, asks(0))).toEqual([]);
    expect(made.answered.target).toEqual([NO]);
    expect(take(made.fromClient, answers(Buffer.from('canary')))).toEqual([]);
  });

  test.each([
    ['by their name', { deniedFileNames: ['*.key'] }, file('Secret.KEY'), Buffer.from('x')],
    ['by the name of a folder that they lie in', { deniedFileNames: ['.ssh'] }, file('.ssh\\id'), Buffer.from('x')],
    ['by the size that the list says', { maxFileBytes: 100 }, file('a', 101), Buffer.from('x')],
    ['by a size that no list said', { maxFileBytes: 100 }, file('a', undefined), Buffer.alloc(101)],
    ['by a size that the list said wrong', { maxFileBytes: 100 }, file('a', 1), Buffer.alloc(101)],
  ])('single files stay %s, others cross', (_how, rules, denied, data) => {
    const made = offering([file('fine'), denied], rules);
    expect(copied(made, 1, data)).not.toBe('came');
    expect(copied(made, 0, Buffer.alloc(10))).toBe('came');
    expect(made.events.carried.mock.calls.map(([{ path }]) => path)).toEqual(['fine']);
    expect(made.events.refused.mock.calls).toEqual([['target']]);
  });

  test('before a recording stands nothing of them goes', () => {
    const made = offering([file('a')]);
    made.state.stands = false;
    expect(copied(made, 0, Buffer.from('x'))).toBe('refused');
    expect(content(take(made.fromTarget, pieces(dataAnswer, 1, encodeFileList([file('a')])))).readUInt16LE(2)).toBe(2);
  });

  test('a no passes as one, so that both ends stay in step', () => {
    const made = offering([file('a')]);
    take(made.fromClient, asks(0));
    expect(content(take(made.fromTarget, answers(Buffer.from('with contents'), 7, 2)))).toEqual(NO);
  });
});

describe('A16: lists and pieces of a hostile end', () => {
  test.each([
    ['../../etc/cron.d/x', '__\\__\\etc\\cron.d\\x'],
    ['..\\..\\Startup\\x.bat', '__\\__\\Startup\\x.bat'],
    ['C:\\Windows\\x', 'C_\\Windows\\x'],
    ['/etc/passwd', 'etc\\passwd'],
    ['\\\\host\\share\\x', 'host\\share\\x'],
    ['..', '__'],
    ['', '_'],
    ['/', '_'],
    ['CON', '_CON'],
    ['a:stream', 'a_stream'],
    ['gpj\u202Eexe.txt', 'gpj_exe.txt'],
    ['x\u001B[2J', 'x_[2J'],
    ['trailing. ', 'trailing__'],
  ])('the name %j is written as %j', (hostile, safe) => {
    expect(offering([file(hostile)]).got).toEqual([file(safe)]);
  });

  test('no two files of a list share a name, whatever was made of theirs', () => {
    const got = offering([file('a:b'), file('a?b'), file('A_B'), file('d\\a:b')]).got ?? [];
    expect(got.map(({ path }) => path)).toEqual(['a_b', 'a_b (2)', 'A_B (3)', 'd\\a_b']);
  });

  const closed = encodeFileList([file('x')]);
  const open = Buffer.from(closed).fill(0x41, 4 + 72);
  const many = Buffer.concat([number(1001), Buffer.alloc(592 * 999)]);
  const huge = Buffer.from(closed).fill(0xff, 4 + 64, 4 + 72);
  test.each([
    ['a name that is not closed', open],
    ['fewer entries than it says', Buffer.concat([number(2), closed.subarray(4)])],
    ['more files than anybody copies', many],
    ['no count', Buffer.alloc(3)],
    ['a size that no file has', huge],
  ])('a list with %s ends the connection', (_what, body) => {
    const made = clipboard();
    take(made.fromTarget, pieces(list, 0, format(FILES, 'FileGroupDescriptorW')));
    take(made.fromClient, pieces(dataQuestion, 0, number(FILES)));
    expect(() => take(made.fromTarget, pieces(dataAnswer, 1, body))).toThrow(RdpFormatError);
  });

  test('a list beyond the bound is not held: it becomes a no', () => {
    const made = clipboard();
    take(made.fromTarget, pieces(list, 0, format(FILES, 'FileGroupDescriptorW')));
    take(made.fromClient, pieces(dataQuestion, 0, number(FILES)));
    expect(content(take(made.fromTarget, pieces(dataAnswer, 1, Buffer.alloc(4 + 592 * 1001)))).toString('hex')).toBe('0500020000000000');
  });

  test('more of a file than was asked for ends the connection', () => {
    const made = offering([file('a', 10)]);
    take(made.fromClient, asks(0, 0, 10));
    expect(() => take(made.fromTarget, answers(Buffer.alloc(11)))).toThrow(RdpFormatError);
    const sized = offering([file('a', 10)]);
    take(sized.fromClient, asks(0, 0, 8, 'size'));
    expect(() => take(sized.fromTarget, answers(Buffer.alloc(9)))).toThrow(RdpFormatError);
  });

  test.each([
    ['a file that is not in the list', asks(2)],
    ['a folder', asks(1)],
    ['no place that a list could have', asks(0xffff_ffff)],
    ['a piece of gigabytes', asks(0, 0, 0xffff_ffff)],
  ])('a question for %s is answered with a no, and the other end is not asked', (_what, asked) => {
    const made = offering([file('a'), file('folder', undefined, true)]);
    expect(take(made.fromClient, asked)).toEqual([]);
    expect(made.answered.client).toEqual([NO]);
  });

  test('a no of the gateway comes behind the message that is under way, and not into it; more than anybody asks wait for none', () => {
    const made = offering([file('a', 3000)]);
    take(made.fromClient, asks(0, 0, 3000));
    const [first = Buffer.alloc(0), ...others] = answers(Buffer.alloc(3000, 5));
    expect(take(made.fromTarget, [first])).toEqual([first]);
    expect(made.fromTarget.insert(NO)).toEqual([]);
    const went = take(made.fromTarget, others);
    expect(went.slice(0, -1)).toEqual(others);
    expect(content(went.slice(-1))).toEqual(NO);
    expect(content(made.fromTarget.insert(NO))).toEqual(NO);
    take(made.fromClient, asks(0, 0, 3000));
    take(made.fromTarget, [first]);
    expect(() => Array.from({ length: 65 }, () => made.fromTarget.insert(NO))).toThrow(RdpFormatError);
  });

  test.each([
    ['is cut off', pieces(question, 0, Buffer.alloc(23))],
    ['asks for neither size nor piece', pieces(question, 0, Buffer.alloc(24))],
    ['asks beyond what numbers hold', pieces(question, 0, Buffer.alloc(24, 0xff).fill(2, 8, 9).fill(0, 9, 12))],
  ])('a question that %s ends the connection', (_what, asked) => {
    expect(() => take(offering([file('a')]).fromClient, asked)).toThrow(RdpFormatError);
  });

  test('questions without end do too, for pieces and for lists', () => {
    const made = offering([file('a')]);
    expect(() => Array.from({ length: 65 }, (_, stream) => take(made.fromClient, asks(0, 0, 10, 'piece', stream)))).toThrow(RdpFormatError);
    expect(() => Array.from({ length: 65 }, () => take(made.fromClient, pieces(dataQuestion, 0, number(13))))).toThrow(RdpFormatError);
  });

  test('any bytes as list, question or answer give messages or that one error, and never a name with a way out', () => {
    fc.assert(
      fc.property(fc.constantFrom(dataAnswer, question, answer), fc.uint8Array({ maxLength: 1400 }), fc.nat(3), (kind, noise, count) => {
        const made = clipboard();
        take(made.fromTarget, pieces(list, 0, format(FILES, 'FileGroupDescriptorW')));
        take(made.fromClient, pieces(dataQuestion, 0, number(FILES)));
        try {
          const got = content(take(kind === question ? made.fromClient : made.fromTarget, pieces(kind, 1, kind === dataAnswer ? Buffer.concat([number(count), noise]) : Buffer.from(noise))));
          if (kind !== dataAnswer) return;
          for (const { path } of readFileList(got.subarray(8))) expect(path.split('\\').some((part) => part === '' || part === '.' || part === '..')).toBe(false);
        } catch (error) {
          expect(error).toBeInstanceOf(RdpFormatError);
        }
      }),
      { seed: 1616, numRuns: 1500 },
    );
  });
});
