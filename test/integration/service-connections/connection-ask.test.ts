import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { MavisError } from '../../../shared/errors/mavis-error.ts';
import { accessRuleId, connectionId as connectionIdSchema, connectionReferenceFrom } from '../../../shared/ids.ts';
import type { Grant } from '../../../shared/link/messages.ts';
import { sessionPolicy } from '../../../shared/policy/session-policy.ts';
import type { RequestContext } from '../../../src-service/http/bound-route.ts';
import { connections } from '../../../src-service/store/schema.ts';
import { CANARY_PASSWORD, GatewaySideWorld, allowed } from '../../fixtures/gateway-side-world.ts';

/** All of them have to be granted within the time of one connect, whatever else the machine does. */
const ASKS = process.env['MAVIS_LONG'] === '1' ? 100 : 30;

/** The long run asks on both databases. */
const DATABASES = process.env['MAVIS_LONG'] === '1' ? (['pglite', 'postgresql'] as const) : (['postgresql'] as const);

let world: GatewaySideWorld;
let admin: RequestContext;
let user: RequestContext;

/** What an ask was refused with; its reference is there for all to find it by. */
async function refusal(ask: Promise<unknown>): Promise<MavisError & { reference: string }> {
  const error = await ask.then(() => undefined, (thrown: MavisError) => thrown);
  if (error?.reference === undefined) throw new Error('a refusal with a reference was expected', { cause: error });
  return Object.assign(error, { reference: String(error.reference) });
}

/** That a failure left exactly one final audit entry and one error-log entry, and no recording (S16, S19). */
async function expectOnlyFailure(reference: string, code: string, leg: string): Promise<void> {
  const entries = await world.audit(reference);
  expect(entries.filter(({ kind }) => /^connection\.(ended|failed|not-used)$/.test(kind)).map(({ kind, facts }) => [kind, facts['code']])).toEqual([['connection.failed', code]]);
  expect((await world.errorsUnder(reference)).filter((entry) => entry.code === code).map((entry) => entry.leg)).toEqual([leg]);
  expect((await world.recordings()).filter((recording) => recording.reference === reference)).toEqual([]);
}

const targetGrant = (grant: Grant | undefined) => {
  if (grant?.kind !== 'target') throw new Error('a grant for a target was expected');
  return grant;
};

describe.each(DATABASES)('asking, on %s', (databaseKind) => {
  beforeAll(async () => {
    world = await GatewaySideWorld.startOn(databaseKind);
    admin = await world.user('admin');
  });
  beforeEach(async () => {
    world.decide = () => allowed();
    user = await world.user('user');
  });
  afterAll(() => world.stop());

  describe('asking for a connection', () => {
    test('S2, S8, S62: pushes a grant to a gateway of the segment and gives the client the way there; the audit log says by which rule it was asked, and from where', async () => {
      const decision = allowed();
      if (!decision.allowed) throw new Error('a decision that lets in was expected');
      world.decide = () => decision;
      const gateway = await world.gateway('gateway-ask', admin);
      await world.gateway('gateway-elsewhere', admin);
      const offer = await world.ask(await world.resource(['gateway-ask']), user);
      const grant = targetGrant(gateway.grants[0]);
      expect(offer.hops).toEqual([{ gatewayId: gateway.id, gatewayName: gateway.name, segment: 'gateway-ask', host: '127.0.0.1', ports: [[17993], expect.arrayContaining([17994, 17995])], fallbackPort: gateway.port, pins: [gateway.tls.pin], ticket: expect.any(String) }]);
      expect(grant.ticketSha256).toBe(createHash('sha256').update(offer.hops[0]?.ticket ?? '').digest('base64url'));
      expect(grant.clientKeyThumbprint).toBe(user.clientKeyThumbprint);
      expect(grant).toMatchObject({ connectionId: offer.connectionId, reference: offer.reference, ticketSeconds: 30, target: { host: '192.0.2.7', port: 22 }, credential: { kind: 'password', password: CANARY_PASSWORD } });
      expect((await world.connection(offer.connectionId)).state).toBe('granted');
      const [asked, granted, ...further] = await world.audit(offer.reference);
      expect([asked?.kind, granted?.kind, further]).toEqual(['connection.asked', 'connection.granted', []]);
      expect(asked?.facts).toEqual({
        connectionId: offer.connectionId, userId: user.user.id, user: user.user.name, resourceId: offer.resource.id, resource: offer.resource.name, protocol: 'ssh', address: '127.0.0.1',
        accessRuleId: decision.rule.id, accessRule: 'lets everybody in',
      });
      expect(granted?.facts).not.toHaveProperty('tried');
    });

    test("B16: the target's secret and the ticket are in no log line, no audit entry and no table", async () => {
      await world.gateway('gateway-secret', admin);
      const offer = await world.ask(await world.resource(['gateway-secret']), user);
      const ticket = offer.hops[0]?.ticket ?? '';
      const everything = [world.logged.join(''), JSON.stringify(await world.connection(offer.connectionId)), JSON.stringify(await world.audit(offer.reference))].join('');
      expect(everything).not.toContain(CANARY_PASSWORD);
      expect(everything).not.toContain(ticket);
      expect(JSON.stringify({ ...offer, hops: [] })).not.toContain(CANARY_PASSWORD);
    });

    test('rule 2: the grant ends at the earliest of expiry, rule and longest duration', async () => {
      const gateway = await world.gateway('gateway-ends', admin);
      const resource = await world.resource(['gateway-ends']);
      // Vendors go through the default gateway (S33): here it is the one of the resource.
      await world.call('tunnelUpdate', { body: { enabled: false, default: { kind: 'gateway', gatewayId: gateway.id } } }, admin);
      const soon = new Date(Date.now() + 600_000);
      await world.ask(resource, await world.user('vendor', { expiresAt: soon }));
      expect(gateway.grants.at(-1)).toMatchObject({ notAfter: soon.toISOString(), maxUnsupervisedSeconds: 60 });
      const rule = new Date(Date.now() + 300_000);
      world.decide = () => allowed({ notAfter: rule });
      await world.ask(resource, user);
      expect(gateway.grants.at(-1)?.notAfter).toBe(rule.toISOString());
    });

    test('rule 21: the answer names the protocols of the resource that the user may use now, and none that no rule gives him', async () => {
      await world.gateway('gateway-protocols', admin);
      const resource = await world.resource(['gateway-protocols'], { protocols: [{ protocol: 'sftp', port: 22 }, { protocol: 'ssh', port: 22 }, { protocol: 'vnc', port: 5900 }] });
      world.decide = (_role, protocol) => (protocol === 'ssh' ? { allowed: false, code: 'access.protocol-not-allowed', args: { protocol } } : allowed());
      expect((await world.ask(resource, user, 'sftp')).protocols).toEqual(['sftp', 'vnc']);
    });

    test.each([
      ['session.sign-in-revoked', 'his sign-in', () => (world.signInEnded = (token) => (token === user.tokenSha256 ? 'sign-in.required' : undefined))],
      ['session.access-changed', 'his right', () => (world.decide = () => ({ allowed: false, code: 'access.denied' }))],
      ['session.access-changed', 'a part of it', () => (world.decide = () => allowed({ policy: sessionPolicy.parse({ clipboardOut: false }) }))],
    ] as const)('rule 11, B10: %s: a user who loses %s while a gateway takes the grant gets no way, and the gateway is told', async (code, _what, loses) => {
      const segment = `gateway-${randomUUID().slice(0, 8)}`;
      const gateway = await world.gateway(segment, admin);
      const resource = await world.resource([segment]);
      gateway.onAsked = (method) => void (method === 'grant' && loses());
      const told = gateway.nextAsked('terminate');
      try {
        const error = await refusal(world.ask(resource, user));
        expect(error.code).toBe(code);
        expect(await told).toMatchObject({ code });
        await expectOnlyFailure(error.reference, code, 'service');
      } finally {
        world.signInEnded = () => undefined;
      }
    });

    test('no right: access.denied, an audit and an error entry, no grant, no recording', async () => {
      const gateway = await world.gateway('gateway-denied', admin);
      world.decide = () => ({ allowed: false, code: 'access.denied' });
      const error = await refusal(world.ask(await world.resource(['gateway-denied']), user));
      expect(error.code).toBe('access.denied');
      await expectOnlyFailure(error.reference, 'access.denied', 'service');
      expect((await world.audit(error.reference)).find(({ kind }) => kind === 'connection.asked')?.facts).toMatchObject({ accessRuleId: null, accessRule: null });
      expect(gateway.grants).toEqual([]);
    });

    test('B11: a resource that there is not is refused like one without a right to it; only the entries tell them apart', async () => {
      const error = await refusal(world.call('connectionAsk', { body: { resourceId: randomUUID(), protocol: 'ssh' } }, user));
      expect(error.code).toBe('access.denied');
      await expectOnlyFailure(error.reference, 'resource.unknown', 'service');
    });

    test('no stored credential, or a protocol that the resource does not speak, is refused before any gateway', async () => {
      const noCredential = await refusal(world.ask(await world.resource([], { credential: false }), user));
      expect(noCredential.code).toBe('resource.no-credential');
      await expectOnlyFailure(noCredential.reference, 'resource.no-credential', 'service');
      const noProtocol = await refusal(world.ask(await world.resource(), user, 'rdp'));
      await expectOnlyFailure(noProtocol.reference, 'resource.protocol-unknown', 'service');
    });

    test('a user with 256 connections open gets no further one until one of them has come to its end; another user does', async () => {
      await world.gateway('gateway-crowded', admin);
      const resource = await world.resource(['gateway-crowded']);
      const { database } = world.store;
      const [first] = await database.select().from(connections).where(eq(connections.id, (await world.ask(resource, user)).connectionId));
      if (first === undefined) throw new Error('the connection is not there');
      const grantExpiresAt = new Date(first.askedAt.getTime() + 3_600_000);
      const others = Array.from({ length: 255 }, () => ({ ...first, id: connectionIdSchema.parse(randomUUID()), reference: connectionReferenceFrom(randomBytes(10)), grantExpiresAt }));
      await database.insert(connections).values(others);
      await expect(world.ask(resource, user)).rejects.toMatchObject({ code: 'request.too-many', args: { seconds: 30 } });
      expect((await world.ask(resource, await world.user('user'))).hops).toHaveLength(1);
      await database.update(connections).set({ state: 'not-used', finalAt: first.askedAt }).where(eq(connections.id, others[0]?.id ?? first.id));
      expect((await world.ask(resource, user)).hops).toHaveLength(1);
    });

    test('S17: no available gateway: an error entry, an audit entry, and the failure is told', async () => {
      const gateway = await world.gateway('gateway-down', admin);
      await gateway.stop();
      await world.syncNow(gateway.id, admin);
      await world.state(gateway.id, 'unavailable');
      const error = await refusal(world.ask(await world.resource(['gateway-down']), user));
      expect(error).toMatchObject({ code: 'gateway.none-available', args: { segment: 'gateway-down' } });
      await expectOnlyFailure(error.reference, 'gateway.none-available', 'L3');
    });

    test('rule 6: a tag that names no segment refuses the connection', async () => {
      await world.gateway('gateway-known', admin);
      const error = await refusal(world.ask(await world.resource(['gateway-unknown', 'gateway-known']), user));
      expect(error).toMatchObject({ code: 'gateway.segment-unknown', args: { segment: 'gateway-unknown' } });
      await expectOnlyFailure(error.reference, 'gateway.segment-unknown', 'service');
    });

    test('S11, S12, S13: a gateway that dies between choice and grant is noted and another one takes the connection', async () => {
      const [dead, live] = [await world.gateway('gateway-pair', admin), await world.gateway('gateway-pair', admin)];
      dead.script.set('grant', [{ kind: 'disconnect' }]);
      live.script.set('grant', []);
      const resource = await world.resource(['gateway-pair']);
      // The choice is random: ask until the one that disconnects was the first.
      const offer = await world.until(async () => {
        const one = await world.ask(resource, user);
        return one.tried.length > 0 ? one : undefined;
      }, 'the dead gateway chosen first');
      expect(offer.tried).toEqual([{ gatewayId: dead.id, gatewayName: dead.name, leg: 'L3', code: 'gateway.link-failed', milliseconds: expect.any(Number) }]);
      expect(offer.hops[0]?.gatewayId).toBe(live.id);
      expect((await world.errorsUnder(offer.reference)).map(({ code, gatewayName }) => [code, gatewayName])).toEqual([['gateway.link-failed', dead.name]]);
      expect((await world.audit(offer.reference)).find(({ kind }) => kind === 'connection.granted')?.facts).toMatchObject({ gateway: live.name, tried: [`${dead.name} L3 gateway.link-failed`] });
      expect((await world.auditOfKind('gateway.ejected')).map((facts) => facts['gateway'])).toContain(dead.name);
    });

    test('rule 4: a grant without an answer is given up after 2 s; with no other gateway the connection fails, and the tries are told', async () => {
      const gateway = await world.gateway('gateway-mute', admin);
      gateway.script.set('grant', [{ kind: 'silent' }]);
      const begun = performance.now();
      const error = await refusal(world.ask(await world.resource(['gateway-mute']), user));
      expect(performance.now() - begun).toBeGreaterThan(1_900);
      expect(performance.now() - begun).toBeLessThan(10_000);
      expect(error.code).toBe('gateway.none-available');
      await expectOnlyFailure(error.reference, 'gateway.none-available', 'L3');
      const [final] = (await world.audit(error.reference)).filter(({ kind }) => kind === 'connection.failed');
      expect(final?.facts['tried']).toEqual([`${gateway.name} L3 gateway.link-time-out`]);
    });

    test('a refusal that another gateway would not change is final at once', async () => {
      const [first, second] = [await world.gateway('gateway-tombstone', admin), await world.gateway('gateway-tombstone', admin)];
      for (const gateway of [first, second]) gateway.script.set('grant', [{ kind: 'error', code: 'session.user-disabled' }]);
      const error = await refusal(world.ask(await world.resource(['gateway-tombstone']), user));
      await expectOnlyFailure(error.reference, 'session.user-disabled', 'service');
      expect(first.asked.filter(({ method }) => method === 'grant').length + second.asked.filter(({ method }) => method === 'grant').length).toBe(1);
    });

    test(`${ASKS} asks in parallel (100 in the long run): each has its own reference, ticket and grant, and none is lost`, async () => {
      const gateways = [await world.gateway('gateway-many', admin), await world.gateway('gateway-many', admin)];
      const resource = await world.resource(['gateway-many']);
      const offers = await Promise.all(Array.from({ length: ASKS }, () => world.ask(resource, user)));
      expect(new Set(offers.map(({ reference }) => reference)).size).toBe(ASKS);
      expect(new Set(offers.map(({ hops }) => hops[0]?.ticket)).size).toBe(ASKS);
      const granted = gateways.flatMap(({ grants }) => grants.map(({ connectionId }) => connectionId));
      expect(granted.toSorted()).toEqual(offers.map(({ connectionId }) => connectionId).toSorted());
    });
  });

  describe('trying another gateway', () => {
    const retry = (offer: { connectionId: string }, body: Record<string, unknown>, context: RequestContext) => world.call('connectionRetry', { params: { connectionId: offer.connectionId }, body: { milliseconds: 5, ...body } }, context);

    test('S11: after a gateway that the client cannot reach another is granted, and the first is told to forget', async () => {
      await Promise.all([world.gateway('gateway-retry', admin), world.gateway('gateway-retry', admin)]);
      const first = await world.ask(await world.resource(['gateway-retry']), user);
      const failed = first.hops[0]?.gatewayId;
      const second = await retry(first, { gatewayId: failed, leg: 'L2', code: 'gateway.refused' }, user);
      expect(second).toMatchObject({ connectionId: first.connectionId, reference: first.reference, tried: [{ gatewayId: failed, leg: 'L2', code: 'gateway.refused' }] });
      expect(Reflect.get(Object(second), 'hops')[0].gatewayId).not.toBe(failed);
      await expect(retry(first, { gatewayId: failed, leg: 'L2', code: 'gateway.refused' }, user)).rejects.toMatchObject({ code: 'request.conflict' });
    });

    test('rule 2: where the rules changed before a retry, the connection stands under the rule that gives it now, with its end, and the audit log says so', async () => {
      await Promise.all([world.gateway('gateway-other-rule', admin), world.gateway('gateway-other-rule', admin)]);
      const rules = ['first', 'second'].map((name, at) => ({ id: accessRuleId.parse(randomUUID()), name, notAfter: new Date(Date.now() + (8 - at) * 3_600_000) }));
      const [before, after] = rules;
      if (before === undefined || after === undefined) throw new Error('two rules were expected');
      const under = (rule: typeof before) => allowed({ rule, notAfter: rule.notAfter, policy: sessionPolicy.parse({ maxDurationSeconds: 24 * 3600 }) });
      world.decide = () => under(before);
      const first = await world.ask(await world.resource(['gateway-other-rule']), user);
      world.decide = () => under(after);
      await retry(first, { gatewayId: first.hops[0]?.gatewayId, leg: 'L2', code: 'gateway.refused' }, user);
      expect(await world.connection(first.connectionId)).toMatchObject({ accessRuleId: after.id, notAfter: after.notAfter });
      const told = (await world.audit(first.reference)).filter(({ facts }) => facts['accessRule'] !== undefined).map(({ kind, facts }) => [kind, facts['accessRuleId'], facts['accessRule']]);
      expect(told).toEqual([['connection.asked', before.id, 'first'], ['connection.granted', before.id, 'first'], ['connection.granted', after.id, 'second']]);
    });

    test('rule 2: a connection that was tried again counts its duration from that try, and a change that takes nothing from it takes no second of it', async () => {
      await Promise.all([world.gateway('gateway-late-retry', admin), world.gateway('gateway-late-retry', admin)]);
      world.decide = () => allowed({ policy: sessionPolicy.parse({ maxDurationSeconds: 3600 }) });
      const first = await world.ask(await world.resource(['gateway-late-retry']), user);
      world.clock.advance(5_000);
      await retry(first, { gatewayId: first.hops[0]?.gatewayId, leg: 'L2', code: 'gateway.refused' }, user);
      const { askedAt, notAfter, policy } = await world.connection(first.connectionId);
      expect(notAfter.getTime()).toBeGreaterThan(askedAt.getTime() + policy.maxDurationSeconds * 1000);
      await world.side.accessChanged({ userId: user.user.id });
      expect(await world.connection(first.connectionId)).toMatchObject({ notAfter, terminateAskedAt: null });
      world.decide = () => allowed({ policy: sessionPolicy.parse({ maxDurationSeconds: policy.maxDurationSeconds - 1 }) });
      await world.side.accessChanged({ userId: user.user.id });
      world.decide = () => allowed();
      expect((await world.connection(first.connectionId)).notAfter).toEqual(new Date(askedAt.getTime() + (policy.maxDurationSeconds - 1) * 1000));
    });

    test.each([['target.sign-on-refused', 'L4'], ['target.identity-changed', 'L4'], ['made.up', 'L2'], ['target.unreachable', 'L2'], ['gateway.refused', 'L4']])('rule 4: %s on %s is no reason to try another', async (code, leg) => {
      await world.gateway('gateway-norepeat', admin);
      const offer = await world.ask(await world.resource(['gateway-norepeat']), user);
      await expect(retry(offer, { gatewayId: offer.hops[0]?.gatewayId, leg, code }, user)).rejects.toMatchObject({ code: 'request.conflict' });
    });

    test("rule 4: a client's word does not undo what the gateway's journal says: no retry after a credential was sent", async () => {
      const gateway = await world.gateway('gateway-liar', admin);
      await world.gateway('gateway-liar', admin);
      const resource = await world.resource(['gateway-liar']);
      const offer = await world.until(async () => {
        const one = await world.ask(resource, user);
        return one.hops[0]?.gatewayId === gateway.id ? one : undefined;
      }, 'this gateway chosen');
      gateway.record({ kind: 'ticket-used', connectionId: offer.connectionId, reference: offer.reference, facts: {} });
      gateway.record({ kind: 'failed', connectionId: offer.connectionId, reference: offer.reference, facts: { code: 'target.sign-on-refused', credentialSent: true } });
      await expect(retry(offer, { gatewayId: gateway.id, leg: 'L4', code: 'target.unreachable' }, user)).rejects.toMatchObject({ code: 'target.sign-on-refused' });
      await expectOnlyFailure(offer.reference, 'target.sign-on-refused', 'L4');
    });

    test("rule 4: a failure on L4 of which the gateway's journal tells nothing is no reason for another gateway", async () => {
      const gateways = [await world.gateway('gateway-alone', admin), await world.gateway('gateway-alone', admin)];
      const offer = await world.ask(await world.resource(['gateway-alone']), user);
      gateways.find(({ id }) => id === offer.hops[0]?.gatewayId)?.record({ kind: 'ticket-used', connectionId: offer.connectionId, reference: offer.reference, facts: {} });
      await expect(retry(offer, { gatewayId: offer.hops[0]?.gatewayId, leg: 'L4', code: 'target.unreachable' }, user)).rejects.toMatchObject({ code: 'request.conflict', args: { what: 'journal' } });
      expect(gateways.map(({ grants }) => grants.length).toSorted()).toEqual([0, 1]);
    });

    test('S11, rule 4: a journal that takes long to be read is waited for as long as the deadline leaves time for another gateway', async () => {
      const gateways = [await world.gateway('gateway-slow', admin), await world.gateway('gateway-slow', admin)];
      const offer = await world.ask(await world.resource(['gateway-slow']), user);
      const failed = gateways.find(({ id }) => id === offer.hops[0]?.gatewayId);
      if (failed === undefined) throw new Error('another gateway was chosen');
      // What is asked of its journal is not answered, again and again, for longer than a journal that says nothing would be believed.
      const unanswered = Promise.withResolvers<void>();
      const begun = performance.now();
      failed.script.set('journalRead', Array.from({ length: 100 }, () => ({ kind: 'error' as const, code: 'gateway.full' })));
      failed.onAsked = (method) => {
        if (method === 'journalRead' && performance.now() - begun > 5_000) unanswered.resolve();
      };
      const next = retry(offer, { gatewayId: failed.id, leg: 'L4', code: 'target.unreachable' }, user);
      await Promise.race([unanswered.promise, next]);
      for (const [kind, facts] of [['ticket-used', {}], ['failed', { code: 'target.unreachable', credentialSent: false }]] as const) failed.record({ kind, connectionId: offer.connectionId, reference: offer.reference, facts });
      failed.script.delete('journalRead');
      expect(await next).toMatchObject({ connectionId: offer.connectionId, tried: [{ gatewayId: failed.id, leg: 'L4', code: 'target.unreachable' }] });
    });

    test('rule 4: a journal that cannot be read at all is given up while there is still time to say so, within the deadline', async () => {
      const gateways = [await world.gateway('gateway-closed-book', admin), await world.gateway('gateway-closed-book', admin)];
      const offer = await world.ask(await world.resource(['gateway-closed-book']), user);
      gateways.find(({ id }) => id === offer.hops[0]?.gatewayId)?.script.set('journalRead', Array.from({ length: 1_000 }, () => ({ kind: 'error' as const, code: 'gateway.full' })));
      const next = retry(offer, { gatewayId: offer.hops[0]?.gatewayId, leg: 'L4', code: 'target.unreachable' }, user).then(() => 'another', (error: MavisError) => [error.code, error.args['what']]);
      world.clock.advance(11_000);
      expect(await next).toEqual(['request.conflict', 'journal']);
      expect(gateways.map(({ grants }) => grants.length).toSorted()).toEqual([0, 1]);
    });

    test('S18: the target cannot be reached from either gateway: one final entry, with both tries', async () => {
      const gateways = [await world.gateway('gateway-l4', admin), await world.gateway('gateway-l4', admin)];
      const first = await world.ask(await world.resource(['gateway-l4']), user);
      const failAt = (id: string | undefined) => {
        const gateway = gateways.find((one) => one.id === id);
        gateway?.record({ kind: 'ticket-used', connectionId: first.connectionId, reference: first.reference, facts: {} });
        gateway?.record({ kind: 'failed', connectionId: first.connectionId, reference: first.reference, facts: { code: 'target.unreachable', credentialSent: false } });
      };
      failAt(first.hops[0]?.gatewayId);
      const second = await retry(first, { gatewayId: first.hops[0]?.gatewayId, leg: 'L4', code: 'target.unreachable' }, user);
      const secondGateway = Reflect.get(Object(second), 'hops')[0].gatewayId;
      failAt(secondGateway);
      const error = await refusal(retry(first, { gatewayId: secondGateway, leg: 'L4', code: 'target.unreachable' }, user));
      expect(error.code).toBe('target.unreachable');
      expect((await world.audit(first.reference)).filter(({ kind }) => /^connection\.(ended|failed|not-used)$/.test(kind)).map(({ kind, facts }) => [kind, facts['code']])).toEqual([['connection.failed', 'target.unreachable']]);
      // One entry for each try, and one for the connection.
      expect((await world.errorsUnder(first.reference)).map(({ code, leg }) => [code, leg])).toEqual(Array.from({ length: 3 }, () => ['target.unreachable', 'L4']));
      expect((await world.recordings()).filter(({ reference }) => reference === first.reference)).toEqual([]);
      const final = (await world.audit(first.reference)).find(({ kind }) => kind === 'connection.failed');
      expect(final?.facts['tried']).toHaveLength(2);
    });

    test('rule 4: after the deadline of 15 s no further gateway is tried', async () => {
      await Promise.all([world.gateway('gateway-late', admin), world.gateway('gateway-late', admin)]);
      const offer = await world.ask(await world.resource(['gateway-late']), user);
      world.clock.advance(15_001);
      const error = await refusal(retry(offer, { gatewayId: offer.hops[0]?.gatewayId, leg: 'L2', code: 'gateway.time-out' }, user));
      expect(error.code).toBe('connect.deadline');
      await expectOnlyFailure(offer.reference, 'connect.deadline', 'L2');
    });

    test('B10: another user, or the same one with another key, learns nothing of a connection', async () => {
      await world.gateway('gateway-private', admin);
      const offer = await world.ask(await world.resource(['gateway-private']), user);
      const body = { gatewayId: offer.hops[0]?.gatewayId, leg: 'L2', code: 'gateway.refused' };
      const stranger = await world.user('user');
      for (const context of [stranger, { ...user, clientKeyThumbprint: stranger.clientKeyThumbprint }]) {
        await expect(retry(offer, body, context)).rejects.toMatchObject({ code: 'request.not-found' });
        await expect(world.call('connectionClaim', { params: { connectionId: offer.connectionId }, body: { outcome: 'cancelled', code: 'connect.cancelled' } }, context)).rejects.toMatchObject({ code: 'request.not-found' });
      }
      await expect(world.call('connectionTerminate', { params: { connectionId: offer.connectionId } }, stranger)).rejects.toMatchObject({ code: 'request.not-found' });
    });
  });
});
