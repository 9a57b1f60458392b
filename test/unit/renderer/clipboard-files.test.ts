import { describe, expect, test, vi } from 'vitest';
import { sessionId } from '../../../shared/ipc/stores.ts';
import type { WindowApi } from '../../../shared/ipc/window-api.ts';
import { chosenFiles, takeFiles } from '../../../src-renderer/desktop/clipboard-files.ts';
import type { TargetFile } from '../../../src-renderer/desktop/desktop-engine.ts';
import { IronFiles } from '../../../src-renderer/desktop/rdp/iron-files.ts';

const session = sessionId.parse('7c1c0f0e-9c55-4a52-9a64-3f8f3c1f2a11');
const transferId = '7c1c0f0e-9c55-4a52-9a64-3f8f3c1f2a12';
type Calls = WindowApi['clipboardFiles'];
const ok = <T>(value: T) => Promise.resolve({ ok: true as const, value });
const no = (code: string) => Promise.resolve({ ok: false as const, code, args: {}, reference: null });

/** A main that takes what it is given. */
function main(changes: Partial<Calls> = {}) {
  const clipboardFiles = {
    choose: vi.fn<Calls['choose']>(() => ok({ files: [] })),
    read: vi.fn<Calls['read']>(({ at, bytes }) => ok({ bytes: new Uint8Array(Math.max(0, Math.min(bytes, 6_000_000 - at))) })),
    begin: vi.fn<Calls['begin']>(() => ok({ transferId })),
    append: vi.fn<Calls['append']>(() => ok({})),
    end: vi.fn<Calls['end']>(() => ok({})),
    ...changes,
  };
  return { clipboardFiles };
}

const file = (path: string, sizeBytes = 3, folder = false): TargetFile => ({ path, sizeBytes, folder });
const gives = (place: number, at: number, bytes: number): Promise<Uint8Array<ArrayBuffer>> => Promise.resolve(new Uint8Array(bytes).fill(place + at));
const follow = (signal = new AbortController().signal) => ({ signal, progress: vi.fn<(done: number) => void>() });

describe('taking files of a target’s clipboard', () => {
  test('one after the other, in pieces of a mebibyte, empty ones and folders too; what is done is told', async () => {
    const mavis = main();
    const followed = follow();
    expect(await takeFiles(mavis, session, [file('a', 2_500_000), file('empty', 0), file('sub', 0, true)], gives, followed)).toEqual({ kind: 'taken' });
    const appended = vi.mocked(mavis.clipboardFiles.append).mock.calls.map(([{ place, bytes }]) => [place, bytes.length]);
    expect(appended).toEqual([[0, 1_048_576], [0, 1_048_576], [0, 402_848], [1, 0], [2, 0]]);
    expect(followed.progress.mock.calls.at(-1)).toEqual([2_500_000]);
    expect(mavis.clipboardFiles.end).toHaveBeenCalledWith({ sessionId: session, transferId, whole: true });
  });

  test.each([
    ['gives nothing', () => Promise.resolve(new Uint8Array(0))],
    ['gives more than it was asked for', () => Promise.resolve(new Uint8Array(4))],
    ['says no', () => Promise.reject(new Error('no'))],
  ])('A16: a target that %s ends it, and the file that was under way goes', async (_what, read) => {
    const mavis = main();
    expect(await takeFiles(mavis, session, [file('a')], read, follow())).toEqual({ kind: 'target-failed', path: 'a' });
    expect(mavis.clipboardFiles.end).toHaveBeenCalledWith({ sessionId: session, transferId, whole: false });
  });

  test('nothing is asked of the target where the user chose no folder; a full disk is told; stopping stops', async () => {
    const read = vi.fn<typeof gives>(gives);
    expect(await takeFiles(main({ begin: () => ok({ transferId: null }) }), session, [file('a')], read, follow())).toEqual({ kind: 'not-chosen' });
    expect(read).not.toHaveBeenCalled();
    expect(await takeFiles(main({ append: () => no('files.local-space') }), session, [file('a')], gives, follow())).toMatchObject({ kind: 'failed', error: { code: 'files.local-space' } });
    expect(await takeFiles(main({ end: () => no('files.local-space') }), session, [file('a')], gives, follow())).toMatchObject({ kind: 'failed' });
    expect(await takeFiles(main(), session, [file('a')], gives, follow(AbortSignal.abort()))).toEqual({ kind: 'stopped' });
    const stopper = new AbortController();
    const silent = (): Promise<never> => {
      stopper.abort();
      return new Promise(() => undefined);
    };
    expect(await takeFiles(main(), session, [file('a')], silent, follow(stopper.signal))).toEqual({ kind: 'stopped' });
  });
});

describe('files of this computer', () => {
  test('a large piece is read in as many turns as main takes, and is short at the end alone', async () => {
    const mavis = main();
    expect(await chosenFiles(mavis, session, () => undefined)(0, 1_000_000, 8_000_000)).toHaveLength(5_000_000);
    expect(vi.mocked(mavis.clipboardFiles.read).mock.calls.map(([{ at }]) => at)).toEqual([1_000_000, 5_194_304]);
  });

  test('one that changed is told to the user, and refused to the target', async () => {
    const failed = vi.fn<(error: { readonly code: string }) => void>();
    const read = chosenFiles(main({ read: () => no('files.changed') }), session, failed);
    await expect(read(0, 0, 10)).rejects.toThrow('files.changed');
    expect(failed).toHaveBeenCalledWith(expect.objectContaining({ code: 'files.changed' }));
  });
});

describe('what IronRDP and the product say to each other of files', () => {
  function iron() {
    const invoke = vi.fn<(name: string, value: unknown) => void>();
    const onFiles = vi.fn<(files: readonly TargetFile[]) => void>();
    return { files: new IronFiles(invoke, onFiles), invoke, onFiles };
  }

  test('a list of the target is read, whatever it holds, and no longer than the gateway lets it be', () => {
    const { files, onFiles } = iron();
    files.takeList([{ name: 'a', path: 'docs', size: 3, isDirectory: false }, { name: 'sub', isDirectory: true }, null, { name: 7, size: -1.5 }], 4);
    expect(onFiles).toHaveBeenLastCalledWith([file('docs\\a', 3), file('sub', 0, true), file('', 0), file('', 0)]);
    files.takeList(Array.from({ length: 5000 }, () => ({ name: 'a', size: 1 })), undefined);
    expect(onFiles.mock.calls.at(-1)?.[0]).toHaveLength(1000);
    files.takeList('nothing', undefined);
    expect(onFiles).toHaveBeenLastCalledWith([]);
  });

  test('a piece is asked for, and its answer goes to who asked; a no, an end and a call that fails reject', async () => {
    const { files, invoke } = iron();
    files.takeList([{ name: 'a', size: 3 }], 4);
    const first = files.read(0, 0, 3);
    const second = files.read(0, 3, 5);
    expect(invoke.mock.calls).toEqual([
      ['request_file_contents', { stream_id: 1, file_index: 0, flags: 2, position: 0, size: 3, clip_data_id: 4 }],
      ['request_file_contents', { stream_id: 2, file_index: 0, flags: 2, position: 3, size: 5, clip_data_id: 4 }],
    ]);
    files.takeAnswer({ streamId: 99, isError: false, data: new Uint8Array(1) });
    files.takeAnswer({ streamId: 2, isError: true, data: new Uint8Array(0) });
    files.takeAnswer({ streamId: 1, isError: false, data: Uint8Array.of(1, 2, 3) });
    expect([...(await first)]).toEqual([1, 2, 3]);
    await expect(second).rejects.toThrow('says no');
    const third = files.read(0, 0, 3);
    files.close();
    await expect(third).rejects.toThrow('ended');
    invoke.mockImplementation(() => {
      throw new Error('over');
    });
    await expect(files.read(0, 0, 3)).rejects.toThrow('over');
  });

  test('nothing is asked of a list that is not there any more', async () => {
    const { files, invoke } = iron();
    files.takeList([{ name: 'a', size: 3 }], 4);
    await expect(files.read(1, 0, 3)).rejects.toThrow('something else');
    files.takeList([], undefined);
    await expect(files.read(0, 0, 3)).rejects.toThrow('something else');
    expect(invoke).not.toHaveBeenCalled();
  });

  test('the target is given sizes and pieces of what was offered, and a no for everything else', async () => {
    const { files, invoke } = iron();
    const said = async (question: unknown): Promise<unknown> => {
      await files.answer(question);
      return invoke.mock.calls.at(-1);
    };
    const refused = ['submit_file_contents', { stream_id: 7, is_error: true, data: new Uint8Array(0) }];
    const size = { streamId: 7, index: 0, flags: 1, position: 0, size: 8 };
    expect(await said(size)).toEqual(refused);
    files.offer([{ name: 'a', sizeBytes: 300, modifiedAtMs: 5 }], (_place, at, bytes) => (at > 300 ? Promise.reject(new Error('gone')) : Promise.resolve(new Uint8Array(bytes))));
    expect(invoke).toHaveBeenLastCalledWith('initiate_file_copy', [{ name: 'a', size: 300, lastModified: 5 }]);
    expect(await said(size)).toEqual(['submit_file_contents', { stream_id: 7, is_error: false, data: Uint8Array.of(44, 1, 0, 0, 0, 0, 0, 0) }]);
    expect(await said({ ...size, flags: 2, size: 2 })).toEqual(['submit_file_contents', { stream_id: 7, is_error: false, data: new Uint8Array(2) }]);
    for (const hostile of [{ index: 1 }, { flags: 3 }, { flags: 2, size: 2 ** 31 }, { flags: 2, position: -1 }, { flags: 2, position: 301 }, { flags: 2, position: 0.5 }]) expect(await said({ ...size, ...hostile })).toEqual(refused);
  });
});
