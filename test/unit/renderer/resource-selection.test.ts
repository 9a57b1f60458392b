import { describe, expect, test } from 'vitest';
import { MAX_RETAGGED } from '../../../shared/api/resources.ts';
import { resourceId } from '../../../shared/ids.ts';
import type { ResourceRow } from '../../../shared/ipc/contract.ts';
import { readResourceDraft } from '../../../src-renderer/resources/resource-form.tsx';
import { ResourceSelection } from '../../../src-renderer/resources/resource-selection.ts';
import { RowWindow } from '../../../src-renderer/resources/row-window.ts';

const row = (number: number): ResourceRow => ({
  id: resourceId.parse(`00000000-0000-4000-8000-${String(number).padStart(12, '0')}`), name: `r${number}`, address: '10.0.0.1', protocols: ['ssh'], allowedProtocols: ['ssh'], operatingSystem: 'linux', description: '', tags: [], favourite: false, lastUsedAt: null, segments: [], availability: 'available',
});
const query = { filter: '', only: 'all', sort: 'name' } as const;

/** A place, and rows of which none has come. */
const at = (index: number) => ({ index, id: row(index).id });
const noRows = new RowWindow(100_000);

/** A selection over so many resources, the first of them `first`; `asked` counts the rows that main was asked for. */
function selectionOf(total: number, first = 0) {
  const asked: number[] = [];
  const selection = new ResourceSelection({
    resources: {
      query: async ({ offset, limit }) => {
        asked.push(limit);
        return { ok: true, value: { rows: Array.from({ length: Math.max(0, Math.min(limit, total - offset)) }, (_, index) => row(first + offset + index)), total, tags: [], filterProblem: null } };
      },
      setFavourite: async () => ({ ok: true, value: {} }),
    },
  });
  const numbers = () => [...selection.store.getState().ids].map((id) => Number(id.slice(-12)));
  return { selection, numbers, asked };
}

describe('S37: several resources are selected for one change', () => {
  test('one by one, and out again', () => {
    const { selection, numbers } = selectionOf(10);
    selection.toggle(3, row(3));
    selection.toggle(5, row(5));
    selection.toggle(3, row(3));
    expect(numbers()).toEqual([5]);
    selection.clear();
    expect(numbers()).toEqual([]);
  });

  test('a range from where the last one began, in both directions, also over rows that are not loaded', async () => {
    const { selection, numbers } = selectionOf(2000);
    selection.toggle(700, row(700));
    await selection.extendTo(at(702), query, noRows);
    expect(numbers()).toEqual([700, 701, 702]);
    await selection.extendTo(at(698), query, noRows);
    expect(numbers()).toEqual([698, 699, 700]);
  });

  test('all that is found, up to what one change takes, and it says so', async () => {
    const { selection, numbers, asked } = selectionOf(100_000);
    await selection.selectAll(query, 100_000);
    expect(numbers()).toHaveLength(MAX_RETAGGED);
    expect(selection.store.getState().bounded).toBe(true);
    expect(asked).toEqual([500, 500]);
    selection.toggle(5000, row(5000));
    expect(numbers()).toHaveLength(MAX_RETAGGED);
    await selection.selectAll(query, 7);
    expect(selection.store.getState()).toMatchObject({ bounded: false });
    expect(numbers()).toHaveLength(7);
  });

  test('a range begins and ends at resources, wherever they stand by now; where main has others at its ends, nothing is selected that was not chosen', async () => {
    // Two came above since the rows that are shown were asked for.
    const { selection, numbers } = selectionOf(50, 98);
    selection.toggle(3, row(103));
    await selection.extendTo({ index: 5, id: row(105).id }, query, noRows);
    expect(numbers()).toEqual([103]);
    // The list has followed: the same resources stand two places on.
    const shown = new RowWindow(50).withPage(0, Array.from({ length: 50 }, (_, index) => row(98 + index)), 50);
    await selection.extendTo({ index: 7, id: row(105).id }, query, shown);
    expect(numbers()).toEqual([103, 104, 105]);
    await selection.extendTo({ index: 2, id: row(100).id }, query, shown);
    expect(numbers()).toEqual([100, 101, 102, 103]);
  });

  test('a resource that is taken out while a range is on its way stays out', async () => {
    const { selection, numbers } = selectionOf(10);
    await selection.selectAll(query, 4);
    const selecting = selection.extendTo(at(5), query, noRows);
    selection.toggle(2, row(2));
    await selecting;
    expect(numbers()).toEqual([0, 1, 3]);
  });

  test('a range that grows before main has answered begins where it began', async () => {
    const { selection, numbers } = selectionOf(10);
    selection.beginAt(at(2));
    const first = selection.extendTo(at(3), query, noRows);
    selection.beginAt(at(3));
    await Promise.all([first, selection.extendTo(at(4), query, noRows)]);
    expect(numbers()).toEqual([2, 3, 4]);
  });

  test('an answer that comes after the selection was cleared selects nothing', async () => {
    const { selection, numbers } = selectionOf(10);
    const selecting = selection.selectAll(query, 10);
    selection.clear();
    await selecting;
    expect(numbers()).toEqual([]);
  });
});

describe('a resource as it is typed', () => {
  const draft = { name: 'web-1', address: '10.0.0.1', operatingSystem: 'linux', ports: { ssh: '22', rdp: '3389' }, description: '', credentialId: null, tags: ['gateway-aws'], allowUnencryptedTunnel: false } as const;
  test('S37: is read with its tags and its protocols', () => {
    expect(readResourceDraft(draft)).toEqual({ ok: true, fields: { name: 'web-1', address: '10.0.0.1', operatingSystem: 'linux', protocols: [{ protocol: 'ssh', port: 22 }, { protocol: 'rdp', port: 3389 }], description: '', credentialId: null, tags: ['gateway-aws'], allowUnencryptedTunnel: false } });
  });
  test.each([['name', { name: ' ' }], ['address', { address: 'a b' }], ['protocols', { ports: {} }], ['protocols', { ports: { ssh: '0' } }], ['protocols', { ports: { ssh: 'x' } }]])('what is wrong is told at its field: %s', (field, changes) => {
    const read = readResourceDraft({ ...draft, ...changes });
    expect(read.ok ? [] : [...read.wrong]).toEqual([field]);
  });
});
