import type { FastifyInstance, FastifyRequest } from 'fastify';
import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { AuthenticatedSession } from '../http/register-routes.ts';

/** The service's figures for Prometheus. Subjects add theirs to `registry`. */
export class Metrics {
  readonly registry = new Registry();
  readonly #requests: Histogram<'route' | 'method' | 'status'>;
  readonly #refusals: Counter<'code'>;

  constructor() {
    collectDefaultMetrics({ register: this.registry });
    this.#requests = new Histogram({ name: 'mavis_http_request_seconds', help: 'Time to answer, by route', labelNames: ['route', 'method', 'status'], buckets: [0.001, 0.005, 0.02, 0.05, 0.1, 0.5, 1, 5], registers: [this.registry] });
    this.#refusals = new Counter({ name: 'mavis_sign_in_refusals_total', help: 'Sign-ins refused, by status', labelNames: ['code'], registers: [this.registry] });
  }

  /** Measures every answer of a server and answers `/metrics`: on loopback, or with an administrator's token. */
  serveOn(server: FastifyInstance, authenticate: (token: string) => Promise<AuthenticatedSession>): void {
    server.addHook('onResponse', async (request, reply) => {
      this.#requests.observe({ route: request.routeOptions.url ?? 'unknown', method: request.method, status: String(reply.statusCode) }, reply.elapsedTime / 1000);
      if (request.routeOptions.url?.startsWith('/v1/sign-in') === true && reply.statusCode >= 400) this.#refusals.inc({ code: String(reply.statusCode) });
    });
    server.get('/metrics', async (request, reply) => {
      if (!isLocal(request)) await assertAdmin(request, authenticate);
      return reply.type(this.registry.contentType).send(await this.registry.metrics());
    });
  }
}

/** From this machine itself, and not through a proxy on it, which would make everyone look so. */
function isLocal(request: FastifyRequest): boolean {
  const { remoteAddress = '' } = request.socket;
  const forwarded = request.headers['x-forwarded-for'] ?? request.headers.forwarded ?? request.headers['x-real-ip'];
  return forwarded === undefined && /^(?:127\.|::1$|::ffff:127\.)/.test(remoteAddress);
}

async function assertAdmin(request: FastifyRequest, authenticate: (token: string) => Promise<AuthenticatedSession>): Promise<void> {
  const [, token] = /^Bearer ([A-Za-z0-9_-]{43})$/.exec(request.headers.authorization ?? '') ?? [];
  if (token === undefined) throw new MavisError('sign-in.required');
  const { user, passwordMustChange } = await authenticate(token);
  if (user.role !== 'admin' || passwordMustChange) throw new MavisError('access.denied');
}
