import { describe, expect, test } from 'vitest';
import { type ResourceSummary, resourceSummary } from '../../../shared/api/resources.ts';
import type { SegmentState } from '../../../shared/api/gateways.ts';
import { SearchIndex } from '../../../shared/resources/search-index.ts';
import { availabilityOf, bySegment, noTunnel } from '../../../src-main/inventory/availability.ts';
import { type ResourceQuery, ResourceQueries } from '../../../src-main/inventory/resource-query.ts';

const uuid = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
function makeResource(number: number, changes: Partial<ResourceSummary> = {}): ResourceSummary {
  return resourceSummary.parse({ id: uuid(number), name: `web-${String(number).padStart(6, '0')}`, address: `10.0.${Math.floor(number / 256)}.${number % 256}`, protocols: ['ssh'], operatingSystem: 'linux', description: '', tags: [], ...changes });
}
const query = (changes: Partial<ResourceQuery> = {}): ResourceQuery => ({ filter: '', sort: 'name', offset: 0, limit: 100, only: 'all', ...changes });
function queries(items: ResourceSummary[], favourites: number[] = [], used: [number, number][] = []): ResourceQueries {
  const made = new ResourceQueries();
  made.setIndex(SearchIndex.of(items));
  made.setMarks({ favourites: new Set(favourites.map(uuid)), lastUsedAt: new Map(used.map(([number, at]) => [uuid(number), at])) });
  return made;
}
const names = (result: { rows: ResourceSummary[] }): string[] => result.rows.map(({ name }) => name);

describe('queries of the resource browser', () => {
  const items = [
    makeResource(1, { name: 'alpha', address: '10.0.0.10', tags: ['gateway-aws'] }),
    makeResource(2, { name: 'beta', address: '10.0.0.9', tags: ['gateway-aws', 'test'] }),
    makeResource(3, { name: 'gamma', address: '10.0.0.100', operatingSystem: 'windows' }),
    makeResource(4, { name: 'delta', address: '9.0.0.1' }),
  ];

  test('S29: the filter language chooses, with the total and the tags of what it found', () => {
    const result = queries(items).query(query({ filter: 'tag:gateway-aws os:linux -tag:test' }));
    expect(names(result)).toEqual(['alpha']);
    expect(result).toMatchObject({ total: 1, tags: [{ tag: 'gateway-aws', count: 1 }], filterProblem: null });
  });

  test('a filter that cannot be read says where', () => {
    expect(queries(items).query(query({ filter: 'web "open' }))).toEqual({ rows: [], total: 0, tags: [], filterProblem: { position: 4, code: 'unclosed-quote' } });
  });

  test('sorts by name, by address as numbers, favourites first, most recent first', () => {
    const marked = queries(items, [3], [[2, 100], [4, 200]]);
    expect(names(marked.query(query()))).toEqual(['alpha', 'beta', 'delta', 'gamma']);
    expect(names(marked.query(query({ sort: 'address' })))).toEqual(['delta', 'beta', 'alpha', 'gamma']);
    expect(names(marked.query(query({ sort: 'favourite' })))).toEqual(['gamma', 'alpha', 'beta', 'delta']);
    expect(names(marked.query(query({ sort: 'recent' })))).toEqual(['delta', 'beta', 'alpha', 'gamma']);
  });

  test.each(['name', 'address', 'favourite', 'recent'] as const)('pages in the order of %s hold each resource once', (sort) => {
    const many = queries(Array.from({ length: 57 }, (_unused, number) => makeResource(number)), [5, 7, 50], [[9, 1], [5, 2]]);
    const pages = [0, 10, 20, 30, 40, 50].flatMap((offset) => names(many.query(query({ sort, offset, limit: 10 }))));
    expect(pages).toEqual(names(many.query(query({ sort, limit: 500 }))));
    expect(new Set(pages).size).toBe(57);
  });

  test('only favourites, only recent', () => {
    const marked = queries(items, [3, 99], [[2, 100], [4, 200]]);
    expect(names(marked.query(query({ only: 'favourites' })))).toEqual(['gamma']);
    expect(names(marked.query(query({ only: 'recent' })))).toEqual(['delta', 'beta']);
  });
});

describe('whether a gateway would be found (S6, S8, S13)', () => {
  const state = (segment: string | null, available: number, known = true): SegmentState => ({ segment, known, total: 2, available, confirmedAt: null });
  test.each([
    ['an untagged resource, any gateway', [], [state(null, 1)], 'available'],
    ['an untagged resource, no gateway', [], [state(null, 0)], 'none-available'],
    ['a tagged resource, its segment', ['gateway-aws'], [state('gateway-aws', 1), state(null, 0)], 'available'],
    ['a tagged resource whose segment is down, though others are up', ['gateway-aws'], [state('gateway-aws', 0), state(null, 3)], 'none-available'],
    ['two segments, one is up', ['gateway-aws', 'gateway-gcp'], [state('gateway-aws', 0), state('gateway-gcp', 1)], 'available'],
    ['a tag that names no segment', ['gateway-gone'], [state('gateway-gone', 0, false), state(null, 3)], 'none-available'],
    ['a tag that is not among the segments told', ['gateway-gone'], [state(null, 3)], 'none-available'],
    ['nothing told yet', ['gateway-aws'], [], 'unknown'],
  ] as const)('%s', (_what, segments, states, expected) => {
    expect(availabilityOf(segments, bySegment(states), noTunnel)).toBe(expected);
  });
});
