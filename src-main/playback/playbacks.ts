import type { IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { recordingsRoutes } from '../../shared/api/recordings.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { RecordingId } from '../../shared/ids.ts';
import { PlaybackDecoder, type PlaybackHeader } from '../../shared/recording/playback.ts';
import { networkError } from '../service-client/certificate-trust.ts';
import type { ServiceClient } from '../service-client/service-client.ts';
import { writeWhole } from '../stored-files/whole-file.ts';

/** One answer to the page: small enough to go through `invoke` without a pause, large enough for few of them. */
export const READ_BYTES = 256 * 1024;
/** A player or two; each holds a connection to the service. */
const MAX_OPEN = 4;
/** A recording that nobody reads on is given up, so that its connection is free again. */
const IDLE_LIMIT_MS = 10 * 60_000;
/** The service opens and verifies the recording before its first byte. */
const FIRST_BYTE_LIMIT_MS = 30_000;
/** Then it sends as fast as it is taken: after this, it is gone. */
const SILENCE_LIMIT_MS = 60_000;

interface OpenPlayback {
  readonly chunks: AsyncIterator<unknown>;
  readonly response: IncomingMessage;
  /** Read from the service and not yet given to the page. */
  held: Buffer;
  /** Bytes given to the page before `held`. */
  given: number;
  /** The last answer, for a page that asks for it again. */
  last: { readonly offset: number; readonly bytes: Uint8Array<ArrayBuffer> };
  done: boolean;
  idle: NodeJS.Timeout;
  reading: boolean;
}

/** Recordings that pages play: the service's stream (`shared/recording/playback.ts`, from its first byte), read on as the page asks for it, so that memory holds one piece of it. */
export class Playbacks {
  readonly #open = new Map<string, OpenPlayback>();
  readonly #newId: () => string;

  constructor(newId: () => string) {
    this.#newId = newId;
  }

  /** Opens a recording; the header is read, and will be read again by the page as the stream's first bytes. Throws the service's refusal, or `recording.broken` for what is no playback. */
  async open(client: Pick<ServiceClient, 'open'>, recordingId: RecordingId): Promise<{ playbackId: string; header: PlaybackHeader }> {
    if (this.#open.size >= MAX_OPEN) throw new MavisError('request.conflict', { what: 'playbacks' });
    const response = await client.open(recordingsRoutes.recordingPlayback, { params: { recordingId }, query: {}, body: {} }, { timeoutMs: FIRST_BYTE_LIMIT_MS });
    const playback: OpenPlayback = {
      response, chunks: response[Symbol.asyncIterator](), held: Buffer.alloc(0), given: 0, last: { offset: -1, bytes: new Uint8Array(0) }, done: false,
      idle: setTimeout(() => undefined, 0), reading: false,
    };
    const id = this.#newId();
    this.#open.set(id, playback);
    this.#touch(id, playback);
    try {
      return { playbackId: id, header: await readHeader(playback) };
    } catch (error) {
      this.close(id);
      throw error;
    }
  }

  /** The stream's next bytes from `offset`, at most 256 KiB; the same offset gives the same bytes again. Throws `request.invalid` for any other. */
  async read(id: string, offset: number): Promise<{ bytes: Uint8Array<ArrayBuffer>; done: boolean }> {
    const playback = this.#open.get(id);
    if (!playback) throw new MavisError('request.not-found');
    this.#touch(id, playback);
    if (offset === playback.last.offset) return { bytes: playback.last.bytes, done: playback.done && playback.held.length === 0 };
    if (offset !== playback.given || playback.reading) throw new MavisError('request.invalid', { field: 'offset' });
    playback.reading = true;
    try {
      while (playback.held.length < READ_BYTES && !playback.done) await readMore(playback);
    } finally {
      playback.reading = false;
    }
    const bytes = new Uint8Array(playback.held.subarray(0, READ_BYTES));
    playback.held = playback.held.subarray(bytes.length);
    playback.given += bytes.length;
    playback.last = { offset, bytes };
    return { bytes, done: playback.done && playback.held.length === 0 };
  }

  close(id: string): void {
    const playback = this.#open.get(id);
    if (!playback) return;
    this.#open.delete(id);
    clearTimeout(playback.idle);
    playback.response.on('error', () => undefined);
    playback.response.destroy();
  }

  closeAll(): void {
    for (const id of this.#open.keys()) this.close(id);
  }

  #touch(id: string, playback: OpenPlayback): void {
    clearTimeout(playback.idle);
    playback.idle = setTimeout(() => this.close(id), IDLE_LIMIT_MS);
    playback.idle.unref();
  }
}

/** Saves a recording as asciicast under a path that the user chose; the file appears whole or not at all. Throws the service's refusal, `client.file-not-written`. */
export async function saveAsciicast(client: Pick<ServiceClient, 'open' | 'address'>, recordingId: RecordingId, path: string): Promise<void> {
  const response = await client.open(recordingsRoutes.recordingAsciicast, { params: { recordingId }, query: { version: 3 }, body: {} }, { timeoutMs: FIRST_BYTE_LIMIT_MS });
  response.setTimeout(SILENCE_LIMIT_MS, () => response.destroy(new MavisError('service.time-out', { address: client.address })));
  try {
    await writeWhole(path, (file) => pipeline(response, file.take));
  } catch (error) {
    response.destroy();
    throw networkError(error, client.address);
  }
}

async function readHeader(playback: OpenPlayback): Promise<PlaybackHeader> {
  const decoder = new PlaybackDecoder();
  while (!playback.done) {
    const before = playback.held.length;
    await readMore(playback);
    try {
      const [first] = decoder.push(playback.held.subarray(before));
      if (first?.part === 'header') return first.header;
    } catch (error) {
      throw new MavisError('service.answer-invalid', {}, { cause: error });
    }
  }
  throw new MavisError('service.answer-invalid');
}

async function readMore(playback: OpenPlayback): Promise<void> {
  let next: IteratorResult<unknown>;
  try {
    next = await playback.chunks.next();
  } catch (error) {
    throw error instanceof MavisError ? error : new MavisError('service.unreachable', { address: '' }, { cause: error });
  }
  if (next.done === true) playback.done = true;
  else if (Buffer.isBuffer(next.value)) playback.held = Buffer.concat([playback.held, next.value]);
}
