import { expect, test } from 'vitest';
import { ClusterWriter, webmHead } from '../../../src-renderer/recordings/export/webm-writer.ts';

const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex');
const frame = (atMs: number, key: boolean, data = Uint8Array.of(7)) => ({ atMs, key, data });

test('a film’s head says what it is, how large and how long (RFC 9559)', () => {
  const head = Buffer.from(webmHead({ width: 640, height: 400, durationMs: 41_000 }));
  expect(hex(head.subarray(0, 4))).toBe('1a45dfa3');
  expect(head.includes('webm')).toBe(true);
  expect(head.includes('V_VP8')).toBe(true);
  const duration = head.indexOf(Buffer.from('4489', 'hex'));
  expect(head.readDoubleBE(duration + 10)).toBe(41_000);
  const video = head.indexOf(Buffer.from('e001', 'hex'));
  expect(hex(head.subarray(video + 9))).toBe(['b00100000000000008', '0000000000000280', 'ba0100000000000008', '0000000000000190'].join(''));
});

test('frames are gathered from one key frame to the next, and no cluster is longer than its times reach', () => {
  const clusters = new ClusterWriter();
  expect(clusters.end()).toBeUndefined();
  expect(clusters.add(frame(0, true))).toBeUndefined();
  expect(clusters.add(frame(250, false))).toBeUndefined();
  const first = clusters.add(frame(10_000, true));
  expect(hex(first)).toBe(['1f43b675010000000000002d', 'e701000000000000080000000000000000', 'a301000000000000058100008007', 'a301000000000000058100fa0007'].join(''));
  expect(clusters.add(frame(29_999, false))).toBeUndefined();
  expect(clusters.add(frame(30_000, false))).toBeDefined();
  expect(hex(clusters.end()).endsWith('8100000007')).toBe(true);
});
