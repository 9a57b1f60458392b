import fc from 'fast-check';
import { expect, test } from 'vitest';
import { storableText } from '../../../shared/storable-text.ts';

test.each([
  ['A\0B', 10, 'AB'],
  ['x\uD83D', 10, 'x\uFFFD'],
  ['\uDE00x', 10, '\uFFFDx'],
  ['ab😀', 3, 'ab'],
  ['ab😀', 4, 'ab😀'],
  ['a\0b', 2, 'ab'],
  ['日本', 1, '日'],
])('%j cut to %d letters is kept as %j', (text, most, kept) => {
  expect(storableText(text, most)).toBe(kept);
});

test('any text is kept as one that a database takes, never longer than asked; what it takes already stays', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)) }), fc.nat(20), (text, most) => {
      const kept = storableText(text, most);
      expect(kept.length).toBeLessThanOrEqual(most);
      expect(kept.isWellFormed() && !kept.includes('\0')).toBe(true);
      expect(storableText(kept, most)).toBe(kept);
    }),
  );
});
