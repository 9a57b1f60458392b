import 'reflect-metadata';
import { createHash, verify, webcrypto, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import * as https from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { cryptoProvider, PemConverter, SubjectAlternativeNameExtension, X509CertificateGenerator } from '@peculiar/x509';
import { afterEach, describe, expect, test } from 'vitest';
import { routes } from '../../../shared/api/index.ts';
import type { ServiceEvent } from '../../../shared/api/events.ts';
import { signedRequestText, signInRoutes } from '../../../shared/api/sign-in.ts';
import { MavisError } from '../../../shared/errors/mavis-error.ts';
import { type ProfileId, resourceId } from '../../../shared/ids.ts';
import { Account } from '../../../src-main/account/account.ts';
import { ClientKey } from '../../../src-main/account/client-key.ts';
import { createLog } from '../../../src-main/logging/log.ts';
import { Profiles } from '../../../src-main/profiles/profiles.ts';
import { keyFingerprint, readServiceCertificate } from '../../../src-main/service-client/certificate-trust.ts';
import { followEvents } from '../../../src-main/service-client/event-stream.ts';
import { StreamRenewal } from '../../../src-main/service-client/stream-renewal.ts';
import type { WayOut } from '../../../src-main/network/way-out.ts';
import { readCertificateThroughProxies } from '../../../src-main/service-client/proxied-certificate.ts';
import { ServiceClient, type ServiceNetwork } from '../../../src-main/service-client/service-client.ts';
import { type ConnectProxy, type ConnectProxyBehaviour, startConnectProxy } from '../../fixtures/connect-proxy.ts';
import { createStores } from '../../../src-main/stores/owned-store.ts';
import { clientSettings } from '../../../shared/ipc/settings.ts';

// The client's side of leg L1 against a scripted HTTPS server: a peer that answers what a test wants, not the service.

const clientKey = new ClientKey(() => Date.now());
const log = createLog([], () => 0, 1);
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

interface ScriptedService {
  readonly url: string;
  readonly port: number;
  readonly pin: string;
  readonly certificatePem: string;
  readonly requests: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[];
  /** Bytes that reached the HTTP server, on any connection. */
  bytesRead(): number;
}

async function makeCertificate(names: { type: 'ip' | 'dns'; value: string }[]): Promise<{ key: string; cert: string }> {
  cryptoProvider.set(webcrypto);
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  if (!('privateKey' in keys)) throw new Error('a key pair was expected');
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=Corporate Inspection CA', notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 3_600_000), signingAlgorithm: algorithm, keys,
    extensions: [new SubjectAlternativeNameExtension(names)],
  });
  return { key: PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY'), cert: certificate.toString('pem') };
}

async function service(answer: (request: IncomingMessage, response: ServerResponse, body: string) => void, names: { type: 'ip' | 'dns'; value: string }[] = [{ type: 'ip', value: '127.0.0.1' }]): Promise<ScriptedService> {
  const { key, cert } = await makeCertificate(names);
  const requests: ScriptedService['requests'] = [];
  const server = https.createServer({ key, cert }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      requests.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body });
      answer(request, response, body);
    });
  });
  let bytes = 0;
  server.on('secureConnection', (socket) => socket.on('data', (chunk: Buffer) => (bytes += chunk.length)));
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(
    () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  );
  const { port } = server.address() as AddressInfo;
  return { url: `https://127.0.0.1:${port}`, port, pin: keyFingerprint(new X509Certificate(cert)), certificatePem: cert, requests, bytesRead: () => bytes };
}

async function tcp(onConnection: Parameters<typeof createTcpServer>[1]): Promise<{ server: TcpServer; port: number }> {
  const server = createTcpServer(onConnection).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => new Promise((resolve) => server.close(() => resolve())));
  return { server, port: (server.address() as AddressInfo).port };
}

function client(serviceUrl: string, pin: string | null, authorities: readonly string[] = []): ServiceClient {
  const made = new ServiceClient({ serviceUrl, pin, authorities, clientKey, clock: () => Date.now() });
  made.setToken('TOKEN-CANARY');
  closing.push(async () => made.close());
  return made;
}

const json = (value: unknown, status = 200) => (_request: IncomingMessage, response: ServerResponse): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
};
const ready = { ok: true, database: true, recordings: true };
const none = { params: {}, query: {}, body: {} };
const codeOf = (promise: Promise<unknown>): Promise<string> => promise.then(() => 'no error', (error: MavisError) => error.code);

describe('a service that proves itself', () => {
  test('by a pinned key', async () => {
    const { url, pin } = await service(json(ready));
    expect(await client(url, pin).call(routes.ready, none)).toEqual(ready);
  });

  test('by the system\'s trust', async () => {
    const { url, certificatePem } = await service(json(ready));
    expect(await client(url, null, [certificatePem]).call(routes.ready, none)).toEqual(ready);
  });

  test('another key than the pinned one is service.pin-mismatch with the key seen, and nothing was sent to it', async () => {
    const { url, pin, requests, bytesRead } = await service(json(ready));
    const error: unknown = await client(url, `SHA256:${'A'.repeat(43)}`).call(routes.me, none).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'service.pin-mismatch', args: { seen: pin } });
    expect([requests.length, bytesRead()]).toEqual([0, 0]);
  });

  test('a certificate that nobody vouches for is service.certificate-untrusted with its issuer, and nothing was sent to it', async () => {
    const { url, requests, bytesRead } = await service(json(ready));
    const error: unknown = await client(url, null).call(routes.me, none).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'service.certificate-untrusted', args: { issuer: 'Corporate Inspection CA' } });
    expect([requests.length, bytesRead()]).toEqual([0, 0]);
  });

  test('a trusted certificate for another name is refused', async () => {
    const { url, certificatePem, bytesRead } = await service(json(ready), [{ type: 'dns', value: 'other.example' }]);
    expect(await codeOf(client(url, null, [certificatePem]).call(routes.me, none))).toBe('service.certificate-untrusted');
    expect(bytesRead()).toBe(0);
  });

  test('the fingerprint can be read before it is pinned, without a request', async () => {
    const { port, pin, requests } = await service(json(ready));
    expect(await readServiceCertificate({ host: '127.0.0.1', port, authorities: [], timeoutMs: 20_000 })).toEqual({ fingerprint: pin, subject: 'Corporate Inspection CA', issuer: 'Corporate Inspection CA', trustedBySystem: false });
    expect(requests).toEqual([]);
  });
});

describe('a service that cannot be asked', () => {
  test('refused is service.unreachable', async () => {
    const { server, port } = await tcp(() => undefined);
    server.close();
    await once(server, 'close');
    expect(await codeOf(client(`https://127.0.0.1:${port}`, null).call(routes.ready, none))).toBe('service.unreachable');
  });

  test('an unknown name is service.name-unknown', async () => {
    expect(await codeOf(client('https://no-such-host.invalid', null).call(routes.ready, none))).toBe('service.name-unknown');
  });

  test('silence after the connection is service.time-out', async () => {
    const { port } = await tcp((socket) => {
      socket.on('error', () => undefined);
      closing.push(async () => void socket.destroy());
    });
    await expect(readServiceCertificate({ host: '127.0.0.1', port, authorities: [], timeoutMs: 200 })).rejects.toMatchObject({ code: 'service.time-out', args: { address: `127.0.0.1:${port}` } });
  });

  test('silence after the request is service.time-out, also in the middle of the answer', async () => {
    const silent = await service(() => undefined);
    expect(await codeOf(client(silent.url, silent.pin).call(routes.ready, none, { timeoutMs: 200 }))).toBe('service.time-out');
    const half = await service((_request, response) => response.writeHead(200, { 'content-type': 'application/json' }).write('{"ok":'));
    expect(await codeOf(client(half.url, half.pin).call(routes.ready, none, { timeoutMs: 200 }))).toBe('service.time-out');
  });

  test.each([
    ['no JSON', (response: ServerResponse) => response.writeHead(200).end('<html>proxy</html>')],
    ['JSON of another form', (response: ServerResponse) => response.writeHead(200).end('{"ok":"yes"}')],
    ['a refusal that is not ours', (response: ServerResponse) => response.writeHead(502).end('<html>Bad Gateway</html>')],
    ['a refusal of another form', (response: ServerResponse) => response.writeHead(404).end('{"error":"not found"}')],
    ['an answer without end', (response: ServerResponse) => {
      response.writeHead(200);
      const block = Buffer.alloc(1024 * 1024, 0x20);
      const write = (): void => {
        if (!response.destroyed && response.write(block)) setImmediate(write);
        else response.once('drain', write);
      };
      write();
    }],
  ] as const)('%s is service.answer-invalid', async (_what, send) => {
    const { url, pin } = await service((_request, response) => void send(response));
    expect(await codeOf(client(url, pin).call(routes.ready, none))).toBe('service.answer-invalid');
  });

  test('the service\'s own code comes with its arguments and its reference; a code that we do not know is internal', async () => {
    const { url, pin } = await service(json({ code: 'gateway.none-available', args: { segment: 'gateway-office1' }, reference: 'MV-ABCDE-12345' }, 503));
    const error: unknown = await client(url, pin).call(routes.ready, none).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'gateway.none-available', args: { segment: 'gateway-office1' }, reference: 'MV-ABCDE-12345' });
    const newer = await service(json({ code: 'gateway.of-tomorrow' }, 404));
    expect(await codeOf(client(newer.url, newer.pin).call(routes.ready, none))).toBe('internal');
  });

  test('a call can be cancelled', async () => {
    const { url, pin } = await service(() => undefined);
    const stop = new AbortController();
    const call = codeOf(client(url, pin).call(routes.ready, none, { signal: stop.signal }));
    stop.abort();
    expect(await call).toBe('connect.cancelled');
  });
});

describe('requests', () => {
  test('path, query and body are written from the route, and the token goes in a header alone', async () => {
    const { url, pin, requests } = await service(json({ items: [] }));
    await client(url, pin).call(routes.auditList, { params: {}, query: { limit: 5, search: 'a b&c' }, body: {} });
    expect(requests[0]).toMatchObject({ method: 'GET', url: '/v1/audit?limit=5&search=a+b%26c', headers: { authorization: 'Bearer TOKEN-CANARY' }, body: '' });
    expect(requests[0]?.url).not.toContain('TOKEN');
  });

  test('a parameter cannot leave its place in the path', async () => {
    const { url, pin, requests } = await service(json({}, 404));
    await codeOf(client(url, pin).call(routes.recordingRead, { params: { recordingId: '../users?x=' as never }, query: {}, body: {} }));
    expect(requests[0]?.url).toBe('/v1/recordings/..%2Fusers%3Fx%3D');
  });

  test('rule 3: a request for a connection is signed over method, path, time, nonce, body and token', async () => {
    const { url, pin, requests } = await service(json({ code: 'access.denied' }, 403));
    const body = { resourceId: resourceId.parse('33333333-3333-4333-8333-333333333333'), protocol: 'ssh' as const };
    const asking = client(url, pin);
    await codeOf(asking.call(routes.connectionAsk, { params: {}, query: {}, body }));
    await codeOf(asking.call(routes.connectionAsk, { params: {}, query: {}, body }));
    const [first, second] = requests;
    if (!first || !second) throw new Error('two requests were expected');
    const digest = (text: string): string => createHash('sha256').update(text).digest('base64url');
    const text = signedRequestText({
      method: 'POST', path: '/v1/connections', signedAt: String(first.headers['mavis-signed-at']), nonce: String(first.headers['mavis-signature-nonce']), bodySha256: digest(first.body), tokenSha256: digest('TOKEN-CANARY'),
    });
    const publicKey = { key: Buffer.from(clientKey.publicKey, 'base64url'), format: 'der' as const, type: 'spki' as const, dsaEncoding: 'ieee-p1363' as const };
    expect(verify('sha256', Buffer.from(text), publicKey, Buffer.from(String(first.headers['mavis-signature']), 'base64url'))).toBe(true);
    expect(first.headers['mavis-signature-nonce']).not.toBe(second.headers['mavis-signature-nonce']);
  });

  test('without a token nothing is asked that needs one', async () => {
    const { url, pin, requests } = await service(json({}));
    const signedOut = client(url, pin);
    signedOut.setToken(undefined);
    expect(await codeOf(signedOut.call(routes.me, none))).toBe('sign-in.required');
    expect(requests).toEqual([]);
  });
});

describe('signing in', () => {
  const user = {
    id: '66666666-6666-4666-8666-666666666666', name: 'alice', displayName: 'Alice', role: 'user', expiresAt: null, disabledAt: null, lockedUntil: null, mustChangePassword: false, createdAt: '2026-01-01T00:00:00.000Z', lastSignInAt: null,
  };

  async function world(answers: Record<string, (response: ServerResponse) => void>): Promise<{ account: Account; profiles: Profiles; profileId: ProfileId; stores: ReturnType<typeof createStores>; scripted: ScriptedService; changes: (string | undefined)[] }> {
    const scripted = await service((request, response) => {
      const answer = answers[request.url ?? ''];
      if (answer) answer(response);
      else response.writeHead(404).end('{"code":"request.not-found"}');
    });
    const stores = createStores(clientSettings.parse({}));
    const profiles = new Profiles(stores.profiles, { write: () => Promise.resolve() }, () => crypto.randomUUID());
    const profileId = await profiles.add({ name: 'p', colour: 'blue', serviceUrl: scripted.url, pin: scripted.pin, proxy: { kind: 'system' } });
    const changes: (string | undefined)[] = [];
    const account = new Account({
      store: stores.account, profiles, clientKey, log, clock: () => Date.now(),
      connect: (profile) => client(profile.serviceUrl, profile.pin),
      onChange: (signedIn) => changes.push(signedIn?.userName),
    });
    return { account, profiles, profileId, stores, scripted, changes };
  }
  const send = (value: unknown, status = 200) => (response: ServerResponse): void => void response.writeHead(status).end(JSON.stringify(value));
  const challenge = send({ nonce: 'n'.repeat(22), expiresAt: '2030-01-01T00:00:00.000Z', serverTime: '2026-01-01T00:00:00.000Z' });

  test('registers the launch\'s key by a signature over the nonce; the password goes nowhere else', async () => {
    const { account, profileId, stores, scripted, changes } = await world({ '/v1/sign-in/challenge': challenge, '/v1/sign-in': send({ token: 't', expiresAt: '2030-01-01T00:00:00.000Z', user }), '/v1/sign-out': send({}) });
    await account.signIn({ profileId, name: 'alice', password: 'PASSWORD-CANARY', stayNamed: true });
    const sent: unknown = JSON.parse(scripted.requests[1]?.body ?? '');
    expect(sent).toMatchObject({ name: 'alice', password: 'PASSWORD-CANARY', clientKey: clientKey.publicKey, nonce: 'n'.repeat(22) });
    const { signature } = sent as { signature: string };
    const publicKey = { key: Buffer.from(clientKey.publicKey, 'base64url'), format: 'der' as const, type: 'spki' as const, dsaEncoding: 'ieee-p1363' as const };
    expect(verify('sha256', Buffer.from(`mavis-sign-in-1\n${'n'.repeat(22)}\n${clientKey.publicKey}`), publicKey, Buffer.from(signature, 'base64url'))).toBe(true);
    expect(stores.account.state).toMatchObject({ status: 'signed-in', user: { name: 'alice' } });
    expect(JSON.stringify(Object.values(stores).map(({ state }) => state))).not.toContain('CANARY');
    expect(stores.profiles.state.items[0]?.userName).toBe('alice');
    await account.signOut();
    expect(stores.account.state).toEqual({ status: 'signed-out', reason: null });
    expect(scripted.requests.at(-1)?.url).toBe('/v1/sign-out');
    expect(changes).toEqual(['alice', undefined]);
  });

  test('a password goes to the service that it was typed for, whatever profile is selected meanwhile', async () => {
    const other = await service(json({}));
    const { account, profiles, profileId, stores, scripted } = await world({ '/v1/sign-in/challenge': challenge, '/v1/sign-in': send({ token: 't', expiresAt: '2030-01-01T00:00:00.000Z', user }) });
    const otherId = await profiles.add({ name: 'q', colour: 'red', serviceUrl: other.url, pin: other.pin, proxy: { kind: 'system' } });
    await profiles.select(otherId);
    await account.signIn({ profileId, name: 'alice', password: 'PASSWORD-CANARY', stayNamed: true });
    expect(scripted.requests.map(({ url }) => url)).toEqual(['/v1/sign-in/challenge', '/v1/sign-in']);
    expect(other.requests).toEqual([]);
    expect(stores.profiles.state.items.map(({ userName }) => userName)).toEqual(['alice', null]);
  });

  test('rule 27: with a one-time password, the change of it opens the app and begins what was refused until then', async () => {
    const { account, profileId, stores, changes } = await world({
      '/v1/sign-in/challenge': challenge, '/v1/sign-in': send({ token: 't', expiresAt: '2030-01-01T00:00:00.000Z', user: { ...user, mustChangePassword: true } }),
      [signInRoutes.changePassword.path]: send({}), '/v1/sign-out': send({}),
    });
    await account.signIn({ profileId, name: 'alice', password: 'given once', stayNamed: false });
    await account.changePassword({ current: 'given once', next: 'several unrelated words' });
    expect(stores.account.state).toMatchObject({ status: 'signed-in', user: { name: 'alice', mustChangePassword: false } });
    expect(changes).toEqual(['alice', 'alice']);
    await account.changePassword({ current: 'several unrelated words', next: 'other unrelated words' });
    expect(changes).toEqual(['alice', 'alice']);
    await account.signOut();
  });

  test('a refusal leaves the reason for the page', async () => {
    const { account, profileId, stores, changes } = await world({ '/v1/sign-in/challenge': challenge, '/v1/sign-in': send({ code: 'sign-in.locked', args: { minutes: 5 } }, 423) });
    expect(await codeOf(account.signIn({ profileId, name: 'alice', password: 'x', stayNamed: false }))).toBe('sign-in.locked');
    expect(stores.account.state).toEqual({ status: 'signed-out', reason: { code: 'sign-in.locked', args: { minutes: 5 }, reference: null } });
    expect(changes).toEqual([]);
  });

  test('another choice while a sign-in is on its way gives it up: nobody is signed in, nothing stands as going on, and the token that comes is ended at the service', async () => {
    let answer: (() => void) | undefined;
    const { account, profileId, stores, scripted, changes } = await world({
      '/v1/sign-in/challenge': challenge,
      '/v1/sign-in': (response) => (answer = () => send({ token: 'late-token', expiresAt: '2030-01-01T00:00:00.000Z', user })(response)),
      '/v1/sign-out': send({}),
    });
    const asked = account.signIn({ profileId, name: 'alice', password: 'x', stayNamed: false });
    await expect.poll(() => answer).toBeDefined();
    await account.signOut();
    expect(stores.account.state).toEqual({ status: 'signed-out', reason: null });
    answer?.();
    await asked;
    expect(stores.account.state).toEqual({ status: 'signed-out', reason: null });
    expect(changes).toEqual([]);
    expect(scripted.requests.at(-1)).toMatchObject({ url: '/v1/sign-out', headers: expect.objectContaining({ authorization: 'Bearer late-token' }) });
  });

  test('a service that takes a token no more is heard only by who holds one: not by a sign-in that is on its way', async () => {
    const { account, profileId, stores } = await world({ '/v1/sign-in/challenge': challenge, '/v1/sign-in': send({ token: 't', expiresAt: '2030-01-01T00:00:00.000Z', user }), '/v1/sign-out': send({}) });
    const asked = account.signIn({ profileId, name: 'alice', password: 'x', stayNamed: false });
    account.lose(new MavisError('sign-in.required'));
    await asked;
    expect(stores.account.state).toMatchObject({ status: 'signed-in', user: { name: 'alice' } });
    await account.signOut();
  });

  test('a computer whose clock is days ahead stays signed in: the token lasts by the service’s clock', async () => {
    const issued = Date.parse('2026-01-01T00:00:00.000Z');
    const { account, profileId, stores } = await world({ '/v1/sign-in/challenge': challenge, '/v1/sign-in': send({ token: 't', expiresAt: new Date(issued + 60_000).toISOString(), user }), '/v1/sign-out': send({}) });
    await account.signIn({ profileId, name: 'alice', password: 'x', stayNamed: false });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(stores.account.state.status).toBe('signed-in');
    await account.signOut();
  });

  test('a token that expires signs out', async () => {
    const { account, profileId, stores } = await world({ '/v1/sign-in/challenge': challenge, '/v1/sign-in': send({ token: 't', expiresAt: '2026-01-01T00:00:01.500Z', user }) });
    const expired = new Promise<void>((resolve) => {
      stores.account.onPatch(() => {
        if (stores.account.state.status === 'signed-out') resolve();
      });
    });
    await account.signIn({ profileId, name: 'alice', password: 'x', stayNamed: false });
    await expired;
    expect(stores.account.state).toMatchObject({ status: 'signed-out', reason: { code: 'sign-in.required' } });
  });
});

describe('the service\'s events', () => {
  const hello = `event: hello\ndata: ${JSON.stringify({ kind: 'hello', serverTime: '2026-01-01T00:00:00.000Z', inventoryRevision: 'r1' })}\n\n`;

  test('a stream that breaks or falls silent is opened again, and each begins with hello', async () => {
    let opened = 0;
    const scripted = await service((_request, response) => {
      opened += 1;
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(hello);
      if (opened === 1) response.write('event: tomorrow\ndata: {"kind":"tomorrow"}\n\n', () => response.destroy());
    });
    const stop = new AbortController();
    const events: ServiceEvent[] = [];
    const online: boolean[] = [];
    const third = Promise.withResolvers<void>();
    const following = followEvents({
      client: client(scripted.url, scripted.pin), log, random: () => 0, signal: stop.signal, silenceLimitMs: 200, firstPauseMs: 10, onOnline: (is) => online.push(is), onSignedOut: () => undefined,
      onEvent: (event) => {
        events.push(event);
        if (events.length === 3) third.resolve();
      },
    });
    await third.promise;
    stop.abort();
    await following;
    expect(events.map(({ kind }) => kind)).toEqual(['hello', 'hello', 'hello']);
    expect(online.slice(0, 5)).toEqual([true, false, true, false, true]);
  });

  test('after sleep the stream is opened anew at once, be it silent or in a long pause, and over a connection of its own', async () => {
    let opened = 0;
    const sockets = new Set<unknown>();
    const refusing = new Set([2]);
    const scripted = await service((request, response) => {
      sockets.add(request.socket);
      if (request.url !== '/v1/events') return void response.end(JSON.stringify({ nonce: 'n'.repeat(22), expiresAt: '2030-01-01T00:00:00.000Z', serverTime: '2026-01-01T00:00:00.000Z' }));
      opened += 1;
      if (refusing.has(opened)) return void response.destroy();
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(hello);
    });
    const [stop, renewal] = [new AbortController(), new StreamRenewal()];
    const online: boolean[] = [];
    let greeted = 0;
    let wake = (): void => undefined;
    const until = async (condition: () => boolean): Promise<void> => {
      while (!condition()) await new Promise<void>((resolve) => (wake = resolve));
    };
    const made = client(scripted.url, scripted.pin);
    // Neither the silence nor the pause would come to an end by itself while the test runs.
    const following = followEvents({
      client: made, log, random: () => 1, signal: stop.signal, renewal, silenceLimitMs: 600_000, firstPauseMs: 600_000, onSignedOut: () => undefined,
      onOnline: (is) => {
        online.push(is);
        wake();
      },
      onEvent: () => {
        greeted += 1;
        wake();
      },
    });
    await until(() => greeted === 1);
    // One connection that waits for a request is left over, and would be as dead as the stream's.
    await made.call(signInRoutes.signInChallenge, { params: {}, query: {}, body: {} });
    renewal.renew();
    await until(() => online.includes(false));
    expect(opened).toBe(2);
    // The same in the pause between two tries.
    await made.call(signInRoutes.signInChallenge, { params: {}, query: {}, body: {} });
    renewal.renew();
    await until(() => greeted === 2);
    expect([opened, online]).toEqual([3, [true, false, true]]);
    expect(sockets.size).toBe(5);
    stop.abort();
    await following;
  });

  test('a token that is no longer known ends the stream for good', async () => {
    const scripted = await service(json({ code: 'sign-in.required' }, 401));
    const lost: string[] = [];
    await followEvents({ client: client(scripted.url, scripted.pin), log, random: () => 0, signal: new AbortController().signal, firstPauseMs: 10, onOnline: () => undefined, onEvent: () => undefined, onSignedOut: (error) => lost.push(error.code) });
    expect(lost).toEqual(['sign-in.required']);
    expect(scripted.requests).toHaveLength(1);
  });
});

describe('by way of the network\'s proxy (leg L1)', () => {
  const credentials = { userName: 'ann', password: 'PROXY-CANARY' };
  /** A client that knows its service only by a name that the proxy resolves: nothing leads there straight. */
  function behind(scripted: ScriptedService, proxies: readonly WayOut[], renewSignOn: ServiceNetwork['renewSignOn'] = async () => false): ServiceClient {
    const made = new ServiceClient({ serviceUrl: `https://service.invalid:${scripted.port}`, pin: scripted.pin, authorities: [], clientKey, clock: () => Date.now(), network: { waysOut: async () => [...proxies], renewSignOn } });
    closing.push(async () => made.close());
    return made;
  }
  const by = ({ host, port }: ConnectProxy, known: { userName: string; password: string } | null = null): WayOut => ({ kind: 'http-proxy', host, port, credentials: known });
  async function proxyTo(scripted: ScriptedService, behaviour: ConnectProxyBehaviour = {}): Promise<ConnectProxy> {
    const proxy = await startConnectProxy({ leadsTo: scripted.port, ...behaviour });
    closing.push(() => proxy.stop());
    return proxy;
  }
  const challenge = { nonce: 'n'.repeat(22), expiresAt: '2030-01-01T00:00:00.000Z', serverTime: '2026-01-01T00:00:00.000Z' };
  const ask = (made: ServiceClient) => made.call(signInRoutes.signInChallenge, { params: {}, query: {}, body: {} });

  test('S62: calls and the event stream go through it, and the service is still known by its pin', async () => {
    const scripted = await service((request, response) => void (request.url === '/v1/events' ? response.writeHead(200, { 'content-type': 'text/event-stream' }).write('event: x\ndata: {"kind":"hello","inventoryRevision":"7","serverTime":"2026-01-01T00:00:00.000Z"}\n\n') : response.end(JSON.stringify(challenge))));
    const proxy = await proxyTo(scripted);
    const made = behind(scripted, [by(proxy)]);
    expect((await ask(made)).nonce).toBe(challenge.nonce);
    made.setToken('t');
    const stop = new AbortController();
    const online = new Promise<void>((resolve) => void followEvents({ client: made, log, random: () => 0, signal: stop.signal, onEvent: () => undefined, onOnline: (is) => is && resolve(), onSignedOut: () => undefined }));
    await online;
    stop.abort();
    expect(proxy.requests.every((request) => request.startsWith(`CONNECT service.invalid:${scripted.port} `))).toBe(true);
    const other = await service((_request, response) => void response.end('{}'));
    const wrong = await proxyTo(other);
    await expect(ask(behind(scripted, [by(wrong)]))).rejects.toMatchObject({ code: 'service.pin-mismatch' });
    expect(other.requests).toEqual([]);
  });

  test('of several ways the first that leads there is taken, and the straight one where the list has it', async () => {
    const scripted = await service((_request, response) => void response.end(JSON.stringify(challenge)));
    const [bad, good] = [await proxyTo(scripted, { answer: 'HTTP/1.1 503 x\r\n\r\n' }), await proxyTo(scripted)];
    await ask(behind(scripted, [by(bad), by(good)]));
    expect([bad.requests.length, good.requests.length]).toEqual([1, 1]);
    const straight = new ServiceClient({ serviceUrl: scripted.url, pin: scripted.pin, authorities: [], clientKey, clock: () => Date.now(), network: { waysOut: async () => [by(bad), { kind: 'direct' }], renewSignOn: async () => false } });
    closing.push(async () => straight.close());
    await ask(straight);
    await expect(ask(behind(scripted, [by(bad)]))).rejects.toMatchObject({ code: 'proxy.refused', args: { status: 503, proxy: bad.name } });
  });

  test('where it wants to know the user he is asked, however long he takes, and the call goes on', async () => {
    const scripted = await service((_request, response) => void response.end(JSON.stringify(challenge)));
    const proxy = await proxyTo(scripted, { credentials });
    const known: { now: typeof credentials | null } = { now: null };
    const used: unknown[] = [];
    const made = new ServiceClient({
      serviceUrl: scripted.url, pin: scripted.pin, authorities: [], clientKey, clock: () => Date.now(),
      network: {
        waysOut: async () => [by(proxy, known.now)],
        renewSignOn: async (name, shown) => {
          used.push([name, shown]);
          await new Promise((resolve) => setTimeout(resolve, 4_500));
          known.now = used.length === 1 ? { ...credentials, password: 'wrong' } : credentials;
          return true;
        },
      },
    });
    closing.push(async () => made.close());
    expect((await made.call(signInRoutes.signInChallenge, { params: {}, query: {}, body: {} }, { timeoutMs: 4_000 })).nonce).toBe(challenge.nonce);
    expect(used).toEqual([[proxy.name, null], [proxy.name, { ...credentials, password: 'wrong' }]]);
    await expect(ask(behind(scripted, [by(proxy)]))).rejects.toMatchObject({ code: 'proxy.authentication-required', args: { proxy: proxy.name } });
    // The canary went to the proxy and nowhere else.
    expect(JSON.stringify(scripted.requests)).not.toContain(Buffer.from(`ann:${credentials.password}`).toString('base64'));
  });

  test('the certificate to compare is read through it, too', async () => {
    const scripted = await service(() => undefined);
    const proxy = await proxyTo(scripted, { credentials });
    const known: { now: typeof credentials | null } = { now: null };
    const read = await readCertificateThroughProxies({ host: 'service.invalid', port: scripted.port, authorities: [], timeoutMs: 20_000 }, {
      waysOut: async () => [by(proxy, known.now)],
      renewSignOn: async () => {
        known.now = credentials;
        return true;
      },
    });
    expect(read.fingerprint).toBe(scripted.pin);
  });
});
