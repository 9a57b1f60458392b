import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ACKNOWLEDGE_EVERY_BYTES, ACKNOWLEDGE_EVERY_MS, CountedStream, FIRST_WINDOW_BYTES, LAST_WINDOW_BYTES } from '../../../shared/proxy-stream/counted-stream.ts';
import { encodeCount, encodeDataHeader, encodeFrame, FrameDecoder, FrameError, frameType } from '../../../shared/proxy-stream/frames.ts';

/** One end of a stream with everything that it did, and a wire that the test moves by hand. */
function makeEnd() {
  const wire: Uint8Array[] = [];
  const delivered: number[] = [];
  const timers: { callback: () => void; milliseconds: number }[] = [];
  const seen = { finished: 0, writable: 0 };
  const acknowledged: { bytes: Uint8Array; end: number }[] = [];
  const stream = new CountedStream({
    write: (...parts) => wire.push(...parts),
    deliver: (bytes) => delivered.push(...bytes),
    finished: () => { seen.finished += 1; },
    writable: () => { seen.writable += 1; },
    acknowledged: (bytes, end) => acknowledged.push({ bytes, end }),
    setTimer: (callback, milliseconds) => timers.push({ callback, milliseconds }),
    clearTimer: () => undefined,
  });
  const decoder = new FrameDecoder();
  const receive = (parts: readonly Uint8Array[]): void => {
    for (const part of parts) for (const frame of decoder.push(part)) stream.take(frame);
  };
  return { stream, wire, delivered, timers, seen, acknowledged, receive, takeWire: () => wire.splice(0) };
}

describe('counted stream', () => {
  test('delivers every byte once and in order, in frames of any size', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 10 }), (chunks) => {
        const [a, b] = [makeEnd(), makeEnd()];
        for (const chunk of chunks) a.stream.send(chunk);
        b.receive(a.takeWire());
        expect(b.delivered).toEqual(chunks.flatMap((chunk) => [...chunk]));
      }),
    );
  });

  test('acknowledges what was consumed after 64 KiB at once, and less after 100 ms', () => {
    const [a, b] = [makeEnd(), makeEnd()];
    a.stream.send(new Uint8Array(ACKNOWLEDGE_EVERY_BYTES + 10));
    b.receive(a.takeWire());
    b.stream.consume(10);
    expect(b.wire).toHaveLength(0);
    expect(b.timers.map(({ milliseconds }) => milliseconds)).toEqual([ACKNOWLEDGE_EVERY_MS]);
    b.timers[0]?.callback();
    expect(b.takeWire()).toEqual([encodeCount(frameType.acknowledge, 10)]);
    b.stream.consume(ACKNOWLEDGE_EVERY_BYTES);
    expect(b.takeWire()).toEqual([encodeCount(frameType.acknowledge, ACKNOWLEDGE_EVERY_BYTES + 10)]);
  });

  test('tells of what was acknowledged whole, as it was written, though it was acknowledged in parts', () => {
    const [a, b] = [makeEnd(), makeEnd()];
    const [first, second] = [new Uint8Array(10), new Uint8Array(20)];
    a.stream.send(first);
    a.stream.send(second);
    const acknowledge = (count: number): void => {
      b.stream.consume(count);
      b.timers.at(-1)?.callback();
      a.receive(b.takeWire());
    };
    b.receive(a.takeWire());
    acknowledge(7);
    expect(a.acknowledged).toEqual([]);
    acknowledge(8);
    expect(a.acknowledged.map(({ end }) => end)).toEqual([10]);
    acknowledge(15);
    expect(a.acknowledged.map(({ end }) => end)).toEqual([10, 30]);
    expect(a.acknowledged[0]?.bytes.buffer).toBe(first.buffer);
    expect(a.acknowledged.map(({ bytes }) => bytes.length)).toEqual([10, 20]);
  });

  test('stops the sender at the window until the reader has consumed, then lets the window grow', () => {
    const [a, b] = [makeEnd(), makeEnd()];
    expect(a.stream.send(new Uint8Array(FIRST_WINDOW_BYTES - 1))).toBe(true);
    expect(a.stream.send(new Uint8Array(1))).toBe(false);
    b.receive(a.takeWire());
    b.stream.consume(FIRST_WINDOW_BYTES);
    a.receive(b.takeWire());
    expect(a.seen.writable).toBe(1);
    expect(a.stream.send(new Uint8Array(FIRST_WINDOW_BYTES))).toBe(true);
  });

  test('a peer that sends beyond the largest window unconsumed is refused', () => {
    const b = makeEnd();
    const part = new Uint8Array(64 * 1024);
    const flood = (): void => {
      for (let offset = 0; offset < 2 * LAST_WINDOW_BYTES; offset += part.length) b.receive([encodeDataHeader(offset, part.length), part]);
    };
    expect(flood).toThrow(new FrameError('window-exceeded'));
    expect(b.stream.counts.received).toBeLessThanOrEqual(LAST_WINDOW_BYTES + part.length);
  });

  test('sends again only what the other side lacks, and what comes twice is delivered once', () => {
    const [a, b] = [makeEnd(), makeEnd()];
    a.stream.send(Uint8Array.from([1, 2, 3]));
    a.stream.send(Uint8Array.from([4, 5, 6]));
    const sent = a.takeWire();
    b.receive(sent.slice(0, 2));
    a.stream.resend(2);
    b.receive(a.takeWire());
    expect(b.delivered).toEqual([1, 2, 3, 4, 5, 6]);
    // Received is not consumed: the window opens by acknowledgements alone.
    expect(a.stream.counts.acknowledged).toBe(0);
  });

  test('Resume: a frame of which a part has come already brings the rest of it alone', () => {
    const [a, b] = [makeEnd(), makeEnd()];
    for (const bytes of [[1, 2, 3], [4, 5, 6]]) a.stream.send(Uint8Array.from(bytes));
    b.receive(a.takeWire().slice(0, 2));
    // A sender that knows less of what has come than the reader begins before it.
    for (const from of [2, 0]) {
      b.receive([encodeDataHeader(from, 6 - from), Uint8Array.from([1, 2, 3, 4, 5, 6].slice(from))]);
      expect(b.delivered).toEqual([1, 2, 3, 4, 5, 6]);
    }
    b.receive([encodeDataHeader(4, 4), Uint8Array.from([5, 6, 7, 8])]);
    expect(b.delivered).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test('Resume: what is sent again comes in as few frames as hold it, from the byte that is missing on, with what was acknowledged', () => {
    const [a, b] = [makeEnd(), makeEnd()];
    for (let value = 0; value < 1000; value += 1) a.stream.send(Uint8Array.from([value & 255]));
    a.stream.finish();
    b.receive(a.takeWire().slice(0, 2 * 300));
    a.stream.resend(300);
    const wire = a.takeWire();
    expect(new FrameDecoder().push(Buffer.concat(wire)).map(({ type, payload }) => [type, payload.length])).toEqual([[frameType.acknowledge, 8], [frameType.data, 8 + 700], [frameType.finish, 8]]);
    b.receive(wire);
    expect(b.delivered).toEqual(Array.from({ length: 1000 }, (_, value) => value & 255));
    expect(b.seen.finished).toBe(1);
  });

  test('Resume: cuts at any byte of the wire, in both directions, lose and double nothing', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.uint8Array({ maxLength: 100 }), fc.uint8Array({ maxLength: 100 }), fc.nat(250), fc.nat(250), fc.nat(100)), { minLength: 1, maxLength: 12 }), (rounds) => {
        const [a, b] = [makeEnd(), makeEnd()];
        const [sentByA, sentByB]: [number[], number[]] = [[], []];
        for (const [fromA, fromB, uptoA, uptoB, consumed] of rounds) {
          for (const [end, bytes, sent] of [[a, fromA, sentByA], [b, fromB, sentByB]] as const) {
            if (bytes.length > 0) end.stream.send(bytes);
            sent.push(...bytes);
          }
          // The wire breaks somewhere in what was sent: a frame that is torn does not count.
          for (const [from, to, upTo] of [[a, b, uptoA], [b, a, uptoB]] as const) {
            const decoder = new FrameDecoder();
            for (const frame of decoder.push(Buffer.concat(from.takeWire()).subarray(0, upTo))) to.stream.take(frame);
          }
          for (const end of [a, b]) end.stream.consume(Math.min(consumed, end.stream.counts.received - end.stream.counts.consumed));
          for (const end of [a, b]) end.takeWire();
          a.stream.resend(b.stream.counts.received);
          b.stream.resend(a.stream.counts.received);
        }
        for (const [from, to] of [[a, b], [b, a]] as const) for (const frame of new FrameDecoder().push(Buffer.concat(from.takeWire()))) to.stream.take(frame);
        expect([b.delivered, a.delivered]).toEqual([sentByA, sentByB]);
      }),
      { numRuns: 300 },
    );
  });

  test('Resume: a reader that was behind at the cut is not sent more than the largest window beyond what it has taken', () => {
    const [a, b] = [makeEnd(), makeEnd()];
    const block = new Uint8Array(64 * 1024);
    while (a.stream.hasRoom) a.stream.send(block);
    b.receive(a.takeWire());
    a.stream.resend(b.stream.counts.received);
    // Received is not taken: the window stays shut.
    expect(a.stream.hasRoom).toBe(false);
    b.stream.consume(b.stream.counts.received);
    a.receive(b.takeWire());
    expect(a.stream.hasRoom).toBe(true);
  });

  test.each([
    ['more than was sent', 4],
    ['less than was acknowledged', 1],
  ])('Resume: a peer that claims to have received %s is refused', (_what, received) => {
    const [a, b] = [makeEnd(), makeEnd()];
    a.stream.send(Uint8Array.from([1, 2, 3]));
    b.receive(a.takeWire());
    b.stream.consume(2);
    b.timers[0]?.callback();
    a.receive(b.takeWire());
    expect(() => a.stream.resend(received)).toThrow(new FrameError('resume-at-wrong-count'));
  });

  test('Resume: the window grows only as far as the budget of all streams lets it', () => {
    const grown: number[] = [];
    const stream = new CountedStream({
      write: () => undefined, deliver: () => undefined, finished: () => undefined, writable: () => undefined, setTimer: () => undefined, clearTimer: () => undefined,
      mayGrow: (bytes) => {
        grown.push(bytes);
        return false;
      },
    });
    for (let round = 1; round <= 3; round += 1) {
      expect(stream.send(new Uint8Array(FIRST_WINDOW_BYTES))).toBe(false);
      stream.take({ type: frameType.acknowledge, payload: encodeCount(frameType.acknowledge, round * FIRST_WINDOW_BYTES).subarray(5) });
    }
    expect(grown).toEqual([FIRST_WINDOW_BYTES, FIRST_WINDOW_BYTES, FIRST_WINDOW_BYTES]);
  });

  test.each([
    ['a gap', 'data-out-of-order', encodeFrame(frameType.data, Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 9, 1]))],
    ['an empty data frame', 'empty-data', encodeFrame(frameType.data, new Uint8Array(8))],
    ['an acknowledgement of what never was sent', 'acknowledged-unsent', encodeCount(frameType.acknowledge, 1)],
    ['a finish before the last byte', 'finish-at-wrong-count', encodeCount(frameType.finish, 4)],
  ] as const)('%s is refused, with a word of its own', (_, what, bytes) => {
    expect(() => makeEnd().receive([bytes])).toThrow(new FrameError(what));
  });

  test('data after the finish is refused', () => {
    const b = makeEnd();
    b.receive([encodeCount(frameType.finish, 0)]);
    expect(b.seen.finished).toBe(1);
    expect(() => b.receive([encodeDataHeader(0, 1), Uint8Array.from([1])])).toThrow(new FrameError('data-after-finish'));
  });
});
