import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import type { Access, Route } from '../../shared/api/route.ts';
import type { Role } from '../../shared/api/roles.ts';
import type { User } from '../../shared/api/users.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { addressGroup } from '../../shared/refused-peers/address-group.ts';
import type { Clock } from '../clock.ts';
import { BytesAnswer, type BoundRoute, type OpenContext, type RequestContext } from './bound-route.ts';
import type { RateLimit } from './rate-limit.ts';
import { verifySignedRequest, type TakeNonce } from './signed-request.ts';

/** A session as its token proves it. */
export interface AuthenticatedSession {
  readonly user: User;
  readonly tokenSha256: string;
  /** SubjectPublicKeyInfo, base64url. */
  readonly clientKey: string;
  readonly clientKeyThumbprint: string;
  readonly expiresAt: Date;
  /** Until the one-time password is changed, only the routes of `BEFORE_PASSWORD_CHANGE` are open. */
  readonly passwordMustChange: boolean;
}

export interface RouteDependencies {
  /** Throws `sign-in.required` where the token is none, not known, revoked or over. */
  authenticate(token: string): Promise<AuthenticatedSession>;
  readonly takeNonce: TakeNonce;
  readonly clock: Pick<Clock, 'now'>;
  readonly addressLimit: RateLimit;
  /** Tighter, for the routes by which one signs in. */
  readonly signInLimit: RateLimit;
  /** Aborted when the service stops. */
  readonly stopping: AbortSignal;
}

/** What someone with a one-time password may do before changing it. */
const BEFORE_PASSWORD_CHANGE: ReadonlySet<string> = new Set(['/v1/me', '/v1/me/password', '/v1/sign-out']);
const SIGN_IN_PATHS: ReadonlySet<string> = new Set(['/v1/sign-in', '/v1/sign-in/challenge', '/v1/sign-in/one-time']);

/** Registers one route: limits, sign-in, role and signature are checked from its record before its handler is called; sign-in and role before and after its body. */
export function registerRoute(server: FastifyInstance, bound: BoundRoute, dependencies: RouteDependencies): void {
  const { route } = bound;
  server.route({
    method: route.method,
    url: route.path,
    bodyLimit: route.maxBodyBytes,
    // Before the body is read: a peer that may not call a route cannot make the service read 64 MiB first.
    onRequest: async (request) => {
      limitAddress(request, route.path, dependencies);
      if (bound.kind === 'signed-in') request.mavisSession = await authorised(request, route.path, route.access, dependencies);
    },
    handler: async (request, reply) => {
      const open: OpenContext = { address: request.ip, signal: signalOf(reply, dependencies.stopping) };
      const input = { params: request.params, query: request.query, body: request.body };
      const answer = bound.kind === 'open' ? await bound.run(input, open) : await bound.run(input, await signedInContext(request, open, route, dependencies));
      return send(reply, route.mediaType, answer);
    },
  });
}

function limitAddress(request: FastifyRequest, path: string, { addressLimit, signInLimit }: RouteDependencies): void {
  const limit = SIGN_IN_PATHS.has(path) ? signInLimit : addressLimit;
  const seconds = limit.take(addressGroup(request.ip));
  if (seconds > 0) throw new MavisError('request.too-many', { seconds });
}

async function authorised(request: FastifyRequest, path: string, access: Access, { authenticate }: RouteDependencies): Promise<AuthenticatedSession> {
  const [, token] = /^Bearer ([A-Za-z0-9_-]{43})$/.exec(request.headers.authorization ?? '') ?? [];
  if (token === undefined) throw new MavisError('sign-in.required');
  const session = await authenticate(token);
  if (!mayCall(session.user.role, access)) throw new MavisError('access.denied');
  if (session.passwordMustChange && !BEFORE_PASSWORD_CHANGE.has(path)) throw new MavisError('sign-in.password-must-change');
  return session;
}

/** Whether a role may call a route with this access. */
export function mayCall(role: Role, access: Access): boolean {
  return access === 'anyone' || access === 'signed-in' || access.includes(role);
}

async function signedInContext(request: FastifyRequest, open: OpenContext, route: Route, dependencies: RouteDependencies): Promise<RequestContext> {
  const { clock, takeNonce } = dependencies;
  const before = request.mavisSession;
  if (before === undefined) throw new MavisError('sign-in.required');
  if (route.signed) {
    const { method, url: path, headers, rawBody: body = new Uint8Array() } = request;
    await verifySignedRequest({ method, path, headers, body, tokenSha256: before.tokenSha256, clientKey: before.clientKey }, clock, takeNonce);
  }
  // A peer may hold its body back for a minute: what he was signed in as before it says nothing of now.
  const session = route.method === 'GET' ? before : await authorised(request, route.path, route.access, dependencies);
  const { user, tokenSha256, clientKeyThumbprint, expiresAt } = session;
  return { ...open, user, tokenSha256, clientKeyThumbprint, sessionExpiresAt: expiresAt, actor: { kind: 'user', id: user.id, name: user.name } };
}

function signalOf(reply: FastifyReply, stopping: AbortSignal): AbortSignal {
  const hungUp = new AbortController();
  reply.raw.once('close', () => hungUp.abort());
  return AbortSignal.any([hungUp.signal, stopping]);
}

async function send(reply: FastifyReply, mediaType: string, answer: unknown): Promise<FastifyReply> {
  if (!(answer instanceof BytesAnswer)) return reply.send(answer);
  reply.type(mediaType);
  if (answer.fileName !== undefined) reply.header('content-disposition', `attachment; filename="${answer.fileName}"`);
  return reply.send(answer.body instanceof Readable || typeof answer.body === 'string' ? answer.body : Buffer.from(answer.body));
}
