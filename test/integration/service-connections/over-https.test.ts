import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type ConnectionOffer, connectionOffer } from '../../../shared/api/connections.ts';
import { serviceEvent, type ServiceEvent } from '../../../shared/api/events.ts';
import { gatewayId, resourceId } from '../../../shared/ids.ts';
import { sessionPolicy } from '../../../shared/policy/session-policy.ts';
import { certificatePin } from '../../../src-service/link/link-identity.ts';
import { EventRecorder } from '../../fixtures/event-recorder.ts';
import { HeadlessClient } from '../../fixtures/headless-client.ts';
import { LinkGateway } from '../../fixtures/link-gateway.ts';
import { codeOf, ServiceUnderTest, type Asking, type SignedInUser } from '../../fixtures/service-under-test.ts';
import { startFaultProxy, type FaultProxy } from '../../targets/fault-proxy.ts';
import { seededRandom } from '../../targets/seeded-random.ts';

let service: ServiceUnderTest;
let gateway: LinkGateway;
let admin: SignedInUser;
let resource: string;

async function made(asking: Asking): Promise<Record<string, unknown>> {
  const answer = await admin.ask(asking);
  if (answer.status !== 200) throw new Error(`${asking.path}: ${answer.text}`);
  return Object(answer.json);
}

beforeAll(async () => {
  service = await ServiceUnderTest.start();
  admin = await service.administrator();
  gateway = await LinkGateway.start();
  gateway.servicePins = [certificatePin(new X509Certificate(service.opened.core.keys.link.certificate))];
  const registered = await made({ method: 'POST', path: '/v1/gateways', body: { name: 'office1', segment: 'gateway-office1', addresses: { host: '127.0.0.1', linkPort: gateway.port, proxyPorts: gateway.proxyPorts } } });
  gateway.gatewayId = gatewayId.parse(Object(registered['gateway']).id);
  await made({ method: 'PUT', path: `/v1/gateways/${gateway.gatewayId}/public-key`, body: { line: gateway.keyLine('office1') } });
  // Vendors go through the default gateway (S33).
  await made({ method: 'PUT', path: '/v1/tunnel', body: { enabled: false, default: { kind: 'gateway', gatewayId: gateway.gatewayId } } });
  const credential = await made({ method: 'POST', path: '/v1/credentials', body: { kind: 'password', name: 'root of web-01', userName: 'root', password: 'a-target-password' } });
  resource = String((await made({ method: 'POST', path: '/v1/resources', body: { name: 'web-01', address: '192.0.2.7', protocols: [{ protocol: 'ssh', port: 22 }], operatingSystem: 'linux', tags: ['gateway-office1'], credentialId: credential['id'] } }))['id']);
  for (const role of ['user', 'vendor']) await made({ method: 'POST', path: '/v1/access-rules', body: { name: `for ${role}`, subject: { kind: 'role', role }, filter: 'tag:gateway-office1', protocols: ['ssh'], policy: sessionPolicy.parse({}) } });
  const available = async (): Promise<void> => {
    if (!(await admin.ask({ path: '/v1/gateways' })).text.includes('"state":"available"')) throw new Error('not available yet');
  };
  await vi.waitFor(available, { timeout: 60_000 });
});
afterAll(async () => {
  await service.stop();
  await gateway.stop();
});

/** An event stream of a user, as a client reads it. */
class EventReader {
  readonly events: ServiceEvent[] = [];
  readonly response: IncomingMessage;
  #text = '';

  private constructor(response: IncomingMessage) {
    this.response = response;
    response.on('error', () => undefined);
    response.on('data', (chunk: Buffer) => {
      const blocks = (this.#text + chunk.toString()).split('\n\n');
      this.#text = blocks.pop() ?? '';
      for (const block of blocks) if (block.startsWith('event:')) this.events.push(serviceEvent.parse(JSON.parse(block.split('\ndata: ')[1] ?? '')));
    });
  }

  static async open(user: SignedInUser): Promise<EventReader> {
    const asked = request(`${service.running.url}/v1/events`, { rejectUnauthorized: false, headers: { authorization: `Bearer ${user.token}` } });
    asked.on('error', () => undefined);
    asked.end();
    const response = await new Promise<IncomingMessage>((resolve) => asked.once('response', resolve));
    return new EventReader(response);
  }

  async until(look: (event: ServiceEvent) => boolean): Promise<void> {
    const found = (): void => {
      if (!this.events.some(look)) throw new Error(`not among ${JSON.stringify(this.events)}`);
    };
    await vi.waitFor(found, { timeout: 60_000 });
  }
}
const askFor = (user: SignedInUser) => {
  const asking = { method: 'POST', path: '/v1/connections', body: { resourceId: resource, protocol: 'ssh' } };
  return user.ask({ ...asking, headers: user.signature(asking) });
};

describe('through the whole service, over HTTPS', () => {
  test('S2, S8, S60: a signed ask gives the way, and its user hears of the connection as it changes; an unsigned one is refused', async () => {
    const user = await service.user('user');
    const events = await EventReader.open(user);
    await events.until(({ kind }) => kind === 'hello');
    const offer = connectionOffer.parse((await askFor(user)).json);
    expect(offer.hops[0]).toMatchObject({ gatewayName: 'office1', pins: [gateway.tls.pin] });
    expect(gateway.grants.at(-1)).toMatchObject({ connectionId: offer.connectionId, credential: { kind: 'password', password: 'a-target-password' } });
    await events.until((event) => event.kind === 'connection' && event.connectionId === offer.connectionId && event.reference === offer.reference && event.state === 'granted');
    events.response.destroy();
    expect(codeOf(await user.ask({ method: 'POST', path: '/v1/connections', body: { resourceId: resource, protocol: 'ssh' } }))).toBe('request.signature-invalid');
  });

  test('no right: an operator without a rule is refused, under a reference', async () => {
    const answer = await askFor(await service.user('operator'));
    expect(answer.status).toBe(403);
    expect(answer.json).toMatchObject({ code: 'access.denied', reference: expect.stringMatching(/^MV-/) });
  });

  test('S10, S13, S17, S22: every client sees at once that the segment is gone, and with it the default Gateway of Tunnel, and that both are back', async () => {
    const events = await EventReader.open(await service.user('user'));
    await events.until((event) => event.kind === 'segments' && event.items.some(({ segment, available }) => segment === 'gateway-office1' && available === 1));
    expect(events.events[0]?.kind).toBe('hello');
    expect(events.events.findLast(({ kind }) => kind === 'segments')).toMatchObject({ tunnel: { applies: false } });
    const { default: before } = await made({ method: 'GET', path: '/v1/tunnel' });
    await made({ method: 'PUT', path: '/v1/tunnel', body: { enabled: true, default: { kind: 'segment', segment: 'gateway-office1' } } });
    await events.until((event) => event.kind === 'segments' && event.tunnel.applies && event.tunnel.available);
    await gateway.stop();
    await events.until((event) => event.kind === 'segments' && event.items.some(({ segment, available }) => segment === 'gateway-office1' && available === 0));
    await events.until((event) => event.kind === 'segments' && event.tunnel.applies && !event.tunnel.available);
    await gateway.listen();
    await made({ method: 'PATCH', path: `/v1/gateways/${gateway.gatewayId}`, body: {} });
    await expect.poll(() => events.events.findLast(({ kind }) => kind === 'segments'), { timeout: 60_000 }).toMatchObject({ items: [{ segment: 'gateway-office1', available: 1 }], tunnel: { applies: true, available: true } });
    await made({ method: 'PUT', path: '/v1/tunnel', body: { enabled: false, default: before } });
    await expect.poll(() => events.events.findLast(({ kind }) => kind === 'segments'), { timeout: 60_000 }).toMatchObject({ tunnel: { applies: false } });
    const closed = once(events.response, 'close');
    events.response.destroy();
    await closed;
  });

  test('an account that is added, and one that is locked, are told to those who list accounts: that there was a change, not whose', async () => {
    const events = await EventReader.open(await service.user('auditor'));
    await events.until(({ kind }) => kind === 'hello');
    const told = (): number => events.events.filter((event) => event.kind === 'changed' && event.what === 'users').length;
    const added = await service.newUser('user');
    await expect.poll(told).toBeGreaterThan(0);
    const before = told();
    for (let failures = 0; failures < 5; failures += 1) await service.ask({ method: 'POST', path: '/v1/sign-in', body: { name: added.name, password: 'not the password', ...(await added.key.proof(service)) } });
    await expect.poll(told).toBeGreaterThan(before);
    expect((await made({ path: `/v1/users?search=${added.name}` }))['items']).toMatchObject([{ lockedUntil: expect.any(String) }]);
    events.response.destroy();
  });

  test('rule 11: disabling a user ends his event stream with the reason and tells every gateway', async () => {
    const leaver = await service.newUser('user');
    const events = await EventReader.open(leaver);
    await events.until(({ kind }) => kind === 'hello');
    await made({ method: 'POST', path: `/v1/users/${leaver.id}/disable` });
    await events.until((event) => event.kind === 'signed-out' && event.code === 'sign-in.disabled');
    await expect.poll(() => gateway.asked.some(({ method, params }) => method === 'terminate' && JSON.stringify(params).includes(leaver.id)), { timeout: 60_000 }).toBe(true);
  });

  test('an expired vendor gets no connection, and what he had ends', async () => {
    const vendor = await service.newUser('vendor');
    expect((await askFor(vendor)).status).toBe(200);
    await made({ method: 'PATCH', path: `/v1/users/${vendor.id}`, body: { expiresAt: new Date(Date.now() + 2_000).toISOString() } });
    await expect.poll(async () => (await askFor(vendor)).status, { timeout: 60_000, interval: 300 }).not.toBe(200);
    expect(['sign-in.required', 'sign-in.expired']).toContain(codeOf(await askFor(vendor)));
    await expect.poll(() => gateway.asked.some(({ method, params }) => method === 'terminate' && JSON.stringify(params).includes(vendor.id)), { timeout: 60_000 }).toBe(true);
  });
});

/** Seeds of the faults between client and service: each is a sign-in, some asks and an event stream. */
const SEEDS = Array.from({ length: process.env['MAVIS_LONG'] === '1' ? 30 : 3 }, (_none, at) => at + 1);
const ASKS_OF_SEED = 12;
const PASSWORD = 'several unrelated words';

describe('faults on the wire between client and service (L1)', () => {
  let proxy: FaultProxy;
  const clients: HeadlessClient[] = [];
  /** Names of those who asked, and how often each did. */
  const asked = new Map<string, number>();
  const acknowledged: ConnectionOffer[] = [];

  beforeAll(async () => {
    proxy = await startFaultProxy({ target: { host: '127.0.0.1', port: Number(new URL(service.running.url).port) }, seed: 1 });
  });
  afterAll(async () => {
    for (const client of clients) client.close();
    await proxy.stop();
  });

  /** One fault after the other until the end: resets, cuts in the middle, slow ends, slices, delays, silence, a thin wire. */
  async function disturb(random: () => number, signal: AbortSignal): Promise<void> {
    const faults = [
      () => proxy.resetAll(),
      () => proxy.set('down', 'fault', { kind: 'latency', latencyMs: 40, jitterMs: 30 }),
      () => proxy.set('up', 'fault', { kind: 'slicer', averageBytes: 100, variationBytes: 99, delayMs: 1 }),
      () => proxy.set('down', 'fault', { kind: 'limit_data', bytes: Math.round(random() * 6_000) }),
      () => proxy.set('up', 'fault', { kind: 'reset_peer', timeoutMs: Math.round(random() * 200) }),
      () => proxy.set('down', 'fault', { kind: 'slow_close', delayMs: 300 }),
      () => proxy.set('down', 'fault', { kind: 'timeout', timeoutMs: 0 }),
      () => proxy.set('up', 'fault', { kind: 'bandwidth', bytesPerSecond: 20_000 }),
      () => proxy.clear(),
    ];
    while (!signal.aborted) {
      faults[Math.floor(random() * faults.length)]?.();
      await delay(80 + random() * 200, undefined, { signal }).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    }
    proxy.clear();
  }

  /** A person who tries again until it works. */
  async function insisting(act: () => Promise<unknown>): Promise<void> {
    for (let failed = 0; failed < 50; failed += 1) {
      if (await act().then(() => true, () => false)) return;
      await delay(50);
    }
    throw new Error('it never worked');
  }

  test.each(SEEDS)('seed %i: a sign-in gets through, no connection is doubled, and the event stream catches up with what it missed', { timeout: 240_000 }, async (seed) => {
    const random = seededRandom(seed);
    const name = `wire-${String(seed)}`;
    await made({ method: 'POST', path: '/v1/users', body: { name, displayName: name, role: 'user', password: PASSWORD, expiresAt: null } });
    const client = new HeadlessClient({ url: `https://127.0.0.1:${String(proxy.port)}`, pin: service.running.pin });
    clients.push(client);
    const ended = new AbortController();
    const disturbed = disturb(random, ended.signal);
    await insisting(() => client.signIn(name, PASSWORD));
    const events = new EventRecorder(client);
    for (let count = 0; count < ASKS_OF_SEED; count += 1) {
      await client.ask(resourceId.parse(resource), 'ssh').then((offer) => acknowledged.push(offer), () => undefined);
      // What happens meanwhile is told to a stream that is cut again and again.
      if (count % 4 === 0) await made({ method: 'PATCH', path: `/v1/gateways/${gateway.gatewayId}`, body: { draining: (count / 4) % 2 === 1 } });
      await delay(random() * 100);
    }
    asked.set(name, ASKS_OF_SEED);
    ended.abort();
    await disturbed;
    // Online it is before its first event: the cut would leave it without one.
    const kinds = (): string[] => events.seen.map(({ event }) => event.kind);
    const whole = (): number => kinds().filter((kind, at, all) => kind === 'segments' && all[at - 1] === 'hello').length;
    await expect.poll(() => [events.online, whole() > 0], { timeout: 60_000 }).toEqual([true, true]);
    // Whatever the seed broke: this one is cut for certain, and misses what is changed now.
    await proxy.setDown(true);
    await made({ method: 'PATCH', path: `/v1/gateways/${gateway.gatewayId}`, body: { draining: true } });
    await expect.poll(() => events.online, { timeout: 60_000 }).toBe(false);
    await proxy.setDown(false);
    await expect.poll(() => [events.online, events.available('gateway-office1')], { timeout: 60_000 }).toEqual([true, 0]);
    await made({ method: 'PATCH', path: `/v1/gateways/${gateway.gatewayId}`, body: { draining: false } });
    await expect.poll(() => events.available('gateway-office1'), { timeout: 60_000 }).toBe(1);
    await events.stop();
    // Each stream begins with the whole state; only one that was cut in this very moment begins with less.
    expect(kinds().filter((kind, at, all) => all[at - 1] === 'hello' && kind !== 'segments' && kind !== 'hello')).toEqual([]);
    expect(whole()).toBeGreaterThanOrEqual(2);
  });

  test('rule 12: of all that was asked over a broken wire each connection was asked once and has exactly one final entry, whether its answer came or not', { timeout: 240_000 }, async () => {
    expect(acknowledged.length).toBeGreaterThan(0);
    expect(new Set(acknowledged.map(({ connectionId }) => connectionId)).size).toBe(acknowledged.length);
    const entriesOf = async (name: string): Promise<readonly { kind: string; reference: string }[]> => Object(await made({ path: `/v1/audit?limit=200&user=${name}` })).items;
    for (const [name, asks] of asked) {
      const references = async (): Promise<string[]> => (await entriesOf(name)).filter(({ kind }) => kind === 'connection.asked').map(({ reference }) => reference);
      const all = await references();
      expect(new Set(all).size).toBe(all.length);
      expect(all.length).toBeLessThanOrEqual(asks);
      // None was used: its ticket runs out, and the service writes so.
      await expect.poll(async () => {
        const finals = (await entriesOf(name)).filter(({ kind }) => /^connection\.(?:ended|failed|not-used)$/.test(kind)).map(({ reference }) => reference);
        return finals.toSorted();
      }, { timeout: 150_000, interval: 1000 }).toEqual(all.toSorted());
      expect(await references()).toEqual(all);
    }
    const known = new Set((await Promise.all([...asked.keys()].map(entriesOf))).flat().map(({ reference }) => reference));
    expect(acknowledged.filter(({ reference }) => !known.has(reference))).toEqual([]);
    const tickets = gateway.grants.map(({ ticketSha256 }) => ticketSha256);
    expect(new Set(tickets).size).toBe(tickets.length);
  });
});
