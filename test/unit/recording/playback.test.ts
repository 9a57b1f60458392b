import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodePlaybackEnd, encodePlaybackFrames, encodePlaybackHeader, MAX_HELD_PLAYBACK_BYTES, PlaybackDecoder, type PlaybackHeader, type PlaybackPart } from '../../../shared/recording/playback.ts';
import { decodeFrames, encodeRecordingFrame, RecordingFormatError } from '../../../shared/recording/recording-frame.ts';
import { makeRecordingKeys, makeSampleRecording, sampleFrames } from '../../fixtures/sample-recording.ts';

const { key: _key, ...open } = makeSampleRecording(makeRecordingKeys()).header;
const header: PlaybackHeader = { ...open, state: 'sealed', code: null, durationMs: 2000, closedAt: '2026-03-01T09:00:02.000Z' };
const stream = Buffer.concat([encodePlaybackHeader(header), encodePlaybackFrames(sampleFrames), encodePlaybackEnd({ state: 'sealed', code: null }, 2_000_000)]);

function decoded(step: number): PlaybackPart[] {
  const decoder = new PlaybackDecoder();
  const parts: PlaybackPart[] = [];
  for (let at = 0; at < stream.length; at += step) parts.push(...decoder.push(stream.subarray(at, at + step)));
  expect(decoder.ended).toBe(true);
  return parts;
}

/** Parts whose payloads compare equal whichever class their bytes have. */
function described(parts: readonly PlaybackPart[]): unknown[] {
  return parts.map((part) => (part.part === 'frame' ? Buffer.from(encodeRecordingFrame(part.frame)).toString('hex') : part));
}

describe('a playback', () => {
  test('S58: brings a player header, frames and end as they were written', () => {
    const parts = decoded(stream.length);
    expect(parts[0]).toEqual({ part: 'header', header });
    expect(parts.slice(1, -1).map((part) => (part.part === 'frame' ? Buffer.from(encodeRecordingFrame(part.frame)).toString('hex') : part))).toEqual(sampleFrames.map((frame) => Buffer.from(encodeRecordingFrame(frame)).toString('hex')));
    expect(parts.at(-1)).toEqual({ part: 'end', end: { state: 'sealed', code: null }, microseconds: 2_000_000 });
  });

  test('reads the same byte by byte', () => {
    expect(described(decoded(1))).toEqual(described(decoded(stream.length)));
  });

  test('that was cut off is known by its missing end', () => {
    for (let length = 0; length < stream.length; length += 1) {
      const decoder = new PlaybackDecoder();
      decoder.push(stream.subarray(0, length));
      expect(decoder.ended).toBe(false);
    }
  });

  test.each([
    ['another magic', Buffer.from('GET / HTTP/1.1\r\n')],
    ['another version', Buffer.concat([Buffer.from('MAVISPLY'), Buffer.of(0, 9, 0, 0, 0, 2)])],
    ['a header out of bounds', Buffer.concat([Buffer.from('MAVISPLY'), Buffer.of(0, 1, 0x7f, 0, 0, 0)])],
    ['an unknown kind of frame', Buffer.concat([encodePlaybackHeader(header), Buffer.of(77, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)])],
    ['a frame out of bounds', Buffer.concat([encodePlaybackHeader(header), Buffer.of(1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1)])],
    ['time that runs backward', Buffer.concat([encodePlaybackHeader(header), encodePlaybackFrames([...sampleFrames].reverse())])],
    ['bytes behind the end', Buffer.concat([stream, Buffer.of(1)])],
  ])('refuses %s', (_, bytes) => {
    expect(() => new PlaybackDecoder().push(bytes)).toThrow(RecordingFormatError);
  });

  test('survives whatever comes, in any pieces, and holds no more than one frame', () => {
    expect(MAX_HELD_PLAYBACK_BYTES).toBeLessThan(256 * 1024);
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }), fc.nat({ max: stream.length }), (chunks, kept) => {
        const decoder = new PlaybackDecoder();
        try {
          decoder.push(stream.subarray(0, kept));
          for (const chunk of chunks) decoder.push(chunk);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(RecordingFormatError);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('the frames of a block', () => {
  test('must fill it exactly and run forward in time', () => {
    const whole = Buffer.concat(sampleFrames.map(encodeRecordingFrame));
    expect(decodeFrames(whole)).toHaveLength(sampleFrames.length);
    expect(() => decodeFrames(whole.subarray(0, -1))).toThrow(RecordingFormatError);
    expect(() => decodeFrames(Buffer.concat([...sampleFrames].reverse().map(encodeRecordingFrame)))).toThrow(RecordingFormatError);
  });
});
