import { ResourceQueries } from '../../../src-main/inventory/resource-query.ts';
import { SearchIndex } from '../../../shared/resources/search-index.ts';
import { madeResources } from './made-resources.ts';

/** Answers the resource browser's questions in a thread of its own, as main's index thread does. */
const queries = new ResourceQueries();
const scope: { onmessage: unknown; postMessage: (message: unknown) => void } = globalThis;

scope.onmessage = ({ data }: MessageEvent) => {
  if ('count' in data) {
    queries.setIndex(SearchIndex.of(madeResources(data.count)));
    scope.postMessage({ ready: true });
    return;
  }
  queries.setMarks({ favourites: new Set(data.favourites), lastUsedAt: new Map(data.lastUsedAt) });
  scope.postMessage({ id: data.id, result: queries.query(data.query) });
};
