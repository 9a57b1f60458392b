import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { SegmentState } from '../../../shared/api/gateways.ts';
import { availabilityOf, bySegment, noTunnel } from '../../../src-main/inventory/availability.ts';
import { MarkedResources } from '../../../src-main/inventory/resource-marks.ts';

function marked() {
  const written: unknown[] = [];
  let now = 1000;
  const marks = new MarkedResources({ write: async (value) => void written.push(structuredClone(value)) }, () => (now += 1));
  return { marks, written };
}

describe('favourites and recent resources', () => {
  test('a favourite is kept in the file at once, and taken out of it', async () => {
    const { marks, written } = marked();
    const id = randomUUID();
    await marks.setFavourite('one', id, true);
    expect(written.at(-1)).toEqual({ profiles: { one: { favourites: [id], recent: [] } } });
    await marks.setFavourite('one', id, false);
    expect(written.at(-1)).toEqual({ profiles: { one: { favourites: [], recent: [] } } });
  });

  test('one profile’s are not another’s', async () => {
    const { marks } = marked();
    await marks.setFavourite('one', randomUUID(), true);
    expect(marks.of('other').favourites.size).toBe(0);
  });

  test('favourites end at 2,000, so that the file stays readable and small', async () => {
    const { marks, written } = marked();
    const ids = Array.from({ length: 2001 }, () => randomUUID());
    for (const id of ids) await marks.setFavourite('one', id, true);
    expect(marks.of('one').favourites.size).toBe(2000);
    const again = new MarkedResources({ write: async () => undefined }, () => 0);
    again.load(written.at(-1), { info: () => undefined, warn: () => undefined, error: () => undefined });
    expect(again.of('one').favourites.size).toBe(2000);
  });

  test('what is used again moves to the end, and of more than a hundred the oldest go', async () => {
    const { marks } = marked();
    const ids = Array.from({ length: 101 }, () => randomUUID());
    const [first = '', second = '', third = ''] = ids;
    for (const id of ids.slice(0, 100)) await marks.noteUse('one', id);
    await marks.noteUse('one', first);
    await marks.noteUse('one', ids[100] ?? '');
    const kept = [...marks.of('one').lastUsedAt.keys()];
    expect(kept).toHaveLength(100);
    expect(kept.slice(-2)).toEqual([first, ids[100]]);
    expect(kept).not.toContain(second);
    expect(kept[0]).toBe(third);
  });
});

describe('whether a gateway would be found', () => {
  const state = (segment: string | null, available: number, known = true): SegmentState => ({ segment, total: 2, available, known, confirmedAt: null });
  const states = bySegment([state(null, 3), state('gateway-aws', 1), state('gateway-gcp', 0)]);

  test.each([
    ['S6: an untagged resource goes by all gateways', [], 'available'],
    ['S8: a tag by those of its segment', ['gateway-aws'], 'available'],
    ['a segment without one says so', ['gateway-gcp'], 'none-available'],
    ['S47: several tags are the union', ['gateway-gcp', 'gateway-aws'], 'available'],
    ['rule 6: a tag that names no segment never falls back to another one', ['gateway-aws', 'gateway-nowhere'], 'none-available'],
    ['rule 6: nor to all', ['gateway-nowhere'], 'none-available'],
  ] as const)('%s', (_, segments, expected) => {
    expect(availabilityOf(segments, states, noTunnel)).toBe(expected);
  });

  test.each([
    ['S17, S22: untagged, no default Gateway', [], false, 'no-default-gateway'],
    ['S17, S31: tagged, its segment has one, no default Gateway: never past it', ['gateway-aws'], false, 'no-default-gateway'],
    ['S22: untagged, by a default Gateway, whatever the others are', [], true, 'available'],
    ['S31: tagged, behind a default Gateway', ['gateway-aws'], true, 'available'],
    ['S31: tagged, behind a default Gateway none of its segment', ['gateway-gcp'], true, 'none-available'],
  ] as const)('where Tunnel applies: %s', (_, segments, available, expected) => {
    expect(availabilityOf(segments, states, { applies: true, available })).toBe(expected);
    expect(availabilityOf(segments, states, { applies: false, available })).toBe(availabilityOf(segments, states, noTunnel));
  });

  test('before any state has come nothing is claimed', () => {
    expect(availabilityOf([], new Map(), noTunnel)).toBe('unknown');
  });
});
