import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seededRandom } from '../../targets/seeded-random.ts';
import { latencyOf, slice, type Toxic } from '../../targets/toxics.ts';

test('the same seed gives the same chances, another seed others', () => {
  const draw = (seed: number): number[] => {
    const random = seededRandom(seed);
    return Array.from({ length: 20 }, () => random());
  };
  expect(draw(5)).toEqual(draw(5));
  expect(draw(5)).not.toEqual(draw(6));
  expect(draw(5).every((value) => value >= 0 && value < 1)).toBe(true);
});

test('slicing loses no byte and makes no empty piece', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 500 }), fc.integer({ min: 1, max: 50 }), fc.integer({ min: 0, max: 60 }), fc.integer(), (bytes, averageBytes, variationBytes, seed) => {
      const toxics = new Map<string, Toxic>([['s', { kind: 'slicer', averageBytes, variationBytes, delayMs: 0 }]]);
      const pieces = slice(Buffer.from(bytes), toxics, seededRandom(seed));
      expect(Buffer.concat(pieces).equals(bytes)).toBe(true);
      expect(pieces.every((piece) => piece.length > 0)).toBe(true);
    }),
  );
});

test('latencies add up, stay within their jitter and are never negative', () => {
  const toxics = new Map<string, Toxic>([
    ['a', { kind: 'latency', latencyMs: 100, jitterMs: 10 }],
    ['b', { kind: 'latency', latencyMs: 50, jitterMs: 0 }],
  ]);
  const random = seededRandom(1);
  for (let count = 0; count < 200; count += 1) {
    const latency = latencyOf(toxics, random);
    expect(latency).toBeGreaterThanOrEqual(140);
    expect(latency).toBeLessThanOrEqual(160);
  }
  expect(latencyOf(new Map([['c', { kind: 'latency', latencyMs: 0, jitterMs: 5 }]]), () => 0)).toBe(0);
});
