import { beforeAll, expect, test } from 'vitest';
import { routes } from '../../../shared/api/index.ts';
import { MavisError } from '../../../shared/errors/mavis-error.ts';
import type { BoundRoute } from '../../../src-service/http/bound-route.ts';
import { RateLimit } from '../../../src-service/http/rate-limit.ts';
import { createServer, routeNames, type BoundRoutes } from '../../../src-service/http/server.ts';
import { createLog } from '../../../src-service/logging/log.ts';
import { makeSelfSigned, type SelfSigned } from '../../fixtures/self-signed.ts';

let identity: SelfSigned;
beforeAll(async () => {
  identity = await makeSelfSigned('service');
});

/** What the service logs of a request whose handler throws. */
async function loggedOf(thrown: unknown): Promise<{ level: number; code?: string; error?: { stack: string[] } }> {
  const lines: string[] = [];
  const bound = Object.fromEntries(routeNames.map((name): [string, BoundRoute] => [name, { kind: 'open', route: routes[name], run: () => Promise.reject(thrown) }])) as BoundRoutes;
  const clock = { now: () => new Date(), monotonicMs: () => performance.now() };
  const limit = new RateLimit({ burst: 10, perSecond: 1 }, clock);
  const dependencies = { authenticate: () => Promise.reject(new MavisError('sign-in.required')), takeNonce: async () => true, clock, addressLimit: limit, signInLimit: limit, stopping: new AbortController().signal };
  const server = createServer({ key: identity.keyPem, certificate: identity.certificatePem, trustedProxies: [] }, bound, dependencies, createLog('info', { write: (line: string) => void lines.push(line) }));
  await server.inject({ method: 'POST', url: '/v1/sign-in/challenge' });
  await server.close();
  return JSON.parse(lines[0] ?? '{}');
}

test('a refusal that the catalogue foresees is a warning without the place where it was thrown', async () => {
  const logged = await loggedOf(new MavisError('gateway.none-available', { segment: 'gateway-office1' }));
  expect(logged).toMatchObject({ level: 40, code: 'gateway.none-available' });
  expect(logged.error).toBeUndefined();
  expect(await loggedOf(new MavisError('service.database-unavailable', {}, { cause: new Error('socket') }))).not.toHaveProperty('error');
});

test('what was unforeseen is an error with the place where it was thrown', async () => {
  const logged = await loggedOf(new TypeError('not foreseen'));
  expect(logged).toMatchObject({ level: 50, code: 'internal' });
  expect(logged.error?.stack.join('')).toContain('failure-log.test.ts');
});
