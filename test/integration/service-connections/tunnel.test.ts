import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ConnectionOffer } from '../../../shared/api/connections.ts';
import { connectionOffer, hop, type Hop } from '../../../shared/api/connections.ts';
import type { TunnelDefault, TunnelFields } from '../../../shared/api/tunnel.ts';
import { MavisError } from '../../../shared/errors/mavis-error.ts';
import { accessRuleId } from '../../../shared/ids.ts';
import type { ForwardGrant, TargetGrant } from '../../../shared/link/messages.ts';
import { writeSessionEndings } from '../../../src-service/connections/ending-users.ts';
import type { RequestContext } from '../../../src-service/http/bound-route.ts';
import { allowed, CANARY_PASSWORD, GatewaySideWorld } from '../../fixtures/gateway-side-world.ts';

type ScriptedGateway = Awaited<ReturnType<GatewaySideWorld['gateway']>>;

let world: GatewaySideWorld;
let admin: RequestContext;
let user: RequestContext;
let entry: ScriptedGateway;
let office: ScriptedGateway;

const setTunnel = (fields: TunnelFields): Promise<unknown> => world.call('tunnelUpdate', { body: fields }, admin);
const through = (gateway: ScriptedGateway): TunnelDefault => ({ kind: 'gateway', gatewayId: gateway.id });
const on = (gateway: ScriptedGateway = entry): Promise<unknown> => setTunnel({ enabled: true, default: through(gateway) });
async function refusal(work: Promise<unknown>): Promise<MavisError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof MavisError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}
const retry = async (offer: ConnectionOffer, gateway: ScriptedGateway, leg: 'L2' | 'L4', code: string): Promise<ConnectionOffer> =>
  connectionOffer.parse(await world.call('connectionRetry', { params: { connectionId: offer.connectionId }, body: { gatewayId: gateway.id, leg, code, milliseconds: 5 } }, user));
const namesOf = (offer: ConnectionOffer): string[] => offer.hops.map(({ gatewayName }) => gatewayName);

beforeAll(async () => {
  world = await GatewaySideWorld.start();
  [admin, user] = [await world.user('admin'), await world.user('user')];
  entry = await world.gateway('gateway-entry', admin);
  office = await world.gateway('gateway-office1', admin);
});
afterAll(() => world.stop());

describe('Tunnel: settings', () => {
  test('S22, S31: the switch and the default are stored, shown with how many default gateways are available, and audited with before and after', async () => {
    await setTunnel({ enabled: false, default: null });
    expect(await world.call('tunnelRead', {}, admin)).toMatchObject({ enabled: false, default: null, gateways: { total: 0, available: 0 } });
    await on();
    expect(await world.call('tunnelRead', {}, admin)).toMatchObject({ enabled: true, default: through(entry), gateways: { total: 1, available: 1 } });
    await setTunnel({ enabled: false, default: { kind: 'segment', segment: 'gateway-office1' } });
    expect((await world.auditOfKind('tunnel.changed')).at(-1)).toEqual({
      'before.enabled': true, 'before.defaultGatewayId': entry.id, 'before.defaultGateway': entry.name, 'before.defaultSegment': null,
      'after.enabled': false, 'after.defaultGatewayId': null, 'after.defaultGateway': null, 'after.defaultSegment': 'gateway-office1',
    });
    const entries = (await world.auditOfKind('tunnel.changed')).length;
    await setTunnel({ enabled: false, default: { kind: 'segment', segment: 'gateway-office1' } });
    expect(await world.auditOfKind('tunnel.changed')).toHaveLength(entries);
  });

  test('S31: Tunnel is not switched on without a default, nor with one that is no gateway or segment', async () => {
    for (const fields of [
      { enabled: true, default: null },
      { enabled: true, default: { kind: 'gateway', gatewayId: randomUUID() } },
      { enabled: false, default: { kind: 'segment', segment: 'gateway-nowhere' } },
    ]) expect(await refusal(world.call('tunnelUpdate', { body: fields }, admin))).toMatchObject({ code: 'request.invalid', args: { field: 'default' } });
  });

  test('rule 26: who signs in learns only whether Tunnel applies to him: as the switch says, and always for a third-party vendor (S33)', async () => {
    await setTunnel({ enabled: false, default: through(entry) });
    expect(await world.call('tunnelApplies', {}, user)).toEqual({ applies: false });
    expect(await world.call('tunnelApplies', {}, await world.user('vendor', { expiresAt: new Date(Date.now() + 3_600_000) }))).toEqual({ applies: true });
    await on();
    expect(await world.call('tunnelApplies', {}, user)).toEqual({ applies: true });
  });
});

describe('Tunnel: the way of a connection', () => {
  test('S22, S31: a tagged resource is granted at its gateway and then forwarded at the default one; the client gets the address of the first alone (rule 8)', async () => {
    await on();
    const offer = await world.ask(await world.resource(['gateway-office1']), user);
    expect(namesOf(offer)).toEqual([entry.name, office.name]);
    expect(offer.tunnel).toBe(true);
    const [first, last] = offer.hops;
    expect(first).toMatchObject({ host: '127.0.0.1', pins: [entry.tls.pin] });
    expect(last).toMatchObject({ host: null, ports: [], fallbackPort: null, pins: [office.tls.pin] });
    expect(first?.ticket).not.toBe(last?.ticket);
    const forward = entry.grants.at(-1) as ForwardGrant;
    const target = office.grants.at(-1) as TargetGrant;
    expect([forward.kind, target.kind]).toEqual(['forward', 'target']);
    expect(forward).toMatchObject({ connectionId: offer.connectionId, userId: user.user.id, next: { gatewayId: office.id, gatewayName: office.name, host: '127.0.0.1' } });
    expect(forward.next.ports.flat().toSorted()).toEqual(office.proxyPorts);
    expect(forward.ticketSha256).not.toBe(target.ticketSha256);
    // Of target, credential and policy the first hop learns nothing (rule 2).
    expect(JSON.stringify(entry.asked)).not.toMatch(new RegExp(`${CANARY_PASSWORD}|192\\.0\\.2\\.7`));
    expect(await world.connection(offer.connectionId)).toMatchObject({ gatewayId: office.id, firstGatewayId: entry.id, firstGatewayName: entry.name, tunnel: true });
    expect((await world.audit(offer.reference)).find(({ kind }) => kind === 'connection.granted')?.facts).toMatchObject({ gateway: office.name, firstGateway: entry.name, tunnel: true });
  });

  test.each([['ssh', 0], ['sftp', 0], ['rdp', 1], ['vnc', 2]] as const)('rule 7, S63, S75: over two hops %s goes first to the port that carries it first, at either gateway, and all others follow', async (protocol, place) => {
    await on();
    const offer = await world.ask(await world.resource(['gateway-office1'], { protocols: [{ protocol, port: 5900 }] }), user, protocol);
    const { next } = entry.grants.at(-1) as ForwardGrant;
    for (const [ports, { proxyPorts }] of [[offer.hops[0]?.ports ?? [], entry], [next.ports, office]] as const) {
      expect(ports[0]).toEqual([proxyPorts[place]]);
      expect(ports.flat().toSorted()).toEqual(proxyPorts);
    }
  });

  test('S22, S41: an untagged resource is reached by the default gateway itself, in one hop; so is one of its own segment', async () => {
    await on();
    for (const tags of [[], ['gateway-entry']]) {
      const offer = await world.ask(await world.resource(tags), user);
      expect(namesOf(offer)).toEqual([entry.name]);
      expect(offer).toMatchObject({ tunnel: true });
      expect(entry.grants.at(-1)?.kind).toBe('target');
    }
  });

  test('S33: a third-party vendor goes through the default gateway, whatever the switch says', async () => {
    await setTunnel({ enabled: false, default: through(entry) });
    const resource = await world.resource(['gateway-office1']);
    expect(namesOf(await world.ask(resource, user))).toEqual([office.name]);
    expect(namesOf(await world.ask(resource, await world.user('vendor', { expiresAt: new Date(Date.now() + 3_600_000) })))).toEqual([entry.name, office.name]);
  });

  test('an access rule with Tunnel always does so too, for whom it speaks of', async () => {
    await setTunnel({ enabled: false, default: through(entry) });
    const resource = await world.resource(['gateway-office1']);
    world.decide = () => allowed({ rule: { id: accessRuleId.parse(randomUUID()), name: 'always through it', tunnel: 'always' } });
    expect(namesOf(await world.ask(resource, user))).toEqual([entry.name, office.name]);
    world.decide = () => allowed({ rule: { id: accessRuleId.parse(randomUUID()), name: 'as the system says', tunnel: 'system' } });
    expect(namesOf(await world.ask(resource, user))).toEqual([office.name]);
    world.decide = () => allowed();
  });

  test('S24, S32: in Tunnel mode the last gateway is told to refuse what runs unencrypted to its target, and only then', async () => {
    const resource = await world.resource(['gateway-office1']);
    await on();
    await world.ask(resource, user);
    expect((office.grants.at(-1) as TargetGrant).target.allowUnencrypted).toBe(false);
    await setTunnel({ enabled: false, default: through(entry) });
    await world.ask(resource, user);
    expect((office.grants.at(-1) as TargetGrant).target.allowUnencrypted).toBe(true);
  });

  test('S17, S31: with no default gateway available the connection fails with a code of its own, an audit and an error entry, and nothing is granted anywhere', async () => {
    const alone = await world.gateway('gateway-alone', admin);
    await on(alone);
    await world.call('gatewayUpdate', { params: { gatewayId: alone.id }, body: { draining: true } }, admin);
    for (const tags of [['gateway-office1'], []]) {
      const grants = office.grants.length + entry.grants.length;
      const error = await refusal(world.ask(await world.resource(tags), user));
      expect(error.code).toBe('tunnel.no-default-gateway');
      expect((await world.audit(error.reference ?? '')).map(({ kind }) => kind)).toEqual(['connection.asked', 'connection.failed']);
      expect(await world.errorsUnder(error.reference ?? '')).toEqual([{ code: 'tunnel.no-default-gateway', leg: 'L3', gatewayName: null }]);
      expect(office.grants.length + entry.grants.length).toBe(grants);
    }
  });

  test('rule 6: an unknown segment refuses in Tunnel mode too', async () => {
    await on();
    expect((await refusal(world.ask(await world.resource(['gateway-nowhere']), user))).code).toBe('gateway.segment-unknown');
  });
});

describe('Tunnel: another gateway after one that failed (S11, rule 4)', () => {
  let second: ScriptedGateway;
  let spare: ScriptedGateway;
  beforeAll(async () => {
    second = await world.gateway('gateway-entry', admin);
    spare = await world.gateway('gateway-office1', admin);
    await setTunnel({ enabled: true, default: { kind: 'segment', segment: 'gateway-entry' } });
  });

  test('S11: a first hop that takes no grant gives way to another default gateway; the last one keeps the grant that it has', async () => {
    for (const [failing, other] of [[entry, second], [second, entry]] as const) {
      for (const gateway of [entry, second]) await world.syncNow(gateway.id, admin);
      const resource = await world.resource(['gateway-office1']);
      failing.script.set('grant', [{ kind: 'error', code: 'gateway.full', args: { gateway: failing.name } }]);
      const granted = office.grants.length + spare.grants.length;
      const offer = await world.ask(resource, user);
      failing.script.delete('grant');
      expect(namesOf(offer)[0]).toBe(offer.tried.length === 0 ? other.name : other.name);
      expect(office.grants.length + spare.grants.length).toBe(granted + 1);
      if (offer.tried.length > 0) expect(offer.tried).toMatchObject([{ gatewayName: failing.name, leg: 'L3', code: 'gateway.full' }]);
    }
  });

  test('S11, S17: where no default gateway takes the forward, the last one is told to forget its grant, and the connection fails', async () => {
    for (const gateway of [entry, second]) gateway.script.set('grant', [{ kind: 'error', code: 'gateway.full', args: { gateway: gateway.name } }]);
    const error = await refusal(world.ask(await world.resource(['gateway-office1']), user));
    expect(error.code).toBe('tunnel.no-default-gateway');
    const grant = [...office.grants, ...spare.grants].find(({ reference }) => reference === error.reference);
    const dropped = [...office.asked, ...spare.asked].filter(({ method, params }) => method === 'terminate' && JSON.stringify(params).includes(grant?.connectionId ?? 'none'));
    expect(dropped).toHaveLength(1);
    expect((await world.audit(error.reference ?? '')).at(-1)).toMatchObject({ kind: 'connection.failed', facts: { code: 'tunnel.no-default-gateway', tried: expect.arrayContaining([`${entry.name} L3 gateway.full`, `${second.name} L3 gateway.full`]) } });
    for (const gateway of [entry, second]) await world.syncNow(gateway.id, admin);
  });

  test('S11: a last hop that takes no grant gives way to another of its segment', async () => {
    office.script.set('grant', [{ kind: 'disconnect' }]);
    spare.script.set('grant', []);
    let offer = await world.ask(await world.resource(['gateway-office1']), user);
    if (offer.tried.length === 0) offer = await world.ask(await world.resource(['gateway-office1']), user);
    expect(namesOf(offer)[1]).toBe(spare.name);
    office.script.delete('grant');
    await world.syncNow(office.id, admin);
  });

  test('S11: where the first hop could not be dialled, another one is granted; what the failed one and the last one held is dropped', async () => {
    const offer = await world.ask(await world.resource(['gateway-office1']), user);
    const [failed, other] = namesOf(offer)[0] === entry.name ? [entry, second] : [second, entry];
    const next = await retry(offer, failed, 'L2', 'gateway.unreachable');
    expect(namesOf(next)[0]).toBe(other.name);
    expect(next.tried).toMatchObject([{ gatewayName: failed.name, leg: 'L2', code: 'gateway.unreachable' }]);
    expect(next.hops.map(({ ticket }) => ticket)).not.toEqual(expect.arrayContaining(offer.hops.map(({ ticket }) => ticket)));
    const last = namesOf(offer)[1] === office.name ? office : spare;
    const order = last.asked.filter(({ params }) => JSON.stringify(params).includes(offer.connectionId)).map(({ method }) => method);
    expect(order.slice(0, 2)).toEqual(['grant', 'terminate']);
    await world.until(async () => (failed.asked.some(({ method, params }) => method === 'terminate' && JSON.stringify(params).includes(offer.connectionId)) ? true : undefined), 'the failed first hop told');
    for (const gateway of [entry, second]) await world.syncNow(gateway.id, admin);
  });

  test('S11: where the first hop could not reach the last one, another last one is granted, behind the same first hop or another', async () => {
    const offer = await world.ask(await world.resource(['gateway-office1']), user);
    const [failed, other] = namesOf(offer)[1] === office.name ? [office, spare] : [spare, office];
    const next = await retry(offer, failed, 'L4', 'tunnel.next-unreachable');
    expect(namesOf(next)[1]).toBe(other.name);
    expect(next.tried).toMatchObject([{ gatewayName: failed.name, leg: 'L4', code: 'tunnel.next-unreachable' }]);
    expect(next.hops).toHaveLength(2);
  });

  test('rule 9: a gateway that is on neither place of the way cannot be reported as failed', async () => {
    const offer = await world.ask(await world.resource(['gateway-office1']), user);
    const stranger = namesOf(offer)[1] === office.name ? spare : office;
    expect((await refusal(retry(offer, stranger, 'L2', 'gateway.unreachable'))).code).toBe('request.conflict');
  });
});

describe('Tunnel: another first gateway for a session that runs (rule 10)', () => {
  let second: ScriptedGateway;
  const resumeWay = async (offer: ConnectionOffer, failed: ScriptedGateway, who: RequestContext = user): Promise<Hop> => hop.parse(await world.call('connectionResumeWay', { params: { connectionId: offer.connectionId }, body: { gatewayId: failed.id } }, who));
  /** A session over two gateways that is connected, and its two possible first ones: the one that it has, and the other. */
  const session = async (who: RequestContext = user): Promise<{ offer: ConnectionOffer; first: ScriptedGateway; other: ScriptedGateway; last: ScriptedGateway }> => {
    const offer = await world.ask(await world.resource(['gateway-far']), who);
    far.record({ connectionId: offer.connectionId, reference: offer.reference, kind: 'connected', facts: {} });
    await world.connectionIn(offer.connectionId, 'connected');
    const [first, other] = namesOf(offer)[0] === entryA.name ? [entryA, second] : [second, entryA];
    return { offer, first, other, last: far };
  };
  let entryA: ScriptedGateway;
  let far: ScriptedGateway;
  beforeAll(async () => {
    [entryA, second, far] = [await world.gateway('gateway-gate', admin), await world.gateway('gateway-gate', admin), await world.gateway('gateway-far', admin)];
    await setTunnel({ enabled: true, default: { kind: 'segment', segment: 'gateway-gate' } });
  });

  test('the other default gateway is granted the same next hop under a fresh ticket, never beyond the end that the session had; the audit log has before and after', async () => {
    const { offer, first, other, last } = await session();
    const targets = last.grants.length;
    const given = await resumeWay(offer, first);
    expect(given).toMatchObject({ gatewayId: other.id, gatewayName: other.name, host: '127.0.0.1', pins: [other.tls.pin] });
    const grant = other.grants.at(-1) as ForwardGrant;
    expect(grant).toMatchObject({ kind: 'forward', connectionId: offer.connectionId, reference: offer.reference, userId: user.user.id, clientKeyThumbprint: user.clientKeyThumbprint, next: { gatewayId: last.id } });
    expect(Date.parse(grant.notAfter)).toBeLessThanOrEqual(Date.parse(offer.notAfter));
    expect(offer.hops.map(({ ticket }) => ticket)).not.toContain(given.ticket);
    // The last gateway, whose session runs, is asked nothing.
    expect(last.grants).toHaveLength(targets);
    expect(await world.connection(offer.connectionId)).toMatchObject({ state: 'connected', gatewayId: last.id, firstGatewayId: other.id });
    expect((await world.audit(offer.reference)).filter(({ kind }) => kind === 'connection.first-gateway-replaced').map(({ facts }) => facts)).toMatchObject([{ 'before.firstGatewayId': first.id, 'before.firstGateway': first.name, 'after.firstGatewayId': other.id, 'after.firstGateway': other.name, user: user.user.name }]);
    // Its end is told to the new first gateway.
    const told = other.nextAsked('terminate');
    await world.call('connectionTerminate', { params: { connectionId: offer.connectionId }, body: { reason: '' } }, user);
    await told;
  });

  test('the failed one is granted again only where there is no other that takes it', async () => {
    const { offer, first, other } = await session();
    other.script.set('grant', [{ kind: 'error', code: 'gateway.full', args: { gateway: other.name } }]);
    expect((await resumeWay(offer, first)).gatewayName).toBe(first.name);
    for (const gateway of [entryA, second]) gateway.script.set('grant', [{ kind: 'error', code: 'gateway.full', args: { gateway: gateway.name } }]);
    expect((await refusal(resumeWay(offer, first))).code).toBe('tunnel.no-default-gateway');
    for (const gateway of [entryA, second]) {
      gateway.script.delete('grant');
      await world.syncNow(gateway.id, admin);
    }
  });

  test('rules 9, 11: not for another user or another key, not after the session was ended, its user disabled or his access taken, and not for a session over one gateway', async () => {
    const { offer, first } = await session();
    const granted = (): number => entryA.grants.length + second.grants.length;
    const before = granted();
    expect((await refusal(resumeWay(offer, first, await world.user('admin')))).code).toBe('request.not-found');
    expect((await refusal(resumeWay(offer, first, { ...user, clientKeyThumbprint: 'K'.repeat(43) }))).code).toBe('request.not-found');
    world.decide = () => ({ allowed: false, code: 'access.denied' });
    expect((await refusal(resumeWay(offer, first))).code).toBe('session.access-changed');
    world.decide = () => allowed();
    far.script.set('terminate', [{ kind: 'silent' }]);
    await world.call('connectionTerminate', { params: { connectionId: offer.connectionId }, body: { reason: '' } }, admin);
    expect((await refusal(resumeWay(offer, first))).code).toBe('session.terminated');
    const leaving = await world.user('user');
    const theirs = await session(leaving);
    await world.revokeUser(leaving.user.id);
    expect((await refusal(resumeWay(theirs.offer, theirs.first, leaving))).code).toBe('session.user-disabled');
    const alone = await world.ask(await world.resource([]), user);
    expect((await refusal(resumeWay(alone, entryA))).code).toBe('request.conflict');
    expect(granted()).toBe(before + 2);
  });
});

describe('Tunnel: what the gateways report', () => {
  test('S22: transit at the first hop is noted twice, never as the end of the connection; the session is the last hop\'s', async () => {
    await on();
    await world.call('gatewayUpdate', { params: { gatewayId: office.id }, body: {} }, admin);
    const offer = await world.ask(await world.resource(['gateway-office1']), user);
    const last = namesOf(offer)[1] === office.name ? office : undefined;
    const forward = entry.grants.at(-1) as ForwardGrant;
    const about = { connectionId: offer.connectionId, reference: offer.reference };
    const facts = { ticketSha256: forward.ticketSha256, userId: user.user.id, nextGatewayId: office.id, nextGatewayName: office.name };
    entry.record({ ...about, kind: 'granted', facts: { forward: true } });
    entry.record({ ...about, kind: 'ticket-used', facts: { ...facts, forward: true } });
    entry.record({ ...about, kind: 'forwarded', facts: { ...facts, nextAddress: '127.0.0.1', nextPort: 7993 } });
    await world.until(async () => (await world.audit(offer.reference)).find(({ kind }) => kind === 'connection.forwarded'), 'the transit');
    expect((await world.connection(offer.connectionId)).state).toBe('granted');
    entry.record({ ...about, kind: 'forward-ended', facts: { ...facts, code: 'session.ended', forwarded: true, durationMs: 1200, bytesIn: 10, bytesOut: 20 } });
    // What it says twice, or of a forward that it was not granted, is noted as odd and nothing else.
    entry.record({ ...about, kind: 'forward-ended', facts: { ...facts, code: 'session.ended', forwarded: true, durationMs: 1200, bytesIn: 99, bytesOut: 99 } });
    // ... and of the session itself it has nothing to say (rule 9).
    entry.record({ ...about, kind: 'ended', facts: { code: 'session.ended' } });
    entry.record({ ...about, kind: 'connected', facts: { recordingId: randomUUID() } });
    const entries = await world.until(async () => {
      const all = await world.audit(offer.reference);
      return all.filter(({ kind }) => kind === 'gateway.unexpected-event').length >= 1 && all.some(({ kind }) => kind === 'connection.forward-ended') ? all : undefined;
    }, 'the end of the transit');
    expect(entries.filter(({ kind }) => kind === 'connection.forwarded').map(({ facts: said }) => said)).toMatchObject([{ firstGateway: entry.name, nextAddress: '127.0.0.1', nextPort: 7993, user: user.user.name }]);
    expect(entries.filter(({ kind }) => kind === 'connection.forward-ended').map(({ facts: said }) => said)).toMatchObject([{ firstGateway: entry.name, bytesIn: 10, bytesOut: 20, durationMs: 1200, code: 'session.ended' }]);
    expect((await world.connection(offer.connectionId)).state).toBe('granted');
    expect(entries.some(({ kind }) => /^connection\.(ended|failed|not-used|connected)$/.test(kind))).toBe(false);
    expect(await world.recordings()).toEqual([]);
    (last ?? office).record({ ...about, kind: 'ticket-used', facts: {} });
    (last ?? office).record({ ...about, kind: 'failed', facts: { code: 'target.sign-on-refused', credentialSent: true } });
    if (last !== undefined) await world.connectionIn(offer.connectionId, 'failed');
  });

  test('rule 11: ending a connection tells the last gateway first, then the first', async () => {
    await on();
    const offer = await world.ask(await world.resource(['gateway-office1']), user);
    const order: string[] = [];
    const told = [...new Set([entry, office])].map((gateway) => gateway.nextAsked('terminate').then(() => order.push(gateway.name)));
    const last = namesOf(offer)[1] === office.name;
    await world.call('connectionTerminate', { params: { connectionId: offer.connectionId }, body: { reason: '' } }, user);
    await told[0];
    if (last) {
      await told[1];
      expect(order).toEqual([office.name, entry.name]);
    } else expect(order).toEqual([entry.name]);
  });

  test('rule 11: the sessions of a user who is signed out everywhere end on both gateways', async () => {
    await on();
    const who = await world.user('user');
    const last = await world.gateway('gateway-of-its-own', admin);
    const offer = await world.ask(await world.resource(['gateway-of-its-own']), who);
    expect(namesOf(offer)).toEqual([entry.name, last.name]);
    await world.store.database.transaction((transaction) => writeSessionEndings(transaction, { userId: who.user.id, code: 'session.sign-in-revoked', at: world.clock.now(), by: 'test' }));
    await world.side.sendEndings();
    for (const gateway of [last, entry]) expect(gateway.asked.findLast(({ method }) => method === 'terminate')?.params).toMatchObject({ target: { kind: 'connection', connectionId: offer.connectionId }, code: 'session.sign-in-revoked' });
  });

  test('a client that gives up tells both gateways', async () => {
    await on();
    const offer = await world.ask(await world.resource(['gateway-office1']), user);
    await world.call('connectionClaim', { params: { connectionId: offer.connectionId }, body: { outcome: 'cancelled', code: 'connect.cancelled' } }, user);
    await world.until(async () => (entry.asked.some(({ method, params }) => method === 'terminate' && JSON.stringify(params).includes(offer.connectionId)) ? true : undefined), 'the first hop told');
    expect((await world.connectionIn(offer.connectionId, 'not-used')).code).toBe('connect.cancelled');
  });
});
