import { expect, test } from 'vitest';
import { PictureWatch } from '../../../src-gateway/vnc/picture-watch.ts';
import { ManualClock } from '../../fixtures/manual-clock.ts';

function watched() {
  const clock = new ManualClock();
  let asks = 0;
  const watch = new PictureWatch(clock, () => {
    asks += 1;
  });
  watch.start();
  return { clock, watch, asks: () => asks };
}

test('rule 19: a client that asks for no picture has it asked for by the gateway, again after each that comes', () => {
  const { clock, watch, asks } = watched();
  clock.advance(1000);
  expect(asks()).toBe(1);
  clock.advance(10_000);
  expect(asks()).toBe(1);
  watch.updated();
  clock.advance(1000);
  expect(asks()).toBe(2);
  watch.stop();
  watch.updated();
  clock.advance(60_000);
  expect(asks()).toBe(2);
});

test('one that asks by itself, or has pictures come as they are, is left alone', () => {
  const { clock, watch, asks } = watched();
  for (let pictures = 0; pictures < 5; pictures += 1) {
    watch.asked('once');
    clock.advance(5000);
    watch.updated();
    clock.advance(999);
  }
  watch.asked('on');
  clock.advance(60_000);
  expect(asks()).toBe(0);
  watch.asked('off');
  clock.advance(1000);
  expect(asks()).toBe(1);
  watch.stop();
  clock.advance(60_000);
  expect(asks()).toBe(1);
});
