import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import * as https from 'node:https';
import { join } from 'node:path';
import { updatesRoutes } from '../../shared/api/updates.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { manifestFileName, MOST_ENVELOPE_BYTES, type UpdateChannel, type UpdateFile } from '../../shared/updates/update-manifest.ts';
import { placeOf, type Place } from '../network/place-of.ts';
import type { WayOut } from '../network/way-out.ts';
import { networkError, type ServicePin } from '../service-client/certificate-trust.ts';
import { CheckedAgent } from '../service-client/checked-agent.ts';
import { WholeFile } from '../stored-files/whole-file.ts';

/** The first byte of an answer comes by then, or the feed is not there. */
const ANSWER_LIMIT_MS = 15_000;
/** A download in which nothing comes for so long is cut off; a bad mobile network recovers sooner. */
const SILENCE_LIMIT_MS = 30_000;
/** A manifest is a few kilobytes: whoever sends it for longer, byte by byte, keeps the next look from beginning. */
const MANIFEST_LIMIT_MS = 60_000;

/** Where a feed is, and by whom and by what way it is believed to be reached. */
export interface UpdateFeedOptions {
  /** The folder of the feed, with a slash at its end; `https`. */
  readonly address: URL;
  readonly pin: ServicePin;
  readonly authorities: readonly string[];
  /** The ways out of this computer's network; straight where nothing is said. */
  readonly waysOut?: (place: Place) => Promise<readonly WayOut[]>;
  /** A whole manifest is there by then; for tests. */
  readonly manifestLimitMs?: number;
}

/** The feed that a service gives out, from the service's address. */
export function feedOfService(serviceUrl: string): URL {
  return new URL(updatesRoutes.updateFile.path.replace(':name', ''), serviceUrl);
}

/** The feed of a static host, from the address of its folder. */
export function feedOfAddress(address: string): URL {
  const url = new URL(address);
  url.search = '';
  url.hash = '';
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

/** A feed of updates over HTTPS that has proved itself as a service does. It believes nothing of what comes: manifests are verified by `readSignedManifest`, files against one. */
export class UpdateFeed {
  readonly #address: URL;
  readonly #agent: CheckedAgent;
  readonly #manifestLimitMs: number;

  constructor({ address, pin, authorities, waysOut, manifestLimitMs = MANIFEST_LIMIT_MS }: UpdateFeedOptions) {
    const place = placeOf(address);
    this.#address = address;
    this.#manifestLimitMs = manifestLimitMs;
    this.#agent = new CheckedAgent({ ...place, pin, authorities, waysOut: async () => waysOut?.(place) ?? [{ kind: 'direct' }] });
  }

  /** A channel's manifest as it came, or undefined where the feed has none. Throws `update.feed-refused`, `request.too-many` where it is to be asked later (60 to 3600 seconds), `update.manifest-untrusted` for one that is too large to be ours, `update.download-cut`, also where it is not there within a minute, and what `dialService` throws. */
  async manifest(channel: UpdateChannel, stopped: AbortSignal): Promise<Uint8Array | undefined> {
    const limit = AbortSignal.timeout(this.#manifestLimitMs);
    try {
      return await this.#manifest(channel, AbortSignal.any([stopped, limit]));
    } catch (error) {
      throw limit.aborted && !stopped.aborted ? new MavisError('update.download-cut', {}, { cause: error }) : error;
    }
  }

  async #manifest(channel: UpdateChannel, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const answer = await this.#get(manifestFileName(channel), signal);
    if (answer.statusCode === 404) {
      answer.destroy();
      return undefined;
    }
    mustBeFile(answer);
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    for await (const piece of piecesOf(answer)) {
      bytes += piece.length;
      if (bytes > MOST_ENVELOPE_BYTES) throw new MavisError('update.manifest-untrusted');
      pieces.push(piece);
    }
    return Buffer.concat(pieces);
  }

  /**
   * Fetches a manifest's file into a folder; gives its path. Size and SHA-512 are checked as it comes: it has its name only once it is the
   * right one, and nothing stays of what is not. Throws `update.file-wrong`, `update.download-cut`, `update.feed-refused`, `request.too-many`,
   * `update.not-stored`, and what `dialService` throws.
   */
  async download({ name, sizeBytes, sha512 }: UpdateFile, folder: string, received: (bytes: number) => void, signal: AbortSignal): Promise<string> {
    const answer = await this.#get(name, signal);
    mustBeFile(answer);
    const wrong = (): MavisError => new MavisError('update.file-wrong', { file: name });
    const said = answer.headers['content-length'];
    if (said !== undefined && Number(said) !== sizeBytes) {
      answer.destroy();
      throw wrong();
    }
    const path = join(folder, name);
    const file = await stored(WholeFile.create(path)).catch((error: unknown) => {
      answer.destroy();
      throw error;
    });
    try {
      const hash = createHash('sha512');
      let bytes = 0;
      for await (const piece of piecesOf(answer)) {
        bytes += piece.length;
        if (bytes > sizeBytes) throw wrong();
        hash.update(piece);
        await stored(file.append(piece));
        received(bytes);
      }
      if (bytes !== sizeBytes || hash.digest('base64') !== sha512) throw wrong();
    } catch (error) {
      await file.drop();
      throw error;
    }
    await stored(file.keep());
    return path;
  }

  /** Closes its connections. */
  close(): void {
    this.#agent.destroy();
  }

  /** Asks for a file; redirects are not followed: a feed has one address. */
  #get(name: string, signal: AbortSignal): Promise<IncomingMessage> {
    const { host, hostname, port, pathname } = this.#address;
    return new Promise((resolve, reject) => {
      const request = https.get({ agent: this.#agent, hostname, port, path: pathname + name, signal, headers: { accept: 'application/octet-stream', 'user-agent': 'MAVIS Desktop' } });
      const limit = setTimeout(() => request.destroy(new MavisError('service.time-out', { address: host })), ANSWER_LIMIT_MS);
      request.once('response', (response) => {
        clearTimeout(limit);
        // From here on it is the reader's to hear of.
        response.on('error', () => undefined);
        resolve(response);
      });
      request.on('error', (error) => {
        clearTimeout(limit);
        reject(networkError(error, host));
      });
    });
  }
}

/** Whoever says nothing of when, or something that is no number of seconds, is asked again in a minute. */
const RETRY_SECONDS = 60;
/** An hour, as after any failure: a feed may not send us away for longer. */
const LONGEST_RETRY_SECONDS = 3600;

/** Whatever else comes than a file, such as a page that asks for a sign-on to the network, is not read. */
function mustBeFile(answer: IncomingMessage): void {
  if (answer.statusCode === 200) return;
  answer.destroy();
  if (answer.statusCode === 429) throw new MavisError('request.too-many', { seconds: retrySeconds(answer.headers['retry-after']) });
  throw new MavisError('update.feed-refused', { status: answer.statusCode ?? 0 });
}

function retrySeconds(said: string | undefined): number {
  if (said === undefined || !/^\d{1,9}$/.test(said)) return RETRY_SECONDS;
  return Math.min(Math.max(Number(said), RETRY_SECONDS), LONGEST_RETRY_SECONDS);
}

/** The bytes of an answer; throws `update.download-cut` where it ends before its end, or says nothing for too long. Who leaves it early ends it. */
async function* piecesOf(answer: IncomingMessage): AsyncGenerator<Uint8Array> {
  answer.setTimeout(SILENCE_LIMIT_MS, () => answer.destroy());
  const pieces: AsyncIterator<unknown> = answer[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await pieces.next().catch((cause: unknown) => {
        throw new MavisError('update.download-cut', {}, { cause });
      });
      if (next.done === true) break;
      if (!(next.value instanceof Uint8Array)) throw new MavisError('internal');
      yield next.value;
    }
    if (!answer.complete) throw new MavisError('update.download-cut');
  } finally {
    answer.destroy();
  }
}

/** A file of ours that cannot be written, as an update's. */
async function stored<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof MavisError && error.code === 'client.file-not-written') throw new MavisError('update.not-stored', { reason: error.args['reason'] ?? '' }, { cause: error });
    throw error;
  }
}
