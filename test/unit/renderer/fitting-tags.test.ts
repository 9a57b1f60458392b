import { describe, expect, test } from 'vitest';
import { fittingTags } from '../../../src-renderer/resources/fitting-tags.ts';

describe('tags that have room', () => {
  test('all where all fit to the pixel, without room for a count', () => {
    expect(fittingTags([50, 50, 50], 158)).toBe(3);
    expect(fittingTags([], 0)).toBe(0);
  });

  test('as many whole ones as leave room for the count of the others', () => {
    expect(fittingTags([50, 50, 50], 157)).toBe(2);
    expect(fittingTags([50, 50, 50, 50], 150)).toBe(2);
    expect(fittingTags([50, 50, 50, 50], 149)).toBe(1);
  });

  test('at least one, which may be too long', () => {
    expect(fittingTags([300, 20], 100)).toBe(1);
    expect(fittingTags([300, 20], 0)).toBe(1);
  });
});
