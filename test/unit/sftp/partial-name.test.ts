import { expect, test } from 'vitest';
import { isPartialName, partialName } from '../../../src-main/files/partial-name.ts';

const facts = { size: 12, modifiedAtSeconds: 1_700_000_000 };

test('a part is known by its name, and is of one file of one size and time', () => {
  const part = partialName('report.txt', facts);
  expect(part).toMatch(/^\.report\.txt\.[0-9a-f]{12}\.mavis-part$/);
  expect(isPartialName(part)).toBe(true);
  expect(isPartialName('report.txt')).toBe(false);
  expect(partialName('report.txt', { ...facts, size: 13 })).not.toBe(part);
});

test.each(['x'.repeat(255), '名'.repeat(85), '\u{1f600}'.repeat(63), `${'a'.repeat(214)}é.txt`])('a name as long as file systems take has a part that they take too, and another name has another (%#)', (name) => {
  const part = partialName(name, facts);
  expect(Buffer.byteLength(part)).toBeLessThanOrEqual(255);
  expect(isPartialName(part)).toBe(true);
  expect(part).not.toMatch(/\ufffd/);
  expect(partialName(`${name.slice(0, -2)}zz`, facts)).not.toBe(part);
});
