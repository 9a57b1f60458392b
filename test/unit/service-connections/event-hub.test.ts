import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { afterEach, describe, expect, test } from 'vitest';
import { gateway, type Gateway, type SegmentState, type TunnelWay } from '../../../shared/api/gateways.ts';
import type { Role } from '../../../shared/api/roles.ts';
import type { User } from '../../../shared/api/users.ts';
import type { ErrorCode } from '../../../shared/errors/catalogue.ts';
import { connectionId, connectionReference, gatewayId, userId, type GatewayId, type UserId } from '../../../shared/ids.ts';
import { EventHub, type Listener } from '../../../src-service/events/event-hub.ts';

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const segment = (name: string, available: number, confirmedAt = '2026-03-01T09:00:00.000Z'): SegmentState => ({ segment: name, known: true, total: 2, available, confirmedAt });
let hub: EventHub;
/** Users as they were changed to after their streams were opened. */
const changed = new Map<UserId, User>();

/** The gateways that there are. */
const gateways = new Map<GatewayId, Gateway>();
const makeGateway = (): Gateway =>
  gateway.parse({
    id: randomUUID(), name: 'gw', segment: 'gateway-office1', addresses: { host: '192.0.2.9', linkPort: 443, proxyPorts: [7993] }, portPreference: { ssh: [[7993]], sftp: [[7993]], vnc: [[7993]], rdp: [[7993]] }, over443: true, reachedThroughDefault: false, keyFingerprint: null, nextKeyFingerprint: null, draining: false, disabled: false, createdAt: '2026-03-01T09:00:00.000Z',
    status: { state: 'pending', code: 'gateway.no-key', detail: '', confirmedAt: null, changedAt: '2026-03-01T09:00:00.000Z', sessions: null, version: null, roundTripMs: null, ejected: false, load: null, ports: [] },
  });

/** Session tokens that are over, and why. */
const endedTokens = new Map<string, ErrorCode>();
/** Of what a user sees of the inventory, where it is not as at first. */
const revisions = new Map<UserId, string>();
/** What each user hears of Tunnel. */
let tunnel: TunnelWay = { applies: false, available: false };

function makeHub(segmentsOf: (user: User) => SegmentState[] = () => []): EventHub {
  hub = new EventHub({ clock: { now: () => new Date('2026-03-01T09:00:00.000Z') }, log: quiet, segmentsOf: async (user) => ({ items: segmentsOf(user), tunnel }), gatewaysNow: async (ids) => ids.flatMap((id) => gateways.get(id) ?? []), inventoryRevision: ({ id }) => revisions.get(id) ?? '7', readUser: async (id) => changed.get(id), signInEnded: async (token) => endedTokens.get(token) });
  return hub;
}
function makeListener(role: Role = 'user', changes: Partial<Listener> = {}): Listener {
  const id = userId.parse(randomUUID());
  const user: User = { id, name: 'aiko', displayName: 'Aiko', role, expiresAt: null, disabledAt: null, lockedUntil: null, mustChangePassword: false, createdAt: '2026-03-01T09:00:00.000Z', lastSignInAt: null };
  return { user, tokenSha256: randomUUID(), sessionExpiresAt: new Date('2026-03-01T10:00:00.000Z'), signal: new AbortController().signal, ...changes };
}
/** What a stream holds now, event by event. */
function events(stream: Readable): { kind: string }[] {
  const chunk: unknown = stream.read();
  const text = chunk === null ? '' : String(chunk);
  return text.split('\n\n').filter((block) => block.startsWith('event:')).map((block) => Object(JSON.parse(block.split('\ndata: ')[1] ?? 'null')));
}
const connection = (owner: Listener) => ({ id: connectionId.parse(randomUUID()), reference: connectionReference.parse('MV-7K2QX-M0T4D'), userId: owner.user.id, state: 'granted' as const, code: null });

afterEach(() => hub.stop());

describe('the event stream', () => {
  test('begins with hello and the segments', async () => {
    const stream = await makeHub(() => [segment('gateway-office1', 1)]).open(makeListener());
    expect(events(stream)).toEqual([{ kind: 'hello', serverTime: '2026-03-01T09:00:00.000Z', inventoryRevision: '7' }, { kind: 'segments', items: [segment('gateway-office1', 1)], tunnel }]);
  });

  test('rule 11, B10: whoever is signed out while his stream is opened is told why, and it ends', async () => {
    const listener = makeListener();
    makeHub(() => {
      // Told to the streams that there are: this one is not among them yet.
      endedTokens.set(listener.tokenSha256, 'sign-in.disabled');
      hub.signedOut(listener.user.id, [listener.tokenSha256], 'sign-in.disabled');
      return [segment('gateway-office1', 1)];
    });
    const stream = await hub.open(listener);
    expect(events(stream).map(({ kind }) => kind)).toEqual(['hello', 'segments', 'signed-out']);
    await once(stream, 'end');
    expect(hub.streams).toBe(0);
  });

  test('S17, S22: a default Gateway that falls is told of at once, though no segment changed', async () => {
    tunnel = { applies: true, available: true };
    const stream = await makeHub(() => [segment('gateway-office1', 1)]).open(makeListener());
    events(stream);
    tunnel = { applies: true, available: false };
    hub.segmentsChanged();
    await expect.poll(() => events(stream)).toEqual([{ kind: 'segments', items: [segment('gateway-office1', 1)], tunnel: { applies: true, available: false } }]);
    tunnel = { applies: false, available: false };
  });

  test('rule 26: each user hears of the segments that he may see, and only when they change', async () => {
    const [one, other] = [makeListener(), makeListener()];
    let available = 1;
    makeHub((user) => (user.id === one.user.id ? [segment('gateway-office1', available)] : []));
    const streams = [await hub.open(one), await hub.open(other)];
    for (const stream of streams) events(stream);
    available = 0;
    hub.segmentsChanged();
    hub.segmentsChanged();
    await hub.open(makeListener());
    await new Promise((resolve) => setImmediate(resolve));
    expect(streams.map(events)).toEqual([[{ kind: 'segments', items: [segment('gateway-office1', 0)], tunnel }], []]);
  });

  test('S56: whose rules give another part of the inventory than he was told of hears it, and nobody else', async () => {
    makeHub();
    const [concerned, other] = [makeListener(), makeListener()];
    const [one, two] = [await hub.open(concerned), await hub.open(other)];
    events(one);
    events(two);
    revisions.set(concerned.user.id, '8');
    hub.inventoryChanged();
    await expect.poll(() => events(one).find(({ kind }) => kind === 'inventory')).toEqual({ kind: 'inventory', revision: '8' });
    // What he was told of is no news the next time, when it is the other's turn.
    revisions.set(other.user.id, '9');
    hub.inventoryChanged();
    const toldOther: { kind: string }[] = [];
    await expect.poll(() => (toldOther.push(...events(two).filter(({ kind }) => kind === 'inventory')), toldOther.length)).toBe(1);
    expect(toldOther).toEqual([{ kind: 'inventory', revision: '9' }]);
    expect(events(one).filter(({ kind }) => kind === 'inventory')).toEqual([]);
  });

  test('rule 26: a change of a gateway is told to those who may list gateways, and to nobody else', async () => {
    makeHub();
    const streams = await Promise.all((['admin', 'operator', 'auditor', 'user', 'vendor'] as const).map((role) => hub.open(makeListener(role))));
    for (const stream of streams) events(stream);
    const present = makeGateway();
    gateways.set(present.id, present);
    const gone = gatewayId.parse(randomUUID());
    hub.gatewayChanged(present.id);
    hub.gatewayChanged(gone);
    await new Promise((resolve) => setImmediate(resolve));
    const told = [{ kind: 'gateways', changed: [present], removed: [gone], askAgain: false }];
    expect(streams.map(events)).toEqual([told, told, told, [], []]);
  });

  test('more changes than one event holds, or a notice that was missed, say that the list is to be asked for again', async () => {
    makeHub();
    const stream = await hub.open(makeListener('admin'));
    events(stream);
    for (let count = 0; count < 60; count += 1) hub.gatewayChanged(gatewayId.parse(randomUUID()));
    await new Promise((resolve) => setImmediate(resolve));
    expect(events(stream)).toMatchObject([{ kind: 'gateways', askAgain: true }]);
    hub.gatewayChanged(null);
    // What follows a telling is gathered for a moment.
    await expect.poll(() => events(stream)).toEqual([{ kind: 'gateways', changed: [], removed: [], askAgain: true }]);
  });

  test('many changes within a moment are a few tellings, of which the last has the newest state; one that comes while a stream opens is not lost', async () => {
    let [available, asked] = [0, 0];
    makeHub(() => {
      asked += 1;
      return [segment('gateway-office1', available)];
    });
    const stream = await hub.open(makeListener());
    asked = 0;
    const beganMs = performance.now();
    for (available = 1; available <= 100; available += 1) {
      hub.segmentsChanged();
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    // One at once, then one for every fifth of a second.
    expect(asked).toBeLessThanOrEqual(2 + (performance.now() - beganMs) / 200);
    const opening = hub.open(makeListener());
    available = 1_001;
    hub.segmentsChanged();
    const told: { kind: string }[] = [];
    const late: { kind: string }[] = [];
    const second = await opening;
    await expect.poll(() => told.push(...events(stream)) && told.at(-1)).toEqual({ kind: 'segments', items: [segment('gateway-office1', 1_001)], tunnel });
    await expect.poll(() => late.push(...events(second)) && late.at(-1)).toEqual({ kind: 'segments', items: [segment('gateway-office1', 1_001)], tunnel });
  });

  test('B11: a connection is told to its user and to those who see everybody\'s, to nobody else', async () => {
    makeHub();
    const owner = makeListener();
    const streams = await Promise.all([owner, makeListener('operator'), makeListener('user'), makeListener('vendor'), makeListener('auditor')].map((listener) => hub.open(listener)));
    for (const stream of streams) events(stream);
    hub.connectionChanged(connection(owner));
    expect(streams.map((stream) => events(stream).length)).toEqual([1, 1, 0, 0, 1]);
  });

  test('B11: that recordings changed is told to those who may read them, to nobody else, and a burst is two tellings', async () => {
    makeHub();
    const roles = ['admin', 'auditor', 'operator', 'user', 'vendor'] as const;
    const streams = await Promise.all(roles.map((role) => hub.open(makeListener(role))));
    for (const stream of streams) events(stream);
    for (let times = 0; times < 100; times += 1) hub.changed('recordings');
    await new Promise((resolve) => setTimeout(resolve, 700));
    const told = { kind: 'changed', what: 'recordings' };
    expect(streams.map(events)).toEqual([[told, told], [told, told], [], [], []]);
  });

  test('rule 26, B11: a stream goes by the role that its user has now, not by the one it was opened with', async () => {
    makeHub((user) => (user.role === 'operator' ? [segment('gateway-office1', 1)] : []));
    const [listener, owner] = [makeListener('operator'), makeListener()];
    const stream = await hub.open(listener);
    events(stream);
    changed.set(listener.user.id, { ...listener.user, role: 'user' });
    await hub.userChanged(listener.user.id);
    await new Promise((resolve) => setImmediate(resolve));
    expect(events(stream)).toEqual([{ kind: 'segments', items: [], tunnel }]);
    hub.connectionChanged(connection(owner));
    expect(events(stream)).toEqual([]);
  });

  test('a revoked token ends its stream with the reason, and no other', async () => {
    makeHub();
    const listener = makeListener();
    const [revoked, kept] = [await hub.open(listener), await hub.open({ ...listener, tokenSha256: 'another' })];
    for (const stream of [revoked, kept]) events(stream);
    hub.signedOut(listener.user.id, [listener.tokenSha256], 'sign-in.disabled');
    expect(events(revoked)).toEqual([{ kind: 'signed-out', code: 'sign-in.disabled' }]);
    expect(events(kept)).toEqual([]);
    hub.signedOut(listener.user.id, null, 'sign-in.disabled');
    expect(events(kept)).toEqual([{ kind: 'signed-out', code: 'sign-in.disabled' }]);
    expect(hub.streams).toBe(0);
  });

  test('a client that does not read is cut off at the bound, and memory with it', async () => {
    makeHub();
    const stream = await hub.open(makeListener('operator'));
    const closed = once(stream, 'close');
    const owner = makeListener();
    for (let count = 0; count < 5_000; count += 1) hub.connectionChanged(connection(owner));
    await closed;
    expect(stream.readableLength).toBeLessThanOrEqual(256 * 1024);
    expect(hub.streams).toBe(0);
  });

  test('the oldest stream of a user gives way to the seventeenth', async () => {
    makeHub();
    const listener = makeListener();
    const first = await hub.open(listener);
    for (let count = 0; count < 16; count += 1) await hub.open(listener);
    expect(hub.streams).toBe(16);
    const ended = once(first, 'end');
    first.resume();
    await ended;
  });

  test('ends with the request', async () => {
    makeHub();
    const abort = new AbortController();
    const stream = await hub.open(makeListener('user', { signal: abort.signal }));
    const closed = once(stream, 'close');
    abort.abort();
    await closed;
    expect(hub.streams).toBe(0);
  });
});
