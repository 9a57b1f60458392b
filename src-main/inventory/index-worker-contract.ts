import type { ListedResource } from '../../shared/api/resources.ts';
import type { ResourceQuery, ResourceQueryResult } from './resource-query.ts';

/** What main asks of the thread that holds the index. Answers come in the order of the questions, under their number. */
export type IndexRequest =
  /** More resources of an inventory that is being loaded; the index that answers stays the old one until `finish`. */
  | { readonly kind: 'add'; readonly items: readonly ListedResource[] }
  /** The inventory is whole: it answers from now on. */
  | { readonly kind: 'finish' }
  /** What has been added since the last `finish` is not wanted. */
  | { readonly kind: 'discard' }
  /** Nothing is known any more. */
  | { readonly kind: 'clear' }
  | { readonly kind: 'marks'; readonly favourites: readonly string[]; readonly lastUsedAt: readonly (readonly [string, number])[] }
  | { readonly kind: 'query'; readonly query: ResourceQuery }
  | { readonly kind: 'find'; readonly id: string };

export type IndexAnswer =
  | { readonly kind: 'done'; readonly size: number }
  | { readonly kind: 'result'; readonly result: ResourceQueryResult }
  | { readonly kind: 'found'; readonly resource: ListedResource | null }
  | { readonly kind: 'failed'; readonly name: string };

export interface NumberedRequest {
  readonly number: number;
  readonly request: IndexRequest;
}
export interface NumberedAnswer {
  readonly number: number;
  readonly answer: IndexAnswer;
}
