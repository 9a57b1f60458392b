import { describe, expect, test } from 'vitest';
import { AsciicastWriter } from '../../../shared/recording/asciicast.ts';
import type { PlaybackHeader } from '../../../shared/recording/playback.ts';
import { frameKind } from '../../../shared/recording/recording-frame.ts';
import { encodeUtf8 } from '../../../shared/recording/utf8.ts';
import { makeRecordingKeys, makeSampleRecording, sampleFrames } from '../../fixtures/sample-recording.ts';

const { key: _key, ...open } = makeSampleRecording(makeRecordingKeys()).header;
const header: PlaybackHeader = { ...open, state: 'sealed', code: null, durationMs: 2000, closedAt: '2026-03-01T09:00:02.000Z' };

function cast(version: 2 | 3): string {
  const writer = new AsciicastWriter(version);
  return writer.header(header) + sampleFrames.map((frame) => writer.frame(frame)).join('') + writer.end();
}

describe('an asciicast', () => {
  test('of version 3 is this, line by line (intervals, exit status; bytes that are no UTF-8 replaced)', () => {
    expect(cast(3)).toBe(
      [
        '{"version":3,"term":{"cols":80,"rows":24,"type":"xterm-256color"},"timestamp":1772355600,"title":"aiko · web-01 · MV-7K2QX-M0T4D"}',
        '[0.001200, "o", "$ "]',
        '[0.498800, "i", "ls\\r"]',
        '[0.010000, "o", "\\u001b[31m"]',
        '[0.010000, "o", "日\\r\\n\uFFFDe\uFFFDX"]',
        '[0.480000, "r", "132x43"]',
        '[0.200000, "m", "refused: sftp"]',
        '[0.800000, "x", "3"]',
        '',
      ].join('\n'),
    );
  });

  test('of version 2 is this, line by line (times from the start, the exit as a marker)', () => {
    expect(cast(2)).toBe(
      [
        '{"version":2,"width":80,"height":24,"timestamp":1772355600,"title":"aiko · web-01 · MV-7K2QX-M0T4D","env":{"TERM":"xterm-256color"}}',
        '[0.001200, "o", "$ "]',
        '[0.500000, "i", "ls\\r"]',
        '[0.510000, "o", "\\u001b[31m"]',
        '[0.520000, "o", "日\\r\\n\uFFFDe\uFFFDX"]',
        '[1.000000, "r", "132x43"]',
        '[1.200000, "m", "refused: sftp"]',
        '[2.000000, "m", "exit 3"]',
        '',
      ].join('\n'),
    );
  });

  test.each([2, 3] as const)('of version %i holds to the schema of its version: JSON lines, known codes, times that never fall', (version) => {
    const [first = '', ...events] = cast(version).trimEnd().split('\n');
    const parsed: unknown = JSON.parse(first);
    expect(parsed).toMatchObject(version === 2 ? { version: 2, width: expect.any(Number), height: expect.any(Number) } : { version: 3, term: { cols: expect.any(Number), rows: expect.any(Number) } });
    let last = 0;
    for (const event of events) {
      const [time, code, data] = JSON.parse(event) as [number, string, string];
      expect(time).toBeGreaterThanOrEqual(version === 2 ? last : 0);
      expect(version === 2 ? 'oirm' : 'oirmx').toContain(code);
      expect(typeof data).toBe('string');
      if (code === 'r') expect(data).toMatch(/^\d+x\d+$/);
      last = time;
    }
  });

  test('writes a character that never ended as U+FFFD, and hidden text as it is', () => {
    const writer = new AsciicastWriter(3);
    expect(writer.frame({ kind: frameKind.output, microseconds: 0, payload: Uint8Array.of(0xe6, 0x97) })).toBe('');
    expect(writer.end()).toBe('[0.000000, "o", "\uFFFD"]\n');
    expect(writer.frame({ kind: frameKind.output, microseconds: 0, payload: encodeUtf8('\u001b[8mhidden') })).toContain('[8mhidden');
  });

  test('of a command killed by a signal has the status that a shell would give it', () => {
    const frame = { kind: frameKind.exitSignal, microseconds: 5, payload: encodeUtf8('{"signal":"KILL","coreDumped":false,"message":""}') };
    expect(new AsciicastWriter(3).frame(frame)).toBe('[0.000005, "x", "137"]\n');
    expect(new AsciicastWriter(2).frame(frame)).toBe('[0.000005, "m", "killed by KILL"]\n');
  });
});
