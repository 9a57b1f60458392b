import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeCount, encodeCount, encodeDataHeader, encodeFrame, type Frame, FrameDecoder, FrameError, frameType, MAX_CONTROL_PAYLOAD_BYTES, MAX_DATA_BYTES } from '../../../shared/proxy-stream/frames.ts';

function bytesOf(frames: readonly Frame[]): Uint8Array {
  return Uint8Array.from(frames.flatMap(({ type, payload }) => [...encodeFrame(type, payload)]));
}

const controlFrame = fc.record({ type: fc.constantFrom(...Object.values(frameType).filter((type) => type !== frameType.data)), payload: fc.uint8Array({ maxLength: 300 }) });
const dataFrame = fc.record({ offset: fc.nat(), bytes: fc.uint8Array({ maxLength: 300 }) }).map(({ offset, bytes }): Frame => ({ type: frameType.data, payload: Uint8Array.of(...encodeDataHeader(offset, bytes.length).subarray(5), ...bytes) }));
const anyFrame: fc.Arbitrary<Frame> = fc.oneof(controlFrame, dataFrame);

/** What frames say, whether a data frame is whole or in pieces: each byte of data with its own number, every other frame as it is. */
function said(frames: readonly Frame[]): string[] {
  return frames.flatMap(({ type, payload, offset }) => {
    if (type !== frameType.data) return [`${type}: ${payload.join()}`];
    const [from, bytes] = offset === undefined ? [decodeCount(payload), payload.subarray(8)] : [offset, payload];
    return bytes.length === 0 ? [`nothing at ${from}`] : [...bytes].map((byte, index) => `${from + index} is ${byte}`);
  });
}

describe('frames of the proxy stream', () => {
  test('come out as they went in, however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(anyFrame, { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 }), (frames, cuts) => {
        const bytes = bytesOf(frames);
        const decoder = new FrameDecoder();
        const seen: Frame[] = [];
        for (let start = 0, turn = 0; start < bytes.length; turn += 1) {
          const length = cuts[turn % cuts.length] ?? 1;
          seen.push(...decoder.push(bytes.slice(start, start + length)));
          start += length;
        }
        expect(said(seen)).toEqual(said(frames));
      }),
    );
  });

  test('a data frame that comes in pieces is handed on at once, and never put together', () => {
    const bytes = Uint8Array.from({ length: MAX_DATA_BYTES }, (_value, index) => index % 251);
    const frame = Uint8Array.of(...encodeDataHeader(7, bytes.length), ...bytes);
    const decoder = new FrameDecoder();
    const pieces = [0, 1, 16_384, 32_768, 49_152].flatMap((start, index, starts) => decoder.push(frame.subarray(start, starts[index + 1])));
    expect(pieces.map(({ offset, payload }) => [offset, payload.length])).toEqual([[7, 16_371], [16_378, 16_384], [32_762, 16_384], [49_146, 16_397]]);
    expect(pieces.every(({ payload }) => payload.buffer === frame.buffer)).toBe(true);
    expect(said(decoder.push(encodeFrame(frameType.ping, new Uint8Array(8))))).toEqual([`${frameType.ping}: 0,0,0,0,0,0,0,0`]);
  });

  test('B2: a control frame above 16 KiB is refused by its header alone', () => {
    const header = encodeFrame(frameType.hello, new Uint8Array(MAX_CONTROL_PAYLOAD_BYTES + 1)).subarray(0, 5);
    expect(() => new FrameDecoder().push(header)).toThrow(new FrameError('too-long'));
    expect(new FrameDecoder().push(encodeFrame(frameType.hello, new Uint8Array(MAX_CONTROL_PAYLOAD_BYTES)))).toHaveLength(1);
  });

  test('a data frame above 64 KiB is refused by its header alone', () => {
    expect(() => new FrameDecoder().push(encodeDataHeader(0, MAX_DATA_BYTES + 1).subarray(0, 5))).toThrow(new FrameError('too-long'));
  });

  test('garbage is refused at its first header and never crashes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 5, maxLength: 200 }), (bytes) => {
        try {
          new FrameDecoder().push(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(FrameError);
        }
      }),
    );
    expect(() => new FrameDecoder().push(new TextEncoder().encode('GET / HTTP/1.1\r\n'))).toThrow(new FrameError('unknown-type'));
  });

  test('counts beyond the safe integers are refused', () => {
    expect(decodeCount(encodeCount(frameType.acknowledge, Number.MAX_SAFE_INTEGER).subarray(5))).toBe(Number.MAX_SAFE_INTEGER);
    expect(() => decodeCount(new Uint8Array(8).fill(255))).toThrow(new FrameError('bad-payload'));
    expect(() => decodeCount(new Uint8Array(7))).toThrow(new FrameError('bad-payload'));
  });
});
