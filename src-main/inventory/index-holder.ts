import type { ListedResource } from '../../shared/api/resources.ts';
import { SearchIndex } from '../../shared/resources/search-index.ts';
import type { IndexAnswer, IndexRequest } from './index-worker-contract.ts';
import { ResourceQueries } from './resource-query.ts';

/** Holds the index and answers; runs in a thread of its own, so that preparing 100,000 resources and searching in them never holds up main. */
export class IndexHolder {
  readonly #queries = new ResourceQueries();
  #builder = SearchIndex.builder<ListedResource>();

  answer(request: IndexRequest): IndexAnswer {
    switch (request.kind) {
      case 'add':
        this.#builder.add(request.items);
        return this.#done();
      case 'finish':
        this.#queries.setIndex(this.#builder.finish());
        this.#builder = SearchIndex.builder<ListedResource>();
        return this.#done();
      case 'discard':
        this.#builder = SearchIndex.builder<ListedResource>();
        return this.#done();
      case 'clear':
        this.#builder = SearchIndex.builder<ListedResource>();
        this.#queries.setIndex(SearchIndex.of<ListedResource>([]));
        return this.#done();
      case 'marks':
        this.#queries.setMarks({ favourites: new Set(request.favourites), lastUsedAt: new Map(request.lastUsedAt) });
        return this.#done();
      case 'query':
        return { kind: 'result', result: this.#queries.query(request.query) };
      case 'find':
        return { kind: 'found', resource: this.#queries.find(request.id) ?? null };
      default:
        return request satisfies never;
    }
  }

  #done(): IndexAnswer {
    return { kind: 'done', size: this.#queries.size };
  }
}
