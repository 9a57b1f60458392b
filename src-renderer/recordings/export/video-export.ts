import { PICTURE_EVERY_MS } from '../derived/deriving.ts';
import { FULL_EVERY_MS, type Picture } from '../derived/derived-stream.ts';
import { ClusterWriter, webmHead } from './webm-writer.ts';

/** Bits a second at most: text stays readable, and an hour is under a gigabyte. */
const BITS_A_SECOND = 2_000_000;
/** Frames that wait for the encoder; more would only take memory. */
const MOST_WAITING = 4;

export interface VideoExportParts {
  /** The picture at a time; undefined before the first. */
  readonly pictureAt: (ms: number) => Promise<Picture | undefined>;
  /** When the picture next changes after a time, or first comes after -1; undefined where it does not any more. */
  readonly changeAfter: (ms: number) => Promise<number | undefined>;
  readonly durationMs: number;
  /** Takes the film's next bytes; rejects where they cannot be kept. */
  readonly write: (bytes: Uint8Array) => Promise<void>;
  /** Told how much is done, from 0 to 1. */
  readonly onProgress: (done: number) => void;
}

/** Whether this machine can encode a film of this size. */
export async function canEncode(width: number, height: number): Promise<boolean> {
  return 'VideoEncoder' in globalThis && (await VideoEncoder.isConfigSupported(configuration(width, height))).supported === true;
}

/**
 * Makes a film (WebM, VP8, without sound) of the derived pictures of a desktop's recording, four a second while something
 * changes: nobody sees that the one before simply stays, and an hour in which people also read is done in a part of the time. Its size
 * is that of the first picture; one of another size is fitted into it. Rejects with what the encoder or `write` says, or the signal's reason.
 */
export async function exportVideo(parts: VideoExportParts, signal: AbortSignal): Promise<void> {
  const { pictureAt, durationMs, write, onProgress } = parts;
  const first = await firstPicture(parts);
  const canvas = new OffscreenCanvas(even(first?.width ?? 2), even(first?.height ?? 2));
  const clusters = new ClusterWriter();
  const made: Uint8Array[] = [webmHead({ width: canvas.width, height: canvas.height, durationMs })];
  const failed = new AbortController();
  const encoder = new VideoEncoder({
    output: (chunk) => {
      const data = new Uint8Array(chunk.byteLength);
      chunk.copyTo(data);
      const cluster = clusters.add({ atMs: Math.round(chunk.timestamp / 1000), key: chunk.type === 'key', data });
      if (cluster !== undefined) made.push(cluster);
    },
    error: (error) => failed.abort(error),
  });
  try {
    encoder.configure(configuration(canvas.width, canvas.height));
    let keyMs = Number.NEGATIVE_INFINITY;
    for (let ms: number | undefined = 0; ms !== undefined; ms = await following(ms, parts)) {
      signal.throwIfAborted();
      failed.signal.throwIfAborted();
      drawFitted(canvas, await pictureAt(ms));
      const frame = new VideoFrame(canvas, { timestamp: ms * 1000, duration: PICTURE_EVERY_MS * 1000 });
      const keyFrame = ms - keyMs >= FULL_EVERY_MS;
      if (keyFrame) keyMs = ms;
      encoder.encode(frame, { keyFrame });
      frame.close();
      if (encoder.encodeQueueSize > MOST_WAITING) await dequeued(encoder, AbortSignal.any([signal, failed.signal]));
      for (const bytes of made.splice(0)) await write(bytes);
      onProgress(durationMs === 0 ? 1 : ms / durationMs);
    }
    await encoder.flush();
    const last = clusters.end();
    for (const bytes of [...made.splice(0), ...(last === undefined ? [] : [last])]) await write(bytes);
    onProgress(1);
  } finally {
    if (encoder.state !== 'closed') encoder.close();
  }
}

function configuration(width: number, height: number): VideoEncoderConfig {
  return { codec: 'vp8', width, height, bitrate: BITS_A_SECOND, framerate: 1000 / PICTURE_EVERY_MS };
}

async function firstPicture({ pictureAt, changeAfter }: VideoExportParts): Promise<Picture | undefined> {
  const firstMs = await changeAfter(-1);
  return firstMs === undefined ? undefined : await pictureAt(firstMs);
}

/** The time of the next frame: the next that shows something new; at last the film's end, so that no player ends before it. */
async function following(ms: number, { changeAfter, durationMs }: VideoExportParts): Promise<number | undefined> {
  if (ms >= durationMs) return undefined;
  const changeMs = (await changeAfter(ms)) ?? durationMs;
  return Math.min(durationMs, Math.ceil(changeMs / PICTURE_EVERY_MS) * PICTURE_EVERY_MS);
}

/** Resolves when the encoder has taken a frame, or there is no use in waiting for it. */
function dequeued(encoder: VideoEncoder, over: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      encoder.removeEventListener('dequeue', done);
      over.removeEventListener('abort', done);
      resolve();
    };
    encoder.addEventListener('dequeue', done);
    over.addEventListener('abort', done);
    if (over.aborted) done();
  });
}

/** Encoders take whole pairs of points. */
function even(side: number): number {
  return Math.max(2, side - (side % 2));
}

function drawFitted(canvas: OffscreenCanvas, picture: Picture | undefined): void {
  const context = canvas.getContext('2d');
  if (!context) return;
  context.fillStyle = 'black';
  context.fillRect(0, 0, canvas.width, canvas.height);
  if (picture === undefined) return;
  const shown = new OffscreenCanvas(picture.width, picture.height);
  shown.getContext('2d')?.putImageData(new ImageData(picture.pixels, picture.width, picture.height), 0, 0);
  const scale = Math.min(1, canvas.width / picture.width, canvas.height / picture.height);
  context.drawImage(shown, 0, 0, picture.width * scale, picture.height * scale);
}
