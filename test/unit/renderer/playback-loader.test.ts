import { describe, expect, test } from 'vitest';
import type { WindowApi } from '../../../shared/ipc/window-api.ts';
import { encodePlaybackEnd } from '../../../shared/recording/playback.ts';
import { loadPlayback, type PlaybackSink } from '../../../src-renderer/recordings/playback-loader.ts';
import { playbackBytes, recordings } from '../../renderer/page-harness/made-data.ts';

/** What the page is told of a recording whose stream is `pieces`. */
async function load(pieces: readonly Uint8Array[], mostBytes?: number): Promise<{ told: string[]; frames: number; closed: boolean }> {
  const [recording] = recordings();
  if (recording === undefined) throw new Error('no recording');
  const stream = new Uint8Array(pieces.flatMap((piece) => [...piece]));
  const seen = { told: [] as string[], frames: 0, closed: false };
  const sink: PlaybackSink = {
    onHeader: () => void seen.told.push('header'),
    onFrames: (frames) => void (seen.frames += frames.length),
    onEnd: (end) => void seen.told.push(end === null ? 'end missing' : end.state),
    onError: ({ code }) => void seen.told.push(code),
  };
  const playback = {
    open: async () => ({ ok: true, value: { playbackId: recording.id, header: null, durationMs: 0, frames: 0 } }),
    read: async ({ offset }: { offset: number }) => ({ ok: true, value: { bytes: stream.slice(offset, offset + 100), done: offset + 100 >= stream.length } }),
    close: async () => {
      seen.closed = true;
      return { ok: true, value: {} };
    },
  };
  await loadPlayback({ playback: playback as unknown as WindowApi['playback'] }, recording.id, sink, new AbortController().signal, mostBytes);
  return seen;
}

describe('a recording that is loaded', () => {
  test('is told whole with its end', async () => {
    expect(await load(playbackBytes())).toEqual({ told: ['header', 'sealed'], frames: 11, closed: true });
  });

  test('S69: whose stream stops before its end is told as evidence that is missing', async () => {
    const [header, frames] = playbackBytes();
    if (header === undefined || frames === undefined) throw new Error('no stream');
    expect((await load([header, frames])).told).toEqual(['header', 'end missing']);
  });

  test('that is longer than a page can hold is told as that, not as missing evidence, and what was read plays', async () => {
    const seen = await load([...playbackBytes().slice(0, 3), encodePlaybackEnd({ state: 'sealed', code: null }, 41_000_000)], 900);
    expect(seen.told).toEqual(['header', 'recording.too-long-to-play']);
    expect(seen.frames).toBeGreaterThan(0);
    expect(seen.closed).toBe(true);
  });

  test('of a desktop that is longer is not told to be saved as asciicast, which there is none of', async () => {
    const pieces = [...playbackBytes('rdp').slice(0, 3), encodePlaybackEnd({ state: 'sealed', code: null }, 41_000_000)];
    expect((await load(pieces, 900)).told).toEqual(['header', 'recording.too-long-to-show']);
  });
});
