import { connect } from 'node:tls';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { routes } from '../../../shared/api/index.ts';
import type { Route } from '../../../shared/api/route.ts';
import { role, type Role } from '../../../shared/api/roles.ts';
import { routeNames } from '../../../src-service/http/server.ts';
import { mayCall } from '../../../src-service/http/register-routes.ts';
import { ClientKey, codeOf, ServiceUnderTest, type Answer, type SignedInUser } from '../../fixtures/service-under-test.ts';

let service: ServiceUnderTest;
beforeAll(async () => {
  service = await ServiceUnderTest.start();
});
afterAll(() => service.stop());

const NOWHERE = '00000000-0000-4000-8000-000000000000';
function pathOf(route: Route): string {
  return route.path.replaceAll(/:\w+/g, NOWHERE);
}
/** What a route that is closed to the caller may say: nothing of whether the thing exists. */
const CLOSED = new Set(['sign-in.required', 'access.denied', 'sign-in.password-must-change']);

describe('B7: every route with every role', () => {
  const table = routeNames.flatMap((name) => [...role.options, 'nobody' as const].map((caller) => ({ name, caller })));

  test.each(table)('$name by $caller', async ({ name, caller }) => {
    const route: Route = routes[name];
    if (name === 'events' && caller !== 'nobody') return void (await eventsOpen(caller));
    // Left out of the table's effect: they would end the session that the other rows need.
    const body = name === 'signOut' ? { unexpected: true } : {};
    const asking = { method: route.method, path: pathOf(route), ...(route.method === 'GET' || route.method === 'DELETE' ? {} : { body }) };
    const answer = caller === 'nobody' ? await service.ask(asking) : await (await service.user(caller)).ask(asking);
    const open = caller === 'nobody' ? route.access === 'anyone' : mayCall(caller, route.access);
    const refused = answer.status >= 400 && CLOSED.has(codeOf(answer));
    expect({ open, refused }).toEqual({ open, refused: !open });
    expect(answer.status).not.toBe(500);
  });

  async function eventsOpen(caller: Role): Promise<void> {
    const user = await service.user(caller);
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(service.running.url).port), rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    socket.write(`GET /v1/events HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${user.token}\r\n\r\n`);
    const [first] = await once(socket, 'data');
    expect(String(first)).toMatch(/^HTTP\/1\.1 200/);
    socket.destroy();
  }
});

describe('what comes in', () => {
  test('B9: identity headers of a client change nothing, nor does a forwarded address', async () => {
    const user = await service.user('user');
    const headers = { 'x-user': 'admin', 'x-remote-user': 'admin', 'x-forwarded-user': 'admin', 'x-mavis-role': 'admin', forwarded: 'for=10.9.8.7', 'x-forwarded-for': '10.9.8.7', 'x-real-ip': '10.9.8.7', 'x-forwarded-host': 'evil' };
    expect(codeOf(await user.ask({ path: '/v1/users', headers }))).toBe('access.denied');
    expect(codeOf(await service.ask({ path: '/v1/users', headers }))).toBe('sign-in.required');
    expect((await user.ask({ path: '/v1/me', headers })).text).toContain(user.name);
    expect(service.logged.join('')).not.toContain('10.9.8.7');
  });

  test('figures are not given to who comes through a proxy on this machine', async () => {
    expect((await service.ask({ path: '/metrics' })).text).toContain('mavis_http_request_seconds');
    expect(codeOf(await service.ask({ path: '/metrics', headers: { 'x-forwarded-for': '10.0.0.1' } }))).toBe('sign-in.required');
  });

  test('a body of 1 MB is refused before it is parsed', async () => {
    const answer = await service.ask({ method: 'POST', path: '/v1/sign-in', rawBody: `{"name":"${'a'.repeat(1_000_000)}"}` });
    expect([answer.status, codeOf(answer)]).toEqual([413, 'request.too-large']);
  });

  test('a user cannot make the service read a body of 64 MiB that only an administrator may send', async () => {
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(service.running.url).port), rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const user = await service.user('user');
    socket.write(`POST /v1/resources/import HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${user.token}\r\ncontent-type: application/json\r\ncontent-length: 60000000\r\n\r\n{`);
    const [first] = await once(socket, 'data');
    expect(String(first)).toMatch(/^HTTP\/1\.1 403/);
    socket.destroy();
  });

  test.each(['{"__proto__":{"role":"admin"},"name":"x"}', '{"constructor":{"prototype":{"role":"admin"}}}', '{"a":{"__proto__":{"polluted":true}}}'])('a prototype cannot be reached by JSON: %s', async (rawBody) => {
    const answer = await (await service.administrator()).ask({ method: 'POST', path: '/v1/users', rawBody });
    expect([answer.status, codeOf(answer)]).toEqual([400, 'request.invalid']);
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });

  test.each(['text/plain', 'application/xml', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/json-patch+json', ''])('a body that says it is "%s" is refused', async (type) => {
    const admin = await service.administrator();
    const answer = await admin.ask({ method: 'POST', path: '/v1/users', rawBody: '{}', headers: { 'content-type': type } });
    expect([answer.status, codeOf(answer)]).toEqual([400, 'request.invalid']);
  });

  test.each(['', '{', 'null', '[]', '"text"', '{"name":1}', `{"name":${'['.repeat(30_000)}`])('malformed JSON is refused and nothing breaks: %#', async (rawBody) => {
    const answer = await (await service.administrator()).ask({ method: 'POST', path: '/v1/users', rawBody });
    expect([answer.status, codeOf(answer)]).toEqual([400, 'request.invalid']);
  });

  test.each([['/v1/users/not-a-uuid/disable', 'POST'], ['/v1/resources?limit=100000', 'GET'], ['/v1/resources?cursor=rubbish', 'GET'], [`/v1/resources?filter=${'a'.repeat(600)}`, 'GET'], ['/v1/resources?filter=(', 'GET'], ['/v1/audit?cursor=WyJ1c2VycyIsW119', 'GET']])('%s is refused as invalid', async (path, method) => {
    const answer = await (await service.administrator()).ask({ path, method, ...(method === 'POST' ? { body: {} } : {}) });
    expect([answer.status, codeOf(answer)]).toEqual([400, 'request.invalid']);
  });

  const cursor = Buffer.from(JSON.stringify(['users-by-name', ['a\0b']])).toString('base64url');
  test.each<[string, string, object?]>([
    ['GET', '/v1/users?search=a%00b'], ['GET', `/v1/users?cursor=${cursor}`], ['GET', '/v1/audit?search=a%00b'], ['GET', '/v1/recordings?search=%00'], ['GET', '/v1/access-rules/try?user=%00&resource=x&protocol=ssh'],
    ['POST', '/v1/users', { name: 'nul', displayName: 'a\0b', role: 'user', expiresAt: null }], ['POST', '/v1/users', { name: 'half', displayName: 'a\ud800', role: 'user', expiresAt: null }],
    ['POST', `/v1/connections/${NOWHERE}/terminate`, { reason: 'a\0b' }], ['POST', `/v1/connections/${NOWHERE}/claim`, { outcome: 'failed', code: 'a\0b' }], ['POST', '/v1/diagnostics/reports', { text: 'a\0b', json: '{}', findings: [] }],
  ])('B13: text that no database takes is the caller’s fault: %s %s', async (method, path, body) => {
    const admin = await service.administrator();
    const asking = { method, path, ...(body === undefined ? {} : { body }) };
    const answer = await admin.ask({ ...asking, headers: admin.signature(asking) });
    expect([answer.status, codeOf(answer)]).toEqual([400, 'request.invalid']);
  });

  test.each(['/', '/v1', '/v1/nothing', '/v1/users/../../etc/passwd', '/v1/%00', '//v1/about', '/admin'])('%s is not found and says no more', async (path) => {
    const answer = await service.ask({ path });
    expect([answer.status, Object.keys(z.record(z.string(), z.unknown()).parse(answer.json)).toSorted()]).toEqual([404, ['args', 'code']]);
  });

  test('every answer carries the security headers, refusals too', async () => {
    for (const path of ['/v1/about', '/v1/users', '/nothing']) {
      const { headers } = await service.ask({ path });
      expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'content-security-policy': "default-src 'none'; frame-ancestors 'none'" });
      expect(headers['server'] ?? headers['x-powered-by']).toBeUndefined();
    }
  });

  test('TLS 1.1 is refused', async () => {
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(service.running.url).port), rejectUnauthorized: false, maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' });
    const [error] = await once(socket, 'error');
    expect(error).toBeInstanceOf(Error);
  });
});

describe('B10: a request whose body is held back is judged by what its sender is when the body comes', () => {
  const backdoor = { name: 'backdoor', displayName: 'backdoor', role: 'admin', password: 'Pass-abcdefgh12345', expiresAt: null };
  const text = JSON.stringify(backdoor);
  const asking = { method: 'POST', path: '/v1/users', body: backdoor };

  /** What the service answers to a new administrator where `between` happens after the head was judged and before the body comes. */
  async function answerTo(user: SignedInUser, between: () => Promise<Answer>): Promise<string> {
    const authenticated = vi.spyOn(service.opened.core.clientSessions, 'authenticate');
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(service.running.url).port), rejectUnauthorized: false });
    try {
      await once(socket, 'secureConnect');
      const headers = { host: 'localhost', authorization: `Bearer ${user.token}`, 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)), ...user.signature(asking) };
      socket.write(`POST ${asking.path} HTTP/1.1\r\n${Object.entries(headers).map(([key, value]) => `${key}: ${value}\r\n`).join('')}\r\n`);
      await expect.poll(() => authenticated.mock.settledResults.map(({ type }) => type), { timeout: 60_000 }).toEqual(['fulfilled']);
      authenticated.mockRestore();
      expect((await between()).status).toBe(200);
      socket.write(text);
      const [answer] = await once(socket, 'data');
      return String(answer);
    } finally {
      authenticated.mockRestore();
      socket.destroy();
    }
  }

  const outcomes: readonly { readonly what: string; readonly between: (admin: SignedInUser, user: SignedInUser) => Promise<Answer>; readonly answer: RegExp }[] = [
    { what: 'signed out by an administrator', between: (admin, user) => signed(admin, { method: 'POST', path: `/v1/users/${user.id}/revoke-tokens`, body: {} }), answer: /^HTTP\/1\.1 401 [^]*"sign-in\.required"/ },
    { what: 'signed out by himself', between: (_admin, user) => signed(user, { method: 'POST', path: '/v1/sign-out', body: {} }), answer: /^HTTP\/1\.1 401 [^]*"sign-in\.required"/ },
    { what: 'disabled', between: (admin, user) => signed(admin, { method: 'POST', path: `/v1/users/${user.id}/disable`, body: {} }), answer: /^HTTP\/1\.1 40[13] [^]*"sign-in\.disabled"/ },
    { what: 'an operator by now', between: (admin, user) => signed(admin, { method: 'PATCH', path: `/v1/users/${user.id}`, body: { role: 'operator' } }), answer: /^HTTP\/1\.1 403 [^]*"access\.denied"/ },
  ];

  function signed(user: SignedInUser, one: { method: string; path: string; body: unknown }): Promise<Answer> {
    return user.ask({ ...one, headers: user.signature(one) });
  }

  test.each(outcomes)('$what: refused, and no account is made', async ({ between, answer }) => {
    const admin = await service.administrator();
    const user = await service.newUser('admin');
    expect(await answerTo(user, () => between(admin, user))).toMatch(answer);
    expect((await admin.ask({ path: '/v1/users?search=backdoor' })).json).toMatchObject({ items: [] });
  });

  test('who is still what he was is let through', async () => {
    const admin = await service.administrator();
    const user = await service.newUser('admin');
    expect(await answerTo(user, () => admin.ask({ path: '/v1/me' }))).toMatch(/^HTTP\/1\.1 200 /);
    expect((await admin.ask({ path: '/v1/users?search=backdoor' })).text).toContain('"backdoor"');
  });
});

describe('signed requests', () => {
  const asking = { method: 'POST', path: '/v1/connections', body: { resourceId: NOWHERE, protocol: 'ssh' } };

  test('a signature by the key of the session is taken once', async () => {
    const user = await service.user('user');
    const headers = user.signature(asking);
    expect(codeOf(await user.ask({ ...asking, headers }))).not.toBe('request.signature-invalid');
    expect(codeOf(await user.ask({ ...asking, headers }))).toBe('request.signature-invalid');
  });

  test('of a hundred of one signature at once, one is taken', async () => {
    const user = await service.user('user');
    const headers = user.signature(asking);
    const answers = await Promise.all(Array.from({ length: 100 }, () => user.ask({ ...asking, headers })));
    expect(answers.filter((answer) => codeOf(answer) !== 'request.signature-invalid')).toHaveLength(1);
  });

  test('none, another body, another path, another key, another user: refused', async () => {
    const user = await service.user('user');
    const other = await service.user('operator');
    const wrong = [{}, user.signature(asking, { body: { resourceId: NOWHERE, protocol: 'sftp' } }), user.signature(asking, { path: '/v1/connections?x=1' }), other.signature(asking), { ...user.signature(asking), 'mavis-signature': new ClientKey().sign('x') }];
    for (const headers of wrong) expect(codeOf(await user.ask({ ...asking, headers }))).toBe('request.signature-invalid');
  });

  // One ahead comes nearer while it is on its way, on a busy machine by seconds.
  test.each([-61_500, 75_000, -86_400_000])('a signature %d ms from the service\'s time is refused and says by how much', async (differenceMs) => {
    const user = await service.user('user');
    const answer = await user.ask({ ...asking, headers: user.signature(asking, { signedAt: new Date(Date.now() + differenceMs) }) });
    expect(codeOf(answer)).toBe('sign-in.clock-differs');
  });
});

test('a guesser who has a whole IPv6 network gets no more sign-ins than one who has an address', async () => {
  const proxied = await ServiceUnderTest.start({ overrides: { trustedProxies: ['127.0.0.1'] } });
  try {
    const challenge = (from: string) => proxied.ask({ method: 'POST', path: '/v1/sign-in/challenge', body: {}, headers: { 'x-forwarded-for': from } });
    const answers = [];
    for (let host = 1; host <= 100; host += 1) answers.push((await challenge(`2001:db8:0:7::${host.toString(16)}`)).status);
    expect(answers.filter((status) => status === 429).length).toBeGreaterThan(0);
    expect((await challenge('2001:db8:0:8::1')).status).toBe(200);
    expect((await challenge('192.0.2.1')).status).toBe(200);
  } finally {
    await proxied.stop();
  }
});

test('a flood from one address is told to come back', async () => {
  const codes = await Promise.all(Array.from({ length: 200 }, () => service.ask({ method: 'POST', path: '/v1/sign-in/challenge', body: {} })));
  const refused = codes.filter(({ status }) => status === 429);
  expect(refused.length).toBeGreaterThan(0);
  expect(refused[0]?.headers['retry-after']).toMatch(/^\d+$/);
});
