import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import type { Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import { routes, type RouteName } from '../../shared/api/index.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { addressGroup } from '../../shared/refused-peers/address-group.ts';
import type { Log } from '../logging/log.ts';
import type { BoundRoute } from './bound-route.ts';
import { problemOf } from './problems.ts';
import { trustedProxies } from './trusted-proxies.ts';
import { registerRoute, type AuthenticatedSession, type RouteDependencies } from './register-routes.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by `registerRoute` before the body is read. */
    mavisSession: AuthenticatedSession | undefined;
    /** The body as it arrived: what a signature is over. */
    rawBody: Uint8Array | undefined;
  }
}

export interface ServerOptions {
  /** PEM. */
  readonly key: string;
  readonly certificate: string;
  /** Addresses and networks of reverse proxies whose `X-Forwarded-For` is believed; none by default. */
  readonly trustedProxies: readonly string[];
  /** Connections of one address at once; for tests. */
  readonly connectionsOfOne?: number;
}

/** Headers within 10 s and the whole request within 60 s: enough for a slow line, too short for a slow attack (B5). */
const HEADERS_LIMIT_MS = 10_000;
const REQUEST_LIMIT_MS = 60_000;
const KEEP_ALIVE_MS = 30_000;
const MAX_HEADER_BYTES = 16_384;
const MAX_URL_CHARACTERS = 2_048;
const MAX_CONNECTIONS = 10_000;
/** Of these so many from one address (or one IPv6 network): a large office behind one address fits, and one flood leaves room for everybody else. */
const MAX_CONNECTIONS_OF_ONE = 2_000;

/** The service speaks JSON to its own clients and is never shown in a browser's page. */
const SECURITY_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'strict-transport-security': 'max-age=31536000',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
} as const;

/** Every route of the API with its handler. */
export type BoundRoutes = Readonly<Record<RouteName, BoundRoute>>;

function isRouteName(name: string): name is RouteName {
  return Object.hasOwn(routes, name);
}

/** The names of all routes. */
export const routeNames: readonly RouteName[] = Object.keys(routes).filter(isRouteName);

/** What a handshake may be, whichever certificate is shown. */
const TLS_SETTINGS = { minVersion: 'TLSv1.2', honorCipherOrder: true } as const;

/** Shows another certificate from the next handshake on (rule 15). Throws TypeError for a server without TLS. */
export function useCertificate({ server }: FastifyInstance, { key, certificate }: Pick<ServerOptions, 'key' | 'certificate'>): void {
  if (!(server instanceof TlsServer)) throw new TypeError('the server has no certificate');
  server.setSecureContext({ key, cert: certificate, ...TLS_SETTINGS });
}

/** Makes the HTTPS server with every route of the API; it does not listen yet. Throws TypeError where a handler stands under another route's name. */
export function createServer(options: ServerOptions, bound: BoundRoutes, dependencies: RouteDependencies, log: Log): FastifyInstance {
  const server: FastifyInstance = fastify({
    https: { key: options.key, cert: options.certificate, ...TLS_SETTINGS, handshakeTimeout: HEADERS_LIMIT_MS, maxHeaderSize: MAX_HEADER_BYTES, headersTimeout: HEADERS_LIMIT_MS, connectionsCheckingInterval: 2_000 },
    trustProxy: options.trustedProxies.length === 0 ? false : [...options.trustedProxies],
    logger: false,
    requestTimeout: REQUEST_LIMIT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: true,
    return503OnClosing: true,
    routerOptions: { maxParamLength: 100 },
    onProtoPoisoning: 'error',
    onConstructorPoisoning: 'error',
  });
  server.server.maxConnections = MAX_CONNECTIONS;
  limitConnections(server, options);
  server.decorateRequest('mavisSession', undefined);
  acceptJsonOnly(server);
  answerProblems(server, log);
  server.addHook('onRequest', async (request, reply) => {
    reply.headers(SECURITY_HEADERS);
    if (request.url.length > MAX_URL_CHARACTERS) throw new MavisError('request.invalid', { field: 'path' });
  });
  server.addHook('onResponse', async (request, reply) => {
    log.debug('answered', { method: request.method, route: request.routeOptions.url, status: reply.statusCode, milliseconds: Math.round(reply.elapsedTime), userId: request.mavisSession?.user.id, address: request.ip });
  });
  for (const name of routeNames) {
    if (bound[name].route !== routes[name]) throw new TypeError(`the handler of ${name} belongs to another route`);
    registerRoute(server, bound[name], dependencies);
  }
  return server;
}

/** Closes what one peer opens beyond its share (B5); trusted proxies speak for many and are not counted. */
function limitConnections(server: FastifyInstance, { trustedProxies: configured, connectionsOfOne = MAX_CONNECTIONS_OF_ONE }: ServerOptions): void {
  const isTrusted = trustedProxies(configured);
  const open = new Map<string, number>();
  server.server.on('connection', (socket: Socket) => {
    const { remoteAddress = '' } = socket;
    if (isTrusted(remoteAddress)) return;
    const peer = addressGroup(remoteAddress);
    const held = open.get(peer) ?? 0;
    if (held >= connectionsOfOne) {
      socket.destroy();
      return;
    }
    open.set(peer, held + 1);
    socket.once('close', () => {
      const left = (open.get(peer) ?? 1) - 1;
      if (left === 0) open.delete(peer);
      else open.set(peer, left);
    });
  });
}

/** Every body is JSON; anything else is refused before it is read. Keys that would reach a prototype are refused. */
function acceptJsonOnly(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  const parse = server.getDefaultJsonParser('error', 'error');
  server.decorateRequest('rawBody', undefined);
  server.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request: FastifyRequest, body: Buffer, done) => {
    request.rawBody = body;
    if (body.length === 0) return done(null, {});
    parse(request, body.toString('utf8'), done);
  });
}

function answerProblems(server: FastifyInstance, log: Log): void {
  server.setNotFoundHandler(async () => {
    throw new MavisError('request.not-found');
  });
  server.setErrorHandler(async (thrown, request, reply) => {
    const { error, problem, status } = problemOf(thrown);
    const fields = { route: request.routeOptions.url, method: request.method, code: error.code, status, reference: problem.reference, userId: request.mavisSession?.user.id, address: request.ip };
    // Only what was unforeseen needs the place where it was thrown; a code of the catalogue says itself what is wrong.
    if (error.code === 'internal') log.error('request failed', { ...fields, error: error.cause ?? thrown });
    else if (status >= 500) log.warn('request failed', fields);
    else log.info('request refused', fields);
    if (error.code === 'request.too-many') reply.header('retry-after', String(error.args['seconds'] ?? 1));
    return reply.status(status).type('application/json').send(problem);
  });
}
