import { describe, expect, test } from 'vitest';
import { tagsIn, termsOf, toggleTag } from '../../../src-renderer/resources/filter-text.ts';

describe('tags in the search field', () => {
  test('a chip adds its term and takes it out again, and leaves the other words alone', () => {
    expect(toggleTag('', 'gateway-aws')).toBe('tag:gateway-aws');
    expect(toggleTag('os:linux  "two words"', 'env:prod')).toBe('os:linux "two words" tag:env:prod');
    expect(toggleTag('os:linux TAG:Env:Prod web', 'env:prod')).toBe('os:linux web');
  });

  test('a tag with signs of the language is quoted and found again', () => {
    const filter = toggleTag('', 'a(b)');
    expect(filter).toBe('tag:"a(b)"');
    expect(toggleTag(filter, 'a(b)')).toBe('');
  });

  test('only tags asked for plainly count as chosen: not excluded ones, groups or prefixes', () => {
    expect(tagsIn('tag:one -tag:two (tag:three) tag:gateway-* tag:Four')).toEqual(['one', 'four']);
  });

  test('quotes keep a term together, closed or not', () => {
    expect(termsOf('a "b c" tag:"d e" "f')).toEqual(['a', '"b c"', 'tag:"d e"', '"f']);
  });
});
