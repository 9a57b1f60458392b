import { quoteTerm } from '../../shared/resources/filter.ts';

/** The term of the filter language that asks for a tag. */
export function tagTerm(tag: string): string {
  return `tag:${quoteTerm(tag)}`;
}

/** The terms of a filter's text as they were typed: apart by white space, quotes kept together. */
export function termsOf(filter: string): string[] {
  return filter.match(/(?:"[^"]*"?|[^\s"])+/g) ?? [];
}

/** The tags that a filter asks for by a term of their own (not excluded, not in a group). */
export function tagsIn(filter: string): string[] {
  return termsOf(filter)
    .filter((term) => /^tag:[^()|]+$/i.test(term) && !term.endsWith('*'))
    .map((term) => term.slice(4).replaceAll('"', '').toLowerCase());
}

/** The filter with the tag's term, or without it where it had it. */
export function toggleTag(filter: string, tag: string): string {
  const terms = termsOf(filter);
  const wanted = tag.toLowerCase();
  const without = terms.filter((term) => !(/^tag:/i.test(term) && term.slice(4).replaceAll('"', '').toLowerCase() === wanted));
  return (without.length < terms.length ? without : [...terms, tagTerm(tag)]).join(' ');
}
