import { describe, expect, test } from 'vitest';
import { MeasureAllowance } from '../../../src-gateway/proxy-port/measure-allowance.ts';
import { ManualClock } from '../../fixtures/manual-clock.ts';

describe('how often lines are measured', () => {
  const made = () => {
    const clock = new ManualClock();
    return { clock, allowance: new MeasureAllowance(clock, (thumbprint) => thumbprint === 'known') };
  };

  test('strangers of all addresses together: 32 at once, then eight a second; they keep nobody who is known from it', () => {
    const { clock, allowance } = made();
    const flood = (count: number, from: number): number[] => Array.from({ length: count }, (_none, one) => allowance.take({ thumbprint: `key ${one}`, address: `10.${from}.${Math.floor(one / 200)}.${one % 200}` }));
    expect(flood(200, 1).filter((wait) => wait === 0)).toHaveLength(32);
    expect(flood(1, 2)).toEqual([1]);
    expect(allowance.take({ thumbprint: 'known', address: '10.1.0.1' })).toBe(0);
    clock.advance(1000);
    expect(flood(200, 3).filter((wait) => wait === 0)).toHaveLength(8);
  });

  test('who is refused is not counted once more, and is told how long to wait', () => {
    const { clock, allowance } = made();
    const ask = () => allowance.take({ thumbprint: 'known', address: '10.0.0.1' });
    expect(Array.from({ length: 8 }, ask)).toEqual([0, 0, 0, 0, 4, 4, 4, 4]);
    clock.advance(4000);
    expect([ask(), ask()]).toEqual([0, 4]);
  });

  test('the /64 of an IPv6 address is one address', () => {
    const { allowance } = made();
    const waits = Array.from({ length: 9 }, (_none, one) => allowance.take({ thumbprint: `key ${one}`, address: `2001:db8::${one}` }));
    expect(waits).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 1]);
  });

  test('however many keys there were, 10,000 are counted: the one that was longest not seen begins anew, the last ones do not', () => {
    const allowance = new MeasureAllowance(new ManualClock(), () => true);
    const ask = (key: number) => allowance.take({ thumbprint: `key ${key}`, address: '10.0.0.1' });
    const use = (key: number): number[] => Array.from({ length: 5 }, () => ask(key));
    expect(use(0).at(-1)).toBe(4);
    expect(use(1).at(-1)).toBe(4);
    for (let key = 2; key < 10_000; key += 1) ask(key);
    expect([ask(0), ask(10_000), ask(1), ask(0)]).toEqual([4, 0, 0, 4]);
  });
});
