import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isSegmentTag } from '../../../shared/api/resources.ts';
import { type Filter, parseFilter } from '../../../shared/resources/filter.ts';
import { SearchIndex, type SearchableResource } from '../../../shared/resources/search-index.ts';

function makeResource(number: number, changes: Partial<SearchableResource> = {}): SearchableResource {
  return { id: `id-${number}`, name: `server-${number}`, address: `10.0.0.${number}`, description: '', operatingSystem: 'linux', protocols: ['ssh'], tags: [], ...changes };
}

/** What the language says, resource by resource: the index must agree with it. */
function matchesPlainly(resource: SearchableResource, filter: Filter): boolean {
  switch (filter.kind) {
    case 'all': return true;
    case 'and': return filter.parts.every((part) => matchesPlainly(resource, part));
    case 'or': return filter.parts.some((part) => matchesPlainly(resource, part));
    case 'not': return !matchesPlainly(resource, filter.part);
    case 'word': return [resource.name, resource.address, resource.description, ...resource.tags].some((text) => text.toLowerCase().includes(filter.text));
    case 'text': return resource[filter.field].toLowerCase().includes(filter.text);
    case 'tag': return resource.tags.some((tag) => (filter.prefix ? tag.startsWith(filter.text) : tag === filter.text));
    case 'operating-system': return resource.operatingSystem === filter.text;
    case 'protocol': return resource.protocols.includes(filter.text);
    case 'tagged': return resource.tags.some(isSegmentTag) === filter.tagged;
    default: return filter satisfies never;
  }
}

const letters = fc.string({ unit: fc.constantFrom(...'abcé日本-'), maxLength: 6 });
const tag = fc.constantFrom('gateway-a', 'gateway-b', 'env:prod', 'test');
const resources = fc.uniqueArray(
  fc.record({ id: fc.uuid(), name: letters, address: letters, description: letters, operatingSystem: fc.constantFrom('linux', 'windows'), protocols: fc.subarray(['ssh', 'rdp']), tags: fc.uniqueArray(tag) }),
  { selector: ({ id }) => id, maxLength: 70 },
);
const filters: fc.Arbitrary<Filter> = fc.letrec<{ filter: Filter }>((tie) => ({
  filter: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constant<Filter>({ kind: 'all' }),
    fc.string({ unit: fc.constantFrom(...'abcé日本-'), minLength: 1, maxLength: 4 }).map((text): Filter => ({ kind: 'word', text })),
    letters.map((text): Filter => ({ kind: 'text', field: 'name', text })),
    fc.record({ kind: fc.constant('tag' as const), text: fc.constantFrom('gateway-a', 'gateway-', 'nothing'), prefix: fc.boolean() }),
    fc.constantFrom<Filter>({ kind: 'operating-system', text: 'linux' }, { kind: 'protocol', text: 'rdp' }, { kind: 'tagged', tagged: true }, { kind: 'tagged', tagged: false }),
    fc.array(tie('filter'), { minLength: 1, maxLength: 3 }).map((parts): Filter => ({ kind: 'and', parts })),
    fc.array(tie('filter'), { minLength: 1, maxLength: 3 }).map((parts): Filter => ({ kind: 'or', parts })),
    tie('filter').map((part): Filter => ({ kind: 'not', part })),
  ),
})).filter;

describe('search index', () => {
  test('finds exactly what the filter language says, for any resources and filters', () => {
    fc.assert(
      fc.property(resources, fc.array(filters, { minLength: 1, maxLength: 4 }), (items, several) => {
        const index = SearchIndex.of(items);
        for (const filter of several) {
          const found = index.page(index.match(filter), 0, items.length).map(({ id }) => id);
          expect(found.toSorted()).toEqual(items.filter((item) => matchesPlainly(item, filter)).map(({ id }) => id).toSorted());
        }
      }),
    );
  });

  test('a word typed letter by letter finds what the whole word finds', () => {
    const items = Array.from({ length: 200 }, (_, number) => makeResource(number, { description: number % 7 === 0 ? 'Tokyo' : 'Osaka' }));
    const index = SearchIndex.of(items);
    for (const text of ['t', 'to', 'tok', 'toky']) index.match({ kind: 'word', text });
    expect(index.match({ kind: 'word', text: 'tokyo' }).count()).toBe(29);
  });

  test('gives pages in the order of names, each resource once', () => {
    const index = SearchIndex.of(Array.from({ length: 100 }, (_, number) => makeResource((number * 37) % 100)));
    const all = index.match({ kind: 'all' });
    const paged = [0, 30, 60, 90].flatMap((offset) => index.page(all, offset, 30)).map(({ name }) => name);
    expect(paged).toEqual(paged.toSorted());
    expect(new Set(paged).size).toBe(100);
  });

  test('counts the tags of what was found, most frequent first', () => {
    const index = SearchIndex.of([makeResource(1, { tags: ['b', 'a'] }), makeResource(2, { tags: ['b'] }), makeResource(3, { tags: ['c'], operatingSystem: 'windows' })]);
    const parsed = parseFilter('os:linux');
    expect(parsed.ok && index.tagCounts(index.match(parsed.filter), 10)).toEqual([{ tag: 'b', count: 2 }, { tag: 'a', count: 1 }]);
  });

  test('changes give the same index as building it anew', () => {
    fc.assert(
      fc.property(resources, resources, fc.nat(), (before, changed, skip) => {
        const removed = before.filter((_, position) => position % 3 === skip % 3).map(({ id }) => id);
        const next = SearchIndex.of(before).withChanges(changed, removed);
        const kept = before.filter(({ id }) => !removed.includes(id) && !changed.some((item) => item.id === id));
        const anew = SearchIndex.of([...kept, ...changed]);
        expect(next.page(next.match({ kind: 'all' }), 0, 1000)).toEqual(anew.page(anew.match({ kind: 'all' }), 0, 1000));
      }),
    );
  });
});
