import { describe, expect, test } from 'vitest';
import { arrangedAnew, type FileSelection, listedAnew, NOTHING_SELECTED } from '../../../src-renderer/files/file-selection.ts';

const BEFORE = ['a', 'c', 'e', 'g'];
/** `c` and `e` are selected by a range whose end, where the keyboard stands, is `e`. */
const range: FileSelection = { names: new Set(['c', 'e']), anchor: 1, active: 2 };

const anew = (after: readonly string[], selection: FileSelection = range, before: readonly string[] = BEFORE): [string[], string | undefined, string | undefined] => {
  const { names, active, anchor } = listedAnew(selection, before, after, after.map((name) => ({ name })));
  return [[...names], after[active], after[anchor]];
};

describe('S20: what is selected in a folder that is listed anew', () => {
  test.each([
    ['more have come', ['0', 'a', 'b', 'c', 'd', 'e', 'g'], [['c', 'e'], 'e', 'c']],
    ['where one stands has gone: the next', ['a', 'c', 'g'], [['c'], 'g', 'c']],
    ['it and all after it have gone: the last', ['a', 'c'], [['c'], 'c', 'c']],
    ['all are others', ['x', 'y', 'z'], [[], 'z', 'y']],
    ['none is left', [], [[], undefined, undefined]],
  ])('%s', (_what, after, expected) => {
    expect(anew(after)).toEqual(expected);
  });

  test('in an empty folder one stands at the beginning of what comes', () => {
    expect(anew(['x', 'y'], NOTHING_SELECTED, [])).toEqual([[], 'x', 'x']);
  });

  test('what a filter hides stays selected', () => {
    expect([...listedAnew(range, ['a', 'e'], ['a', 'e'], ['a', 'c', 'e'].map((name) => ({ name }))).names]).toEqual(['c', 'e']);
  });

  test('in another order one stands on what is selected; where that is hidden, or nothing is selected, at the same place', () => {
    expect(arrangedAnew(range, BEFORE, ['g', 'e', 'c', 'a'])).toEqual({ ...range, active: 1, anchor: 1 });
    expect(arrangedAnew(range, BEFORE, ['a', 'c'])).toBe(range);
    expect(arrangedAnew(NOTHING_SELECTED, BEFORE, ['g', 'e', 'c', 'a'])).toBe(NOTHING_SELECTED);
  });
});
