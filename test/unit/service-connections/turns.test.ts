import { expect, test } from 'vitest';
import { Turns } from '../../../src-service/gateways/turns.ts';

test('so many run at once, the others in order, and a failure ends a turn like a success', async () => {
  const turns = new Turns(2);
  let [running, most] = [0, 0];
  const begun: number[] = [];
  const one = (number: number) => async (): Promise<number> => {
    begun.push(number);
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    if (number === 1) throw new Error('failed');
    return number;
  };
  const outcomes = await Promise.allSettled([0, 1, 2, 3, 4].map((number) => turns.take(one(number))));
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled', 'fulfilled']);
  expect([begun, most, running]).toEqual([[0, 1, 2, 3, 4], 2, 0]);
  expect(await turns.take(one(5))).toBe(5);
});
