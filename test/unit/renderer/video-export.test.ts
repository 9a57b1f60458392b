import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Picture } from '../../../src-renderer/recordings/derived/derived-stream.ts';
import { canEncode, exportVideo } from '../../../src-renderer/recordings/export/video-export.ts';

// The browser's own encoder and canvases, as far as a film needs them; that a real one makes a film is for the whole app's test to say.

/** What was drawn where, and which times were encoded, as the browser's parts were told. */
const told = { drawn: [] as string[], frames: [] as number[], keys: [] as number[], closed: 0 };

class Canvas {
  readonly width: number;
  readonly height: number;
  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
  }
  getContext() {
    return { fillStyle: '', fillRect: () => undefined, putImageData: () => undefined, drawImage: (_of: Canvas, x: number, y: number, width: number, height: number) => void told.drawn.push(`${x},${y} ${width}x${height} in ${this.width}x${this.height}`) };
  }
}

interface EncoderParts {
  readonly output: (chunk: object) => void;
  readonly error: (error: Error) => void;
}

class Encoder extends EventTarget {
  state = 'unconfigured';
  encodeQueueSize = 0;
  readonly #parts: EncoderParts;
  static failsAt = Number.POSITIVE_INFINITY;
  static isConfigSupported = ({ width }: { readonly width: number }) => Promise.resolve({ supported: width < 5000 });
  constructor(parts: EncoderParts) {
    super();
    this.#parts = parts;
  }
  configure(): void {
    this.state = 'configured';
  }
  encode(frame: { readonly timestamp: number }, { keyFrame }: { readonly keyFrame: boolean }): void {
    told.frames.push(frame.timestamp / 1000);
    if (keyFrame) told.keys.push(frame.timestamp / 1000);
    if (frame.timestamp / 1000 >= Encoder.failsAt) this.#parts.error(new Error('no more'));
    else this.#parts.output({ type: keyFrame ? 'key' : 'delta', timestamp: frame.timestamp, byteLength: 3, copyTo: (bytes: Uint8Array) => bytes.set([1, 2, 3]) });
    // A slow one: frames wait for it, and it is done with them a little later.
    this.encodeQueueSize = 9;
    setImmediate(() => {
      this.encodeQueueSize = 0;
      this.dispatchEvent(new Event('dequeue'));
    });
  }
  flush(): Promise<void> {
    return Promise.resolve();
  }
  close(): void {
    this.state = 'closed';
    told.closed += 1;
  }
}

beforeEach(() => {
  Object.assign(told, { drawn: [], frames: [], keys: [], closed: 0 });
  Encoder.failsAt = Number.POSITIVE_INFINITY;
  vi.stubGlobal('OffscreenCanvas', Canvas);
  vi.stubGlobal('VideoEncoder', Encoder);
  vi.stubGlobal('ImageData', Canvas);
  vi.stubGlobal('VideoFrame', class {
    readonly timestamp: number;
    constructor(_canvas: Canvas, { timestamp }: { readonly timestamp: number }) {
      this.timestamp = timestamp;
    }
    close(): void {}
  });
});
afterEach(() => void vi.unstubAllGlobals());

const picture = (width: number, height: number): Picture => ({ width, height, pixels: new Uint8ClampedArray(width * height * 4) });

/** Something changes all the time. */
const ALWAYS = Array.from({ length: 1000 }, (_, number) => 1000 + number * 110);

/** A film of a recording whose first picture comes after a second; what was written, and how far it was told to be. */
async function film(durationMs: number, signal = new AbortController().signal, write: (bytes: Uint8Array) => Promise<void> = () => Promise.resolve(), changes: readonly number[] = ALWAYS) {
  const written: Uint8Array[] = [];
  const progress: number[] = [];
  const parts = {
    durationMs,
    changeAfter: (ms: number) => Promise.resolve(changes.find((at) => at > ms)),
    pictureAt: (ms: number) => Promise.resolve(ms < 1000 ? undefined : ms < 5000 ? picture(641, 400) : picture(1280, 400)),
    write: async (bytes: Uint8Array) => {
      await write(bytes);
      written.push(bytes);
    },
    onProgress: (done: number) => void progress.push(done),
  };
  const done = exportVideo(parts, signal);
  return { done, written, progress };
}

test('S58: of an hour in which people mostly read only what changes is encoded, and its end; what comes ten seconds after a key frame is one', async () => {
  const { done, progress } = await film(3_600_000, undefined, undefined, [1000, 1100, 1_800_001]);
  await done;
  expect(told.frames).toEqual([0, 1000, 1250, 1_800_250, 3_600_000]);
  expect(told.keys).toEqual([0, 1_800_250, 3_600_000]);
  expect(progress.at(-1)).toBe(1);
});

test('S58: a film has four pictures a second where they change, and a key frame every ten seconds, and how much of it is done is told from nothing to all', async () => {
  const { done, written, progress } = await film(21_000);
  await done;
  expect(told.frames).toEqual([0, ...Array.from({ length: 81 }, (_, number) => 1000 + number * 250)]);
  expect(told.keys).toEqual([0, 10_000, 20_000]);
  expect(progress[0]).toBe(0);
  expect(progress.at(-1)).toBe(1);
  expect(progress).toEqual([...progress].sort((one, other) => one - other));
  expect(progress.length).toBeGreaterThan(78);
  // The head first, then each cluster as soon as the next key frame begins.
  expect(Buffer.from(written[0] ?? []).toString('hex', 0, 4)).toBe('1a45dfa3');
  expect(written.slice(1).map((bytes) => Buffer.from(bytes).toString('hex', 0, 4))).toEqual(['1f43b675', '1f43b675', '1f43b675']);
  expect(told.closed).toBe(1);
});

test('S58: it has the size of the first picture, in whole pairs of points, and another size is fitted into it', async () => {
  await (await film(6000)).done;
  expect([...new Set(told.drawn)].map((drawn) => drawn.replaceAll(/\.\d+/g, ''))).toEqual(['0,0 640x399 in 640x400', '0,0 640x200 in 640x400']);
});

test('S58: who gives it up ends it there; an encoder that fails, or a disk that takes no more, ends it with the reason', async () => {
  const over = new AbortController();
  const given = await film(60_000, over.signal, async () => over.abort(new Error('left')));
  await expect(given.done).rejects.toThrow('left');
  expect(told.frames.length).toBeLessThan(60);
  expect(given.progress).not.toContain(1);
  Encoder.failsAt = 3000;
  await expect((await film(60_000)).done).rejects.toThrow('no more');
  Encoder.failsAt = Number.POSITIVE_INFINITY;
  await expect((await film(60_000, undefined, () => Promise.reject(new Error('disk full')))).done).rejects.toThrow('disk full');
  expect(told.closed).toBe(3);
});

test('S58: where this machine has no encoder for such a film it is said before a file is chosen', async () => {
  expect(await canEncode(640, 400)).toBe(true);
  expect(await canEncode(9000, 400)).toBe(false);
  vi.unstubAllGlobals();
  expect(await canEncode(640, 400)).toBe(false);
});
