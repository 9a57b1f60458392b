import { generateKeyPairSync, sign } from 'node:crypto';
import type { z } from 'zod';
import type { Route } from '../../shared/api/route.ts';
import { problem } from '../../shared/api/route.ts';
import { SIGN_IN_CONTEXT, signInRoutes } from '../../shared/api/sign-in.ts';
import { sendPinned } from './pinned-request.ts';

/** Where the service is and by which key it is known. */
export type ServiceAddress = { readonly url: string; readonly pin: string };

/** What one call carries, as its route says. */
type CallInput<R extends Route> = {
  readonly params?: z.input<R['params']>;
  readonly query?: z.input<R['query']>;
  readonly body?: z.input<R['body']>;
};

/** The service refused a call. */
export class ServiceRefusal extends Error {
  readonly code: string;

  constructor(route: Route, status: number, body: string) {
    const parsed = problem.safeParse(readJson(body));
    const code = parsed.success ? parsed.data.code : `status ${status}`;
    super(`the service refused "${route.summary}": ${code}`);
    this.name = 'ServiceRefusal';
    this.code = code;
  }
}

/** Calls the service's public routes, as provisioning needs them. */
export class ServiceClient {
  readonly #service: ServiceAddress;
  #token: string | undefined;

  constructor(service: ServiceAddress) {
    this.#service = service;
  }

  /** Signs in with a one-time sign-in and a key that is used for nothing else (rules 3 and 27). */
  async signIn(oneTimeSignIn: string): Promise<void> {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const clientKey = publicKey.export({ type: 'spki', format: 'der' }).toString('base64url');
    const { nonce } = await this.call(signInRoutes.signInChallenge, {});
    const text = Buffer.from(`${SIGN_IN_CONTEXT}\n${nonce}\n${clientKey}`, 'utf8');
    const signature = sign('sha256', text, { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url');
    const { token } = await this.call(signInRoutes.signInOneTime, { body: { nonce, clientKey, signature, oneTimeSignIn } });
    this.#token = token;
  }

  /** Ends the session. */
  async signOut(): Promise<void> {
    await this.call(signInRoutes.signOut, {});
    this.#token = undefined;
  }

  /** Calls a route and gives its parsed answer. Raises ServiceRefusal. */
  async call<R extends Route>(route: R, input: CallInput<R>): Promise<z.output<R['response']>> {
    const path = route.path.replaceAll(/:([A-Za-z]+)/g, (_, name: string) => encodeURIComponent(textOf(input.params, name)));
    const url = new URL(path, this.#service.url);
    for (const [name, value] of Object.entries(input.query ?? {})) url.searchParams.set(name, String(value));
    const answer = await sendPinned({
      url,
      pin: this.#service.pin,
      method: route.method,
      headers: this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` },
      body: input.body === undefined ? undefined : JSON.stringify(input.body),
    });
    if (answer.status >= 300) throw new ServiceRefusal(route, answer.status, answer.body);
    return route.response.parse(readJson(answer.body) ?? {}) as z.output<R['response']>;
  }
}

function textOf(record: unknown, name: string): string {
  const value: unknown = typeof record === 'object' && record !== null ? (record as Record<string, unknown>)[name] : undefined;
  if (typeof value !== 'string') throw new TypeError(`the path needs ${name}`);
  return value;
}

function readJson(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
