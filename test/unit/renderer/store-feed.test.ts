import { describe, expect, test } from 'vitest';
import { clientSettings } from '../../../shared/ipc/settings.ts';
import type { StoreName, StorePatch } from '../../../shared/ipc/stores.ts';
import { applyPatch, PatchMismatch } from '../../../src-renderer/stores/apply-patch.ts';
import { StoreFeed } from '../../../src-renderer/stores/store-feed.ts';

describe('a patch', () => {
  test('changes what it names and keeps the rest as the same objects', () => {
    const before = { a: { b: [1, 2, 3] }, c: { d: 1 } };
    const after = applyPatch(before, [{ op: 'replace', path: ['a', 'b', 1], value: 9 }, { op: 'add', path: ['a', 'b', 3], value: 4 }, { op: 'remove', path: ['a', 'b', 0] }]);
    expect(after).toEqual({ a: { b: [9, 3, 4] }, c: { d: 1 } });
    expect(Reflect.get(Object(after), 'c')).toBe(before.c);
    expect(before.a.b).toEqual([1, 2, 3]);
  });

  test('an array is cut by its length, a whole state replaced by the empty path', () => {
    expect(applyPatch({ list: [1, 2, 3] }, [{ op: 'replace', path: ['list', 'length'], value: 1 }])).toEqual({ list: [1] });
    expect(applyPatch({ a: 1 }, [{ op: 'replace', path: [], value: { b: 2 } }])).toEqual({ b: 2 });
  });

  test.each([[['__proto__', 'x']], [['constructor']], [['list', 9]], [['list', 'length']], [['missing', 'deep', 'x']]])('a path that does not fit is refused: %j', (path) => {
    expect(() => applyPatch({ list: [1] }, [{ op: 'replace', path, value: 10 }])).toThrow(PatchMismatch);
  });
});

/** A main with one settings store. */
function scripted() {
  let revision = 5;
  let fontPx = 14;
  let listener: ((patch: StorePatch) => void) | undefined;
  const reads: StoreName[] = [];
  let release: (() => void) | undefined;
  const mavis = {
    stores: {
      read: async ({ store }: { store: StoreName }) => {
        reads.push(store);
        const held = release === undefined ? undefined : new Promise<void>((resolve) => (release = resolve));
        const value = { revision, state: clientSettings.parse({ terminalFontSizePx: fontPx }) };
        await held;
        return { ok: true, value } as const;
      },
    },
    events: {
      onStorePatch: (given: (patch: StorePatch) => void) => {
        listener = given;
        return () => {
          listener = undefined;
        };
      },
      onAction: () => () => undefined,
    },
  };
  const change = (px: number, told = true) => {
    revision += 1;
    fontPx = px;
    if (told) listener?.({ store: 'settings', revision, patch: [{ op: 'replace', path: ['terminalFontSizePx'], value: px }] });
  };
  const feed = new StoreFeed(mavis, ['settings']);
  const shown = () => {
    const fed = feed.stores.settings.getState();
    return fed.status === 'ready' ? fed.state.terminalFontSizePx : fed.status;
  };
  return { feed, change, shown, reads, hold: () => (release = () => undefined), let: () => release?.(), listening: () => listener !== undefined };
}
const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

describe('this page’s copy of a store', () => {
  test('is whole first, then follows patches', async () => {
    const { feed, change, shown } = scripted();
    expect(shown()).toBe('loading');
    await feed.start();
    expect(shown()).toBe(14);
    change(20);
    expect(shown()).toBe(20);
    feed.stop();
  });

  test('a gap in the revisions reads the whole again', async () => {
    const { feed, change, shown, reads } = scripted();
    await feed.start();
    change(20, false);
    change(21);
    await settled();
    expect(shown()).toBe(21);
    expect(reads).toHaveLength(2);
    feed.stop();
  });

  test('a patch that comes while the whole is on its way is not lost', async () => {
    const script = scripted();
    script.hold();
    const started = script.feed.start();
    script.change(30);
    await settled();
    script.let();
    await started;
    expect(script.shown()).toBe(30);
    script.feed.stop();
  });

  test('a state that is not as the contract says never reaches the page', async () => {
    const { feed, change, shown } = scripted();
    await feed.start();
    change(9999);
    expect(shown()).toBe('failed');
    feed.stop();
  });

  test('stop ends the listening', async () => {
    const { feed, listening } = scripted();
    await feed.start();
    feed.stop();
    expect(listening()).toBe(false);
  });
});
