import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import * as https from 'node:https';
import type { z } from 'zod';
import { problem, type Route } from '../../shared/api/route.ts';
import { SIGNATURE_HEADER, SIGNATURE_NONCE_HEADER, SIGNED_AT_HEADER, signedRequestText } from '../../shared/api/sign-in.ts';
import { knownErrorCode } from '../../shared/errors/catalogue.ts';
import { asMavisError, MavisError } from '../../shared/errors/mavis-error.ts';
import { connectionReference } from '../../shared/ids.ts';
import type { ClientKey } from '../account/client-key.ts';
import { placeOf } from '../network/place-of.ts';
import type { ProxyCredentials, WayOut } from '../network/way-out.ts';
import { networkError, type ServicePin } from './certificate-trust.ts';
import { CheckedAgent } from './checked-agent.ts';

/** The whole of a call, unless it says otherwise: the connection test is the longest ordinary one. */
export const CALL_TIMEOUT_MS = 15_000;
/** A page of a thousand resources is under 1 MiB; nothing that is read whole is larger than this. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

export interface ServiceClientOptions {
  readonly serviceUrl: string;
  readonly pin: ServicePin;
  readonly authorities: readonly string[];
  readonly clientKey: Pick<ClientKey, 'sign'>;
  readonly clock: () => number;
  /** How the network is left, and who is asked where its proxy wants to know the user; straight where nothing is said. */
  readonly network?: ServiceNetwork;
}

/** What a service client needs of the network's own proxies. */
export interface ServiceNetwork {
  readonly waysOut: (place: { readonly host: string; readonly port: number }) => Promise<readonly WayOut[]>;
  readonly renewSignOn: (proxy: string, used: ProxyCredentials | null) => Promise<boolean>;
}

interface Arguments<R extends Route> {
  readonly params: z.output<R['params']>;
  readonly query: z.output<R['query']>;
  readonly body: z.output<R['body']>;
}

interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
}

interface Prepared {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string | number>;
  readonly body: Buffer | undefined;
}

/** Calls of one service's routes: typed by `shared/api/`, answers read by their schemas, failures as errors of the catalogue. */
export class ServiceClient {
  readonly address: string;
  readonly #url: URL;
  readonly #agent: CheckedAgent;
  readonly #network: ServiceNetwork | undefined;
  readonly #clientKey: Pick<ClientKey, 'sign'>;
  readonly #clock: () => number;
  #token: string | undefined;

  constructor({ serviceUrl, pin, authorities, clientKey, clock, network }: ServiceClientOptions) {
    this.#url = new URL(serviceUrl);
    const place = placeOf(this.#url);
    this.address = this.#url.host;
    this.#agent = new CheckedAgent({ ...place, pin, authorities, waysOut: async () => network?.waysOut(place) ?? [{ kind: 'direct' }] });
    this.#network = network;
    this.#clientKey = clientKey;
    this.#clock = clock;
  }

  /** The session token, in memory only: it is bound to the key of this launch and worth nothing after it. */
  setToken(token: string | undefined): void {
    this.#token = token;
  }

  /** Goes by other pins from the next connection on: the service rotates its key (rule 15). */
  usePin(pin: ServicePin): void {
    this.#agent.usePin(pin);
  }

  /** Closes the connections that carry nothing now: after sleep, or in another network, they may be dead without a word. */
  dropIdle(): void {
    this.#agent.dropIdle();
  }

  /** Closes all connections; calls on their way fail. */
  close(): void {
    this.#token = undefined;
    this.#agent.destroy();
  }

  /** Calls a route whose answer is JSON. Throws a MavisError: the service's own code, or one of `service.*` where it could not be asked. */
  async call<R extends Route>(route: R, parts: Arguments<R>, options: CallOptions = {}): Promise<z.output<R['response']>> {
    const response = await this.open(route, parts, options);
    const text = await readWhole(response, this.address, options.timeoutMs ?? CALL_TIMEOUT_MS);
    const parsed = route.response.safeParse(parseJson(text));
    if (!parsed.success) throw new MavisError('service.answer-invalid', {}, { cause: parsed.error });
    return parsed.data as z.output<R['response']>;
  }

  /** Calls a route whose answer is bytes or events; the caller reads the response and destroys it where it stops early. */
  async open<R extends Route>(route: R, parts: Arguments<R>, { signal, timeoutMs = CALL_TIMEOUT_MS }: CallOptions = {}): Promise<IncomingMessage> {
    const prepared = this.#prepare(route, parts);
    const response = await this.#sendThroughProxies(prepared, signal, timeoutMs);
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) return response;
    throw refusal(await readWhole(response, this.address, timeoutMs), status);
  }

  #prepare<R extends Route>(route: R, { params, query, body }: Arguments<R>): Prepared {
    const path = filledPath(route.path, params) + queryText(query);
    const withBody = route.method !== 'GET' && route.method !== 'DELETE';
    const bytes = withBody ? Buffer.from(JSON.stringify(body), 'utf8') : undefined;
    const headers: Record<string, string | number> = { accept: route.mediaType, 'user-agent': 'MAVIS Desktop' };
    if (bytes) Object.assign(headers, { 'content-type': 'application/json', 'content-length': bytes.length });
    if (route.access !== 'anyone') {
      if (this.#token === undefined) throw new MavisError('sign-in.required');
      headers['authorization'] = `Bearer ${this.#token}`;
      if (route.signed) Object.assign(headers, this.#signature(route.method, path, bytes, this.#token));
    }
    return { method: route.method, path, headers, body: bytes };
  }

  #signature(method: string, path: string, body: Buffer | undefined, token: string): Record<string, string> {
    const signedAt = new Date(this.#clock()).toISOString();
    const nonce = randomBytes(16).toString('base64url');
    const text = signedRequestText({ method, path, signedAt, nonce, bodySha256: digest(body ?? Buffer.alloc(0)), tokenSha256: digest(Buffer.from(token, 'utf8')) });
    return { [SIGNATURE_HEADER]: this.#clientKey.sign(text), [SIGNED_AT_HEADER]: signedAt, [SIGNATURE_NONCE_HEADER]: nonce };
  }

  /** Sends; where the network's proxy wants to know who the user is, he is asked, and it is sent again. The time that he takes is his own. */
  async #sendThroughProxies(prepared: Prepared, signal: AbortSignal | undefined, timeoutMs: number): Promise<IncomingMessage> {
    for (;;) {
      try {
        return await this.#send(prepared, signal, timeoutMs);
      } catch (thrown) {
        const error = asMavisError(thrown);
        const proxy = String(error.args['proxy'] ?? '');
        if ((error.code !== 'proxy.authentication-required' && error.code !== 'proxy.authentication-failed') || this.#network === undefined) throw thrown;
        if (!(await this.#network.renewSignOn(proxy, this.#agent.shownToProxies.get(proxy) ?? null))) throw thrown;
      }
    }
  }

  #send({ method, path, headers, body }: Prepared, signal: AbortSignal | undefined, timeoutMs: number): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(cancelled(signal));
        return;
      }
      const request = https.request({ agent: this.#agent, hostname: this.#url.hostname, port: this.#url.port, method, path, headers });
      const timer = setTimeout(() => request.destroy(new MavisError('service.time-out', { address: this.address })), timeoutMs);
      const onAbort = (): void => {
        request.destroy(signal ? cancelled(signal) : undefined);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      const settle = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
      };
      request.once('response', (response) => {
        settle();
        // A caller that aborts while the answer is read ends the answer.
        if (signal) {
          const endAnswer = (): void => {
            response.destroy(cancelled(signal));
          };
          signal.addEventListener('abort', endAnswer, { once: true });
          response.once('close', () => signal.removeEventListener('abort', endAnswer));
        }
        resolve(response);
      });
      request.on('error', (error) => {
        settle();
        reject(networkError(error, this.address));
      });
      request.end(body);
    });
  }
}

function cancelled(signal: AbortSignal): MavisError {
  return signal.reason instanceof MavisError ? signal.reason : new MavisError('connect.cancelled');
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64url');
}

function filledPath(path: string, params: unknown): string {
  const values = new Map(Object.entries(typeof params === 'object' && params !== null ? params : {}));
  return path.replaceAll(/:([A-Za-z]+)/g, (_match, name: string) => encodeURIComponent(String(values.get(name))));
}

function queryText(query: unknown): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(typeof query === 'object' && query !== null ? query : {})) {
    if (value !== undefined) search.set(name, String(value));
  }
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
}

async function readWhole(response: IncomingMessage, address: string, timeoutMs: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const timer = setTimeout(() => response.destroy(new MavisError('service.time-out', { address })), timeoutMs);
  try {
    for await (const chunk of response) {
      if (!Buffer.isBuffer(chunk)) throw new MavisError('service.answer-invalid');
      bytes += chunk.length;
      if (bytes > MAX_ANSWER_BYTES) throw new MavisError('service.answer-invalid');
      chunks.push(chunk);
    }
  } catch (error) {
    response.destroy();
    throw networkError(error, address);
  } finally {
    clearTimeout(timer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new MavisError('service.answer-invalid', {}, { cause: error });
  }
}

/** What the service answered instead, as its own code; anything that is not our problem format is not our service. */
function refusal(text: string, status: number): MavisError {
  let parsed: ReturnType<typeof problem.safeParse>;
  try {
    parsed = problem.safeParse(parseJson(text));
  } catch (error) {
    return asMavisError(error);
  }
  if (!parsed.success) return new MavisError('service.answer-invalid', {}, { cause: new Error(`status ${status}`) });
  const reference = connectionReference.safeParse(parsed.data.reference);
  return new MavisError(knownErrorCode(parsed.data.code), parsed.data.args, reference.success ? { reference: reference.data } : {});
}
