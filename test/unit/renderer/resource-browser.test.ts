import { describe, expect, test } from 'vitest';
import { resourceId } from '../../../shared/ids.ts';
import type { IpcAnswer, ResourceRow } from '../../../shared/ipc/contract.ts';
import { ResourceBrowser } from '../../../src-renderer/resources/resource-browser.ts';
import { PAGE_ROWS, RowWindow } from '../../../src-renderer/resources/row-window.ts';

const row = (number: number): ResourceRow => ({
  id: resourceId.parse(`00000000-0000-4000-8000-${String(number).padStart(12, '0')}`), name: `r${number}`, address: '10.0.0.1', protocols: ['ssh'], allowedProtocols: ['ssh'], operatingSystem: 'linux', description: '', tags: [], favourite: false, lastUsedAt: null, segments: [], availability: 'available',
});
interface Asked {
  readonly filter: string;
  readonly offset: number;
  readonly limit: number;
}
interface Found {
  rows: ResourceRow[];
  total: number;
  tags: { tag: string; count: number }[];
  filterProblem: { position: number; code: string } | null;
}

/** A main that answers when the test says so. */
function scripted() {
  const waiting: { asked: Asked; answer: (answer: IpcAnswer<Found>) => void }[] = [];
  const favourite: IpcAnswer<Record<string, never>>[] = [];
  const mavis = {
    resources: {
      query: (asked: Asked) => new Promise<IpcAnswer<Found>>((answer) => waiting.push({ asked, answer })),
      setFavourite: () => Promise.resolve(favourite.shift() ?? { ok: true, value: {} } as const),
    },
  };
  const browser = new ResourceBrowser(mavis);
  const answer = async (total: number, first = 0, problem: Found['filterProblem'] = null) => {
    const question = waiting.shift();
    if (!question) throw new Error('nothing was asked');
    const rows = Array.from({ length: Math.max(0, Math.min(PAGE_ROWS, total - question.asked.offset)) }, (_, index) => row(first + question.asked.offset + index));
    question.answer({ ok: true, value: { rows: problem ? [] : rows, total: problem ? 0 : total, tags: [], filterProblem: problem } });
    await settled();
    return question.asked;
  };
  return { browser, waiting, answer, favourite };
}
const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

describe('the resource browser’s questions', () => {
  test('one question is on its way; of those typed meanwhile only the last is asked', async () => {
    const { browser, waiting, answer } = scripted();
    for (const filter of ['t', 'to', 'tok', 'toky']) browser.change({ filter });
    expect(waiting.map(({ asked }) => asked.filter)).toEqual(['t']);
    await answer(500);
    expect(waiting.map(({ asked }) => asked.filter)).toEqual(['toky']);
  });

  test('a late answer to an older query never shows', async () => {
    const { browser, answer } = scripted();
    browser.change({ filter: 'old' });
    browser.change({ filter: 'new' });
    await answer(500, 9000);
    expect(browser.store.getState().rows.total).toBe(0);
    await answer(3);
    expect(browser.store.getState().rows.total).toBe(3);
    expect(browser.store.getState().rows.row(0)?.name).toBe('r0');
  });

  test('rows of the query before stay until the new ones are here, and a filter that cannot be read leaves them', async () => {
    const { browser, answer } = scripted();
    browser.change({ filter: 'a' });
    await answer(7);
    browser.change({ filter: '"a' });
    expect(browser.store.getState().rows.total).toBe(7);
    await answer(0, 0, { position: 0, code: 'unclosed-quote' });
    expect(browser.store.getState()).toMatchObject({ problem: { code: 'unclosed-quote' } });
    expect(browser.store.getState().rows.total).toBe(7);
  });

  test('rows that stay where a filter cannot be read are none that a key acts on, and more of them are found by the filter that found them', async () => {
    const { browser, answer } = scripted();
    browser.change({ filter: 'a' });
    await answer(100);
    browser.change({ filter: '"a' });
    const told = browser.whenAnswered();
    await answer(0, 0, { position: 0, code: 'unclosed-quote' });
    expect(await told).toBe(false);
    expect(await browser.whenAnswered()).toBe(false);
    browser.see(60, 80);
    expect(await answer(100)).toMatchObject({ filter: 'a', offset: 50 });
    expect(browser.store.getState()).toMatchObject({ problem: { code: 'unclosed-quote' } });
    expect(browser.store.getState().rows.row(60)?.name).toBe('r60');
    expect(await browser.whenAnswered()).toBe(false);
  });

  test('what a key does waits for the rows of what was typed, and is not done where something else was typed meanwhile', async () => {
    const { browser, answer } = scripted();
    browser.change({ filter: 'a' });
    await answer(7);
    expect(await browser.whenAnswered()).toBe(true);
    browser.change({ filter: 'ab' });
    const [overtaken, told] = [browser.whenAnswered(), [] as boolean[]];
    browser.change({ filter: 'abc' });
    expect(await overtaken).toBe(false);
    void browser.whenAnswered().then((same) => told.push(same));
    await answer(5);
    expect(told).toEqual([]);
    await answer(3);
    expect([told, browser.store.getState().rows.total]).toEqual([[true], 3]);
  });

  test('a press waits for the rows of what was typed, and is meant for its resource: it is dropped where that is not found, or something else is typed', async () => {
    const { browser, answer } = scripted();
    const pressed: string[] = [];
    const press = (name: number) => void browser.press(row(name), () => pressed.push(`r${name}`));
    browser.change({ filter: 'a' });
    await answer(7);
    press(2);
    expect(pressed).toEqual(['r2']);
    browser.change({ filter: 'ab' });
    press(3);
    press(6);
    expect(pressed).toEqual(['r2']);
    await answer(3, 2);
    expect(pressed).toEqual(['r2', 'r3']);
    browser.change({ filter: 'abc' });
    press(4);
    browser.change({ filter: 'abcd' });
    await answer(5);
    await answer(5);
    expect(pressed).toEqual(['r2', 'r3']);
    browser.change({ filter: '"abcd' });
    press(4);
    await answer(0, 0, { position: 0, code: 'unclosed-quote' });
    expect(pressed).toEqual(['r2', 'r3', 'r4']);
  });

  test('where a search fails, the rows of the one before do not stand for its answer; where only its rows were asked for again, they stay', async () => {
    const { browser, answer, waiting } = scripted();
    const fail = async () => {
      waiting.shift()?.answer({ ok: false, code: 'client.not-answered', args: {}, reference: null });
      await settled();
    };
    browser.change({ filter: 'a' });
    await answer(7);
    browser.refresh();
    await fail();
    expect(browser.store.getState()).toMatchObject({ rows: { total: 7 }, error: { code: 'client.not-answered' } });
    browser.change({ filter: 'ab' });
    await fail();
    expect(browser.store.getState()).toMatchObject({ rows: { total: 0 }, error: { code: 'client.not-answered' } });
  });

  test('scrolling asks for the pages that are seen, and only for those', async () => {
    const { browser, waiting, answer } = scripted();
    browser.change({ filter: '' });
    await answer(100_000);
    browser.see(0, 40);
    expect(waiting).toHaveLength(0);
    browser.see(50_190, 50_230);
    expect((await answer(100_000)).offset).toBe(50_150);
    expect((await answer(100_000)).offset).toBe(50_200);
    expect(browser.store.getState().rows.row(50_200)?.name).toBe('r50200');
    expect(waiting).toHaveLength(0);
  });

  test('a favourite shows at once, and is taken back where main refuses', async () => {
    const { browser, answer, favourite } = scripted();
    browser.change({ filter: '' });
    await answer(3);
    favourite.push({ ok: false, code: 'resource.unknown', args: {}, reference: null });
    const failures: (string | undefined)[] = [];
    const done = browser.setFavourite(row(1), true, (error) => void failures.push(error?.code));
    expect(browser.store.getState().rows.row(1)?.favourite).toBe(true);
    await done;
    expect(failures).toEqual([undefined, 'resource.unknown']);
    expect(browser.store.getState().rows.row(1)?.favourite).toBe(false);
  });

  test('the active row stays within the list', async () => {
    const { browser, answer } = scripted();
    browser.change({ filter: '' });
    await answer(5);
    browser.activate(99);
    expect(browser.store.getState().active).toEqual({ index: 4, id: row(4).id });
    browser.activate(-3);
    expect(browser.store.getState().active).toEqual({ index: 0, id: row(0).id });
  });

  test('the active row is a resource, wherever it stands after the list was sorted anew; one that has gone is no row, and another search begins at its first', async () => {
    const { browser, answer } = scripted();
    const active = () => {
      const { rows, active: place } = browser.store.getState();
      return [place.index, rows.rowOf(place)?.name];
    };
    browser.change({ filter: 'a' });
    await answer(8);
    browser.activate(3);
    browser.refresh();
    // Others have taken the places of all.
    await answer(10, 100);
    expect(active()).toEqual([3, undefined]);
    browser.refresh();
    await answer(10, 2);
    expect(active()).toEqual([1, 'r3']);
    browser.change({ filter: 'b' });
    await answer(4, 20);
    expect(active()).toEqual([0, 'r20']);
  });

  test('a row that has not come is active as soon as it comes', async () => {
    const { browser, answer } = scripted();
    browser.change({ filter: '' });
    await answer(120);
    browser.activate(119);
    browser.see(100, 119);
    await answer(120);
    expect(browser.store.getState().active).toEqual({ index: 119, id: row(119).id });
  });
});

describe('rows that have come', () => {
  test('what is far away is let go, so that scrolling through 100,000 rows keeps memory flat', () => {
    let rows = new RowWindow(100_000);
    for (let page = 0; page < 1000; page++) rows = rows.withPage(page, [row(page)], 100_000);
    const kept = Array.from({ length: 1000 }, (_, page) => rows.row(page * PAGE_ROWS)).filter((found) => found !== undefined);
    expect(kept.length).toBeLessThanOrEqual(20);
    expect(rows.row(999 * PAGE_ROWS)).toBeDefined();
  });
});
