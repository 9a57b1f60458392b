import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OutgoingFrames } from '../../../shared/proxy-stream/outgoing-frames.ts';

const KIB = 1024;

/** A connection whose writes the test ends by hand, and whose turns it ends by hand too. */
function makeConnection() {
  const writes: Uint8Array[] = [];
  const ends: (() => void)[] = [];
  const turns: (() => void)[] = [];
  const seen = { drained: 0 };
  const out = new OutgoingFrames({
    write: (bytes, written) => {
      // Copied: the memory is used again once the write has ended.
      writes.push(bytes.slice());
      ends.push(written);
    },
    defer: (callback) => turns.push(callback),
    drained: () => {
      seen.drained += 1;
    },
  });
  const endTurn = (): void => turns.splice(0).forEach((turn) => turn());
  const endWrite = (): void => ends.shift()?.();
  return { out, writes, seen, endTurn, endWrite, sizes: () => writes.map(({ length }) => length) };
}

describe('frames that wait for a connection', () => {
  test('what is written in one turn leaves as one write', () => {
    const { out, writes, endTurn } = makeConnection();
    out.write(Uint8Array.of(1, 2), Uint8Array.of(3));
    out.write(Uint8Array.of(4));
    expect(writes).toEqual([]);
    endTurn();
    expect(writes).toEqual([Uint8Array.of(1, 2, 3, 4)]);
    expect(out.waitingBytes).toBe(0);
  });

  test('what comes while a write is under way gathers for the next, in writes of 512 KiB at most', () => {
    const { out, sizes, endTurn, endWrite } = makeConnection();
    out.write(new Uint8Array(1));
    endTurn();
    for (let count = 0; count < 20; count += 1) out.write(new Uint8Array(13), new Uint8Array(64 * KIB));
    endTurn();
    expect(sizes()).toEqual([1]);
    endWrite();
    endWrite();
    endWrite();
    expect(sizes()).toEqual([1, 512 * KIB, 512 * KIB, 256 * KIB + 20 * 13]);
  });

  test('is full from 2 MiB on, and says once when it no longer is', () => {
    const { out, seen, endTurn, endWrite } = makeConnection();
    out.write(new Uint8Array(2048 * KIB - 1));
    expect(out.full).toBe(false);
    out.write(new Uint8Array(1));
    expect(out.full).toBe(true);
    endTurn();
    expect(out.full).toBe(false);
    // The write was begun, not ended: whoever waits is told with its end, never within `write`.
    expect(seen.drained).toBe(0);
    for (let count = 0; count < 5; count += 1) endWrite();
    expect(seen.drained).toBe(1);
  });

  test('a flush hands on everything at once, also while a write is under way', () => {
    const { out, writes, endTurn } = makeConnection();
    out.write(Uint8Array.of(1));
    endTurn();
    out.write(Uint8Array.of(2), Uint8Array.of(3));
    out.flush();
    out.flush();
    expect(writes).toEqual([Uint8Array.of(1), Uint8Array.of(2, 3)]);
  });

  test('whatever the sizes and the moments, every byte leaves once and in order', () => {
    const step = fc.oneof(fc.nat(400 * KIB).map((bytes) => ({ kind: 'write' as const, bytes })), fc.constant({ kind: 'turn' as const }), fc.constant({ kind: 'written' as const }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { out, writes, endTurn, endWrite } = makeConnection();
        const sent: Uint8Array[] = [];
        for (const one of steps) {
          if (one.kind === 'turn') endTurn();
          else if (one.kind === 'written') endWrite();
          else {
            const part = randomBytes(one.bytes);
            sent.push(part);
            out.write(part);
          }
        }
        out.flush();
        expect(Buffer.concat(writes).equals(Buffer.concat(sent))).toBe(true);
        expect(out.waitingBytes).toBe(0);
      }),
      { numRuns: 50 },
    );
  });
});
