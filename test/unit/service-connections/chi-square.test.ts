import { describe, expect, test } from 'vitest';
import { uniformity } from '../../fixtures/chi-square.ts';

describe('the chi-square test that the proofs of the choice use', () => {
  // Critical values of the chi-square distribution as tables print them (NIST/SEMATECH e-Handbook, 1.3.6.7.4).
  test.each([
    [1, 3.841, 0.05], [1, 10.828, 0.001], [2, 5.991, 0.05], [2, 13.816, 0.001], [4, 9.488, 0.05], [4, 18.467, 0.001], [9, 16.919, 0.05], [9, 27.877, 0.001],
  ])('%i degrees of freedom, statistic %f: p = %f', (freedom, statistic, p) => {
    // Two counts off the mean by the same amount give the statistic wanted: 2·d²/expected.
    const expected = 1_000_000;
    const off = Math.sqrt((statistic * expected) / 2);
    expect(uniformity([expected + off, expected - off, ...Array.from({ length: freedom - 1 }, () => expected)])).toBeCloseTo(p, p < 0.01 ? 5 : 4);
  });

  test('equal counts are as likely as can be, and one category that is never drawn is not', () => {
    expect(uniformity([100, 100, 100])).toBe(1);
    expect(uniformity([200, 200, 0])).toBeLessThan(1e-30);
    expect(() => uniformity([5])).toThrow(RangeError);
  });
});
