import { randomUUID } from 'node:crypto';
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accessRuleId, recordingId, type ConnectionId, type GatewayId, type UserId } from '../../../shared/ids.ts';
import type { ConnectionOffer } from '../../../shared/api/connections.ts';
import { role, type Role } from '../../../shared/api/roles.ts';
import type { JournalEvent } from '../../../shared/link/messages.ts';
import { sessionPolicy } from '../../../shared/policy/session-policy.ts';
import type { RequestContext } from '../../../src-service/http/bound-route.ts';
import { AuditLog } from '../../../src-service/audit/audit-log.ts';
import { ErrorLog } from '../../../src-service/audit/error-log.ts';
import { Connections } from '../../../src-service/connections/connections.ts';
import { narrowUserRevocation } from '../../../src-service/connections/ending-users.ts';
import { JournalIntake } from '../../../src-service/connections/journal-intake.ts';
import { createLog } from '../../../src-service/logging/log.ts';
import { auditEntries, connections, connectionTries, errorLog, gateways, journalEvents, serviceInstances, users } from '../../../src-service/store/schema.ts';
import { GatewaySideWorld, allowed } from '../../fixtures/gateway-side-world.ts';

/** The long run has both databases tell it. */
const DATABASES = process.env['MAVIS_LONG'] === '1' ? (['pglite', 'postgresql'] as const) : (['postgresql'] as const);

let world: GatewaySideWorld;
let admin: RequestContext;
let user: RequestContext;

type Gateway = Awaited<ReturnType<GatewaySideWorld['gateway']>>;
/** A granted connection through a gateway that stands in a segment of its own. */
async function granted(context = user): Promise<{ gateway: Gateway; offer: ConnectionOffer; of: { connectionId: ConnectionId; reference: ConnectionOffer['reference'] } }> {
  const segment = `gateway-${randomUUID().slice(0, 8)}`;
  const gateway = await world.gateway(segment, admin);
  const offer = await world.ask(await world.resource([segment]), context);
  return { gateway, offer, of: { connectionId: offer.connectionId, reference: offer.reference } };
}
const finals = async (reference: string) => (await world.audit(reference)).filter(({ kind }) => /^connection\.(ended|failed|not-used)$/.test(kind)).map(({ kind, facts }) => [kind, facts['code']]);
const cursorOf = async (id: GatewayId) => (await world.store.database.select().from(gateways).where(eq(gateways.id, id)))[0]?.journalCursor;
const readAll = (gateway: Gateway) => world.until(async () => ((await cursorOf(gateway.id)) === gateway.journal.length ? true : undefined), 'the journal read');

describe.each(DATABASES)('on %s', (databaseKind) => {
  beforeAll(async () => {
    world = await GatewaySideWorld.startOn(databaseKind);
    admin = await world.user('admin');
    user = await world.user('user');
  });
  afterAll(() => world.stop());

  describe('the life of a connection, as the journal tells it', () => {
    test('S14, S15, S19: connected and ended: one final entry, and a recording that exists from connected on', async () => {
      const { gateway, of } = await granted();
      const id = recordingId.parse(randomUUID());
      gateway.record({ kind: 'ticket-used', ...of, facts: {} });
      await readAll(gateway);
      expect((await world.recordings()).filter(({ connectionId }) => connectionId === of.connectionId)).toEqual([]);
      gateway.record({ kind: 'connected', ...of, facts: { recordingId: id, targetIdentity: `SHA256:${'a'.repeat(43)}` } });
      const connected = await world.connectionIn(of.connectionId, 'connected');
      expect(connected.connectedAt).not.toBeNull();
      expect((await world.recordings()).find((one) => one.id === id)).toMatchObject({ connectionId: of.connectionId, state: 'recording', gatewayId: gateway.id, userName: user.user.name });
      gateway.record({ kind: 'ended', ...of, facts: { code: 'session.ended', exitStatus: 0, durationMs: 1234 } });
      await world.connectionIn(of.connectionId, 'ended');
      expect((await world.audit(of.reference)).map(({ kind }) => kind)).toEqual(['connection.asked', 'connection.granted', 'connection.connected', 'connection.ended']);
      expect(await finals(of.reference)).toEqual([['connection.ended', 'session.ended']]);
      expect(await world.errorsUnder(of.reference)).toEqual([]);
      await world.until(async () => (gateway.released.upTo.at(-1) === 3 ? true : undefined), 'the release after the commit');
    });

    test('a target that was let to the user\'s agent and X server: one entry each, however often the gateway says it and whatever else it says; the counts stand in the final entry', async () => {
      const { gateway, of } = await granted();
      const forwarding = (what: 'agent' | 'x11', event: 'granted' | 'used'): void => void gateway.record({ kind: 'forwarding', ...of, facts: { what, event } });
      forwarding('agent', 'granted');
      await readAll(gateway);
      // Before the session was connected nothing can have been forwarded.
      expect((await world.audit(of.reference)).map(({ kind }) => kind)).toEqual(['connection.asked', 'connection.granted', 'gateway.unexpected-event']);
      gateway.record({ kind: 'connected', ...of, facts: { recordingId: recordingId.parse(randomUUID()) } });
      // More odd events than a page may write entries of.
      for (let count = 0; count < 80; count += 1) gateway.record({ kind: 'ticket-refused', ...of, facts: {} });
      for (let count = 0; count < 5; count += 1) forwarding('agent', 'granted');
      forwarding('agent', 'used');
      forwarding('x11', 'granted');
      forwarding('x11', 'used');
      gateway.record({ kind: 'ended', ...of, facts: { code: 'session.ended', agentOpenings: 2, agentSignatures: 1, agentBytesFromTarget: 10, agentBytesToTarget: 20, x11Openings: 1 } });
      await world.connectionIn(of.connectionId, 'ended');
      const entries = await world.audit(of.reference);
      expect(entries.map(({ kind }) => kind).filter((kind) => /agent|x11/.test(kind))).toEqual(['connection.agent-forwarded', 'connection.agent-used', 'connection.x11-forwarded', 'connection.x11-opened']);
      expect(entries.at(-1)?.facts).toMatchObject({ agentOpenings: 2, agentSignatures: 1, agentBytesFromTarget: 10, agentBytesToTarget: 20, x11Openings: 1 });
    });

    test('S16, S19: the target refused the sign-on: an audit and an error entry on L4, and no recording', async () => {
      const { gateway, of } = await granted();
      gateway.record({ kind: 'ticket-used', ...of, facts: {} });
      gateway.record({ kind: 'failed', ...of, facts: { code: 'target.sign-on-refused', credentialSent: true } });
      await world.connectionIn(of.connectionId, 'failed');
      expect(await finals(of.reference)).toEqual([['connection.failed', 'target.sign-on-refused']]);
      expect(await world.errorsUnder(of.reference)).toEqual([{ code: 'target.sign-on-refused', leg: 'L4', gatewayName: gateway.name }]);
      expect((await world.recordings()).filter(({ connectionId }) => connectionId === of.connectionId)).toEqual([]);
    });

    test('S18: the target cannot be reached: the failure is final when the client says so', async () => {
      const { gateway, of } = await granted();
      gateway.record({ kind: 'ticket-used', ...of, facts: {} });
      gateway.record({ kind: 'failed', ...of, facts: { code: 'target.unreachable', credentialSent: false } });
      await readAll(gateway);
      expect((await world.connection(of.connectionId)).state).toBe('granted');
      await world.call('connectionClaim', { params: { connectionId: of.connectionId }, body: { outcome: 'failed', code: 'target.unreachable' } }, user);
      expect((await world.connection(of.connectionId)).state).toBe('failed');
      expect(await finals(of.reference)).toEqual([['connection.failed', 'target.unreachable']]);
      expect(await world.errorsUnder(of.reference)).toEqual([{ code: 'target.unreachable', leg: 'L4', gatewayName: gateway.name }]);
    });

    test('S18: ... or when the time for another gateway is over', async () => {
      const { gateway, of } = await granted();
      gateway.record({ kind: 'failed', ...of, facts: { code: 'target.time-out', credentialSent: false } });
      await readAll(gateway);
      world.clock.advance(15_001);
      await world.connectionIn(of.connectionId, 'failed');
      expect(await finals(of.reference)).toEqual([['connection.failed', 'target.time-out']]);
    });

    test('a ticket that was never used: not used, once the grant is over and the journal tells of nothing', async () => {
      const { offer } = await granted();
      world.clock.advance(24_000);
      await world.until(async () => (world.logged.length > 0 ? true : undefined), 'a round');
      expect((await world.connection(offer.connectionId)).state).toBe('granted');
      world.clock.advance(9_000);
      await world.connectionIn(offer.connectionId, 'not-used');
      expect(await finals(offer.reference)).toEqual([['connection.not-used', 'connect.not-used']]);
      expect(await world.errorsUnder(offer.reference)).toEqual([]);
    });

    test('a ticket that was used, while the sign-on waits for the user, is never called not used', async () => {
      const { gateway, of } = await granted();
      gateway.record({ kind: 'ticket-used', ...of, facts: {} });
      await readAll(gateway);
      world.clock.advance(60_000);
      gateway.asked.length = 0;
      // What a reading finds is acted on before the next one begins: at the third, the second is done with.
      await world.until(async () => (gateway.asked.filter(({ method }) => method === 'journalRead').length >= 3 ? true : undefined), 'two whole readings');
      expect((await world.connection(of.connectionId)).state).toBe('granted');
    });

    test('rule 12: a client that cancels: not used at once, where the gateway confirms that it holds nothing', async () => {
      const { gateway, of } = await granted();
      await world.call('connectionClaim', { params: { connectionId: of.connectionId }, body: { outcome: 'cancelled', code: 'connect.cancelled' } }, user);
      expect((await world.connection(of.connectionId)).state).toBe('not-used');
      expect(await finals(of.reference)).toEqual([['connection.not-used', 'connect.cancelled']]);
      expect(gateway.asked.filter(({ method }) => method === 'terminate').map(({ params }) => Reflect.get(Object(params), 'target'))).toEqual([{ kind: 'connection', connectionId: of.connectionId }]);
    });

    test('B10: another user, whatever his role, or the same one with another key, cannot claim anything of a connection, and learns nothing of it', async () => {
      const { gateway, of } = await granted();
      const claim = (who: RequestContext) => world.call('connectionClaim', { params: { connectionId: of.connectionId }, body: { outcome: 'cancelled', code: 'connect.cancelled' } }, who);
      const before = await world.connection(of.connectionId);
      for (const who of [await world.user('user'), await world.user('admin'), { ...user, clientKeyThumbprint: 'K'.repeat(43) }]) await expect(claim(who)).rejects.toMatchObject({ code: 'request.not-found' });
      expect(await world.connection(of.connectionId)).toEqual(before);
      expect(before).toMatchObject({ state: 'granted', claimOutcome: null, terminateAskedAt: null });
      expect(gateway.asked.filter(({ method }) => method === 'terminate')).toEqual([]);
      // Its own client can.
      await claim(user);
      expect((await world.connection(of.connectionId)).state).toBe('not-used');
    });

    test('rule 12: further ends in the journal, and a claim after them, write no second final entry', async () => {
      const { gateway, of } = await granted();
      gateway.record({ kind: 'connected', ...of, facts: { recordingId: randomUUID() } });
      gateway.record({ kind: 'ended', ...of, facts: { code: 'session.ended' } });
      gateway.record({ kind: 'ended', ...of, facts: { code: 'session.idle' } });
      gateway.record({ kind: 'failed', ...of, facts: { code: 'target.lost', credentialSent: true } });
      await readAll(gateway);
      await world.call('connectionClaim', { params: { connectionId: of.connectionId }, body: { outcome: 'failed', code: 'target.lost' } }, user);
      expect(await finals(of.reference)).toEqual([['connection.ended', 'session.ended']]);
      expect(await world.connection(of.connectionId)).toMatchObject({ state: 'ended', code: 'session.ended' });
    });

    test("rule 12: where the ticket was used the gateway's evidence is waited for, and goes before the claim", async () => {
      const { gateway, of } = await granted();
      gateway.record({ kind: 'ticket-used', ...of, facts: {} });
      await world.call('connectionClaim', { params: { connectionId: of.connectionId }, body: { outcome: 'failed', code: 'target.time-out' } }, user);
      expect((await world.connection(of.connectionId)).state).toBe('granted');
      gateway.record({ kind: 'failed', ...of, facts: { code: 'target.sign-on-refused', credentialSent: true } });
      await world.connectionIn(of.connectionId, 'failed');
      const [final] = (await world.audit(of.reference)).filter(({ kind }) => kind === 'connection.failed');
      expect(final?.facts).toMatchObject({ code: 'target.sign-on-refused', claimedCode: 'target.time-out' });
      expect(final?.facts['byClaim']).toBeUndefined();
    });

    test("rule 12: a claim never changes what the journal says: the client's word stands beside it", async () => {
      const { gateway, of } = await granted();
      gateway.record({ kind: 'connected', ...of, facts: { recordingId: randomUUID() } });
      await world.connectionIn(of.connectionId, 'connected');
      await world.call('connectionClaim', { params: { connectionId: of.connectionId }, body: { outcome: 'failed', code: 'gateway.unreachable' } }, user);
      expect((await world.connection(of.connectionId)).state).toBe('connected');
      gateway.record({ kind: 'ended', ...of, facts: { code: 'session.gateway-lost', bytesToTarget: 0, bytesFromTarget: 0 } });
      await world.connectionIn(of.connectionId, 'ended');
      const [final] = (await world.audit(of.reference)).filter(({ kind }) => kind === 'connection.ended');
      expect(final?.facts).toMatchObject({ code: 'session.gateway-lost', claimedOutcome: 'failed', claimedCode: 'gateway.unreachable' });
    });

    test("a session whose process in the client has crashed is ended at its gateway, which need not wait for it", async () => {
      const { gateway, of } = await granted();
      gateway.record({ kind: 'connected', ...of, facts: { recordingId: randomUUID() } });
      await world.connectionIn(of.connectionId, 'connected');
      await world.call('connectionClaim', { params: { connectionId: of.connectionId }, body: { outcome: 'failed', code: 'session.crashed' } }, user);
      await world.until(async () => gateway.asked.find(({ method, params }) => method === 'terminate' && JSON.stringify(params).includes(of.connectionId) && JSON.stringify(params).includes('session.crashed')), 'the gateway asked to end it');
      expect((await world.connection(of.connectionId)).state).toBe('connected');
    });

    test('S13: the gateway died after the grant and the client says so: failed, as a claim, when its ticket is over', async () => {
      const { gateway, of } = await granted();
      await gateway.stop();
      await world.call('connectionClaim', { params: { connectionId: of.connectionId }, body: { outcome: 'failed', code: 'gateway.unreachable' } }, user);
      expect((await world.connection(of.connectionId)).state).toBe('granted');
      await gateway.listen();
      world.clock.advance(33_000);
      await world.connectionIn(of.connectionId, 'failed');
      const [final] = (await world.audit(of.reference)).filter(({ kind }) => kind === 'connection.failed');
      expect(final?.facts).toMatchObject({ code: 'gateway.unreachable', byClaim: true, claimedOutcome: 'failed' });
      expect((await world.errorsUnder(of.reference)).map(({ code, leg }) => [code, leg])).toEqual([['gateway.unreachable', 'L2']]);
    });
  });

  describe('the journal is taken once, and its gaps are told', () => {
    test('rule 17: events that come again change nothing', async () => {
      const { gateway, of } = await granted();
      gateway.record({ kind: 'connected', ...of, facts: { recordingId: randomUUID() } });
      gateway.record({ kind: 'ended', ...of, facts: { code: 'session.ended' } });
      await world.connectionIn(of.connectionId, 'ended');
      // Of this gateway and its connection: what happens to others goes on meanwhile.
      const entries = async () => (await world.store.database.select().from(auditEntries)).filter(({ reference, facts }) => reference === of.reference || facts.includes(gateway.id)).length;
      const before = await entries();
      const taken = async () => (await world.store.database.select().from(journalEvents).where(eq(journalEvents.gatewayId, gateway.id))).length;
      const replay = { kind: 'result' as const, result: { events: [...gateway.journal] } };
      const replays = [replay, replay];
      gateway.script.set('journalRead', replays);
      // Behind the two replays one more, which changes nothing by itself, has the journal read, and read to its end.
      gateway.record({ kind: 'granted', ...of, facts: {} });
      await world.syncNow(gateway.id, admin);
      await world.until(async () => (replays.length === 0 && (await taken()) === 3 ? true : undefined), 'both replays taken, and what came after them');
      expect(await finals(of.reference)).toHaveLength(1);
      // The administrator's own act is the one entry more.
      expect(await entries()).toBe(before + 1);
      expect(await taken()).toBe(3);
    });

    test('S69: missing numbers are an entry "trail incomplete", and what follows is still taken', async () => {
      const { gateway, of } = await granted();
      gateway.record({ kind: 'gateway-started', connectionId: null, reference: null, facts: {} });
      gateway.record({ kind: 'gateway-stopped', connectionId: null, reference: null, facts: {} });
      gateway.record({ kind: 'connected', ...of, facts: { recordingId: randomUUID() } });
      gateway.journal.splice(0, 2);
      await world.connectionIn(of.connectionId, 'connected');
      expect((await world.auditOfKind('audit.trail-incomplete')).at(-1)).toMatchObject({ gateway: gateway.name, from: 1, to: 2, because: 'missing' });
    });

    test('S69: an event that was changed breaks the chain there', async () => {
      const { gateway, of } = await granted();
      gateway.record({ kind: 'gateway-started', connectionId: null, reference: null, facts: { version: 'a' } });
      const [first] = gateway.journal;
      if (first !== undefined) gateway.journal[0] = { ...first, facts: { version: 'b' } };
      gateway.record({ kind: 'connected', ...of, facts: { recordingId: randomUUID() } });
      await world.connectionIn(of.connectionId, 'connected');
      expect((await world.auditOfKind('audit.trail-incomplete')).at(-1)).toMatchObject({ gateway: gateway.name, from: 1, to: 1, because: 'hash' });
    });

    test('S69: a journal that begins anew is told, and read anew', async () => {
      const { gateway, of } = await granted();
      for (let count = 0; count < 3; count += 1) gateway.record({ kind: 'gateway-started', connectionId: null, reference: null, facts: {} });
      await readAll(gateway);
      gateway.journal.length = 0;
      gateway.record({ kind: 'connected', ...of, facts: { recordingId: randomUUID() } });
      await world.syncNow(gateway.id, admin);
      await world.connectionIn(of.connectionId, 'connected');
      expect((await world.auditOfKind('audit.trail-incomplete')).at(-1)).toMatchObject({ gateway: gateway.name, from: 4, because: 'restarted' });
      // What was taken before is evidence, and stays beside what the new one says under the same numbers.
      const taken = await world.store.database.select().from(journalEvents).where(eq(journalEvents.gatewayId, gateway.id)).orderBy(journalEvents.journal, journalEvents.sequence);
      expect(taken.map(({ journal, sequence, kind }) => [journal, sequence, kind])).toEqual([[0, 1, 'gateway-started'], [0, 2, 'gateway-started'], [0, 3, 'gateway-started'], [1, 1, 'connected']]);
    });

    test('S69: a journal that was put back and went on to the same number in another way is told, and read anew', async () => {
      const { gateway, of } = await granted();
      for (let count = 0; count < 3; count += 1) gateway.record({ kind: 'gateway-started', connectionId: null, reference: null, facts: {} });
      await readAll(gateway);
      gateway.journal.pop();
      gateway.record({ kind: 'connected', ...of, facts: { recordingId: randomUUID() } });
      await world.syncNow(gateway.id, admin);
      await world.connectionIn(of.connectionId, 'connected');
      expect((await world.auditOfKind('audit.trail-incomplete')).at(-1)).toMatchObject({ gateway: gateway.name, from: 4, because: 'restarted' });
    });

    test('S69: what was taken after a gateway told its head makes no journal of it that began anew', async () => {
      const { gateway } = await granted();
      for (let count = 0; count < 3; count += 1) gateway.record({ kind: 'gateway-started', connectionId: null, reference: null, facts: {} });
      await readAll(gateway);
      const row = async () => (await world.store.database.select().from(gateways).where(eq(gateways.id, gateway.id)))[0];
      const [before, head] = [await row(), gateway.statusReport().journalHead];
      if (before === undefined) throw new Error('the gateway was expected');
      gateway.record({ kind: 'gateway-started', connectionId: null, reference: null, facts: {} });
      await world.syncNow(gateway.id, admin);
      await readAll(gateway);
      const { clock, store: { database } } = world;
      const intake = new JournalIntake({ database, audit: new AuditLog(clock), errors: new ErrorLog(clock), clock, log: createLog('silent'), application: { apply: async () => undefined, unstorable: async () => undefined } });
      expect(await intake.restarted(gateway.id, before.leaseEpoch, before, head)).toBe(false);
      expect((await row())?.journalCursor).toBe(4);
    });

    test('S69: an event that the database does not take holds up none behind it: it is kept without what cannot be stored, and noted', async () => {
      const { gateway, of } = await granted();
      gateway.record({ kind: 'gateway-started', connectionId: null, reference: null, facts: { signal: 'A\0B', half: 'x\ud800', 'na\0me': 1, whole: '😀' } });
      gateway.record({ kind: 'recording-closed', ...of, facts: { recordingId: randomUUID(), state: 'sealed', durationMs: 1e300 } });
      gateway.record({ kind: 'connected', ...of, facts: { recordingId: randomUUID() } });
      await world.connectionIn(of.connectionId, 'connected');
      const kept = await world.store.database.select().from(journalEvents).where(eq(journalEvents.gatewayId, gateway.id)).orderBy(journalEvents.sequence);
      expect(kept.map(({ kind, facts }) => [kind, facts])).toMatchObject([
        ['gateway-started', { signal: 'AB', half: 'x�', name: 1, whole: '😀' }],
        ['recording-closed', {}],
        ['connected', {}],
      ]);
      expect((await world.auditOfKind('gateway.unexpected-event')).filter((facts) => facts['gatewayId'] === gateway.id)).toMatchObject([{ event: 'gateway-started', sequence: 1 }, { event: 'recording-closed', sequence: 2 }]);
      // The chain is of what the gateway wrote, and whole.
      expect((await world.auditOfKind('audit.trail-incomplete')).filter((facts) => facts['gatewayId'] === gateway.id)).toEqual([]);
    });

    test('S69: an event of a time that no database has is kept with the time at which it came, and holds up none behind it', async () => {
      const { gateway, of } = await granted();
      gateway.record({ kind: 'gateway-started', connectionId: null, reference: null, facts: { a: 1 }, at: '0000-01-01T00:00:00Z' });
      gateway.record({ kind: 'recording-closed', ...of, facts: { recordingId: randomUUID(), state: 'sealed', durationMs: 1e300 }, at: '0000-12-31T23:59:59.999Z' });
      gateway.record({ kind: 'connected', ...of, facts: { recordingId: randomUUID() } });
      await world.connectionIn(of.connectionId, 'connected');
      const kept = await world.store.database.select().from(journalEvents).where(eq(journalEvents.gatewayId, gateway.id)).orderBy(journalEvents.sequence);
      expect(kept.map(({ kind, at, receivedAt }) => [kind, at.getTime() === receivedAt.getTime()])).toEqual([['gateway-started', true], ['recording-closed', true], ['connected', false]]);
      expect(kept[0]?.facts).toEqual({ a: 1 });
      expect((await world.auditOfKind('gateway.unexpected-event')).filter((facts) => facts['gatewayId'] === gateway.id)).toMatchObject([{ event: 'gateway-started', sequence: 1 }, { event: 'recording-closed', sequence: 2 }]);
      expect((await world.auditOfKind('audit.trail-incomplete')).filter((facts) => facts['gatewayId'] === gateway.id)).toEqual([]);
    });

    test('what a newer gateway tells is kept and noted as unknown, and what follows is taken', async () => {
      const { gateway, of } = await granted();
      gateway.record({ kind: 'moon-rose', connectionId: null, reference: null, facts: { phase: 'full' } });
      gateway.record({ kind: 'moon-set', ...of, facts: {} });
      gateway.record({ kind: 'connected', ...of, facts: { recordingId: randomUUID() } });
      await world.connectionIn(of.connectionId, 'connected');
      expect((await world.auditOfKind('gateway.unknown-event')).filter((facts) => facts['gatewayId'] === gateway.id)).toMatchObject([{ event: 'moon-rose', 'gateway.phase': 'full' }, { event: 'moon-set', claimedConnectionId: of.connectionId }]);
      const kept = await world.store.database.select().from(journalEvents).where(eq(journalEvents.gatewayId, gateway.id)).orderBy(journalEvents.sequence);
      expect(kept.map(({ kind, facts }) => [kind, facts])).toMatchObject([['moon-rose', { phase: 'full' }], ['moon-set', {}], ['connected', {}]]);
      expect((await world.auditOfKind('audit.trail-incomplete')).filter((facts) => facts['gatewayId'] === gateway.id)).toEqual([]);
    });

    test('S12: peers who were refused are in the audit log, those with a key of their own in the error log too; a flood of them hides nothing else', async () => {
      const { gateway, of } = await granted();
      const refused = (facts: JournalEvent['facts']): void => void gateway.record({ kind: 'peer-refused', connectionId: null, reference: null, facts: { code: 'hello.malformed', what: 'too-long', address: '192.0.2.9', port: 7993, count: 1, ...facts } });
      for (let count = 0; count < 150; count += 1) refused({ count: 1 + count });
      refused({ clientKeyThumbprint: 'k'.repeat(43), address: '192.0.2.10' });
      refused({ count: 'many' });
      gateway.record({ kind: 'ticket-refused', ...of, facts: {} });
      await readAll(gateway);
      // A page that floods is bounded; this one says no more than the bound.
      const flooded = (await world.auditOfKind('gateway.peer-refused')).filter((facts) => facts['gatewayId'] === gateway.id);
      expect(flooded).toHaveLength(100);
      expect(flooded[0]).toMatchObject({ code: 'hello.malformed', what: 'too-long', address: '192.0.2.9', port: 7993, count: 1, gateway: gateway.name, segment: expect.stringMatching(/^gateway-/) });
      expect((await world.audit(of.reference)).map(({ kind }) => kind)).toContain('connection.ticket-refused');
      expect((await world.auditOfKind('gateway.unexpected-event')).filter((facts) => facts['gatewayId'] === gateway.id)).toMatchObject([{ event: 'peer-refused' }]);
      refused({ clientKeyThumbprint: 'k'.repeat(43), address: '192.0.2.10', code: 'gateway.not-the-service', what: 'other-key', port: 443 });
      refused({ address: null, port: null, what: 'others', count: 7000 });
      await readAll(gateway);
      expect((await world.auditOfKind('gateway.peer-refused')).filter((facts) => facts['gatewayId'] === gateway.id).slice(100)).toMatchObject([{ code: 'gateway.not-the-service', clientKeyThumbprint: 'k'.repeat(43) }, { address: null, port: null, count: 7000 }]);
      const errors = await world.store.database.select().from(errorLog).where(eq(errorLog.gatewayName, gateway.name));
      expect(errors.filter(({ code }) => code.startsWith('hello.') || code === 'gateway.not-the-service').map(({ code, leg }) => [code, leg])).toEqual([['gateway.not-the-service', 'L3']]);
    });

    test('rule 9: a gateway that speaks of a connection of another one changes nothing, and is noted', async () => {
      const { of, offer } = await granted();
      const { gateway: other } = await granted();
      other.record({ kind: 'ended', ...of, facts: { code: 'session.ended' } });
      other.record({ kind: 'connected', ...of, facts: { recordingId: randomUUID() } });
      await readAll(other);
      expect((await world.connection(offer.connectionId)).state).toBe('granted');
      expect((await world.recordings()).filter(({ connectionId }) => connectionId === of.connectionId)).toEqual([]);
      expect((await world.auditOfKind('gateway.unexpected-event')).slice(-2).map((facts) => [facts['gateway'], facts['event']])).toEqual([[other.name, 'ended'], [other.name, 'connected']]);
    });

    test('rule 9: a gateway that was tried before the one in use takes the connection to itself no more: it is noted, its recording kept, and its session ended', async () => {
      const { gateway, of } = await granted();
      const { gateway: tried } = await granted();
      const none = { gatewayName: tried.name, leg: 'L2' as const, code: 'gateway.unreachable', milliseconds: 5 };
      await world.store.database.insert(connectionTries).values({ connectionId: of.connectionId, ordinal: 0, gatewayId: tried.id, ...none, reportedBy: 'client', at: world.clock.now() });
      const id = recordingId.parse(randomUUID());
      tried.record({ kind: 'connected', ...of, facts: { recordingId: id } });
      await readAll(tried);
      expect(await world.connection(of.connectionId)).toMatchObject({ state: 'granted', gatewayId: gateway.id });
      expect((await world.auditOfKind('connection.contradicted')).at(-1)).toMatchObject({ gateway: tried.name, event: 'connected' });
      expect((await world.recordings()).find((one) => one.id === id)).toMatchObject({ connectionId: of.connectionId, gatewayId: tried.id });
      await world.until(async () => tried.asked.find(({ method, params }) => method === 'terminate' && JSON.stringify(params).includes(of.connectionId)), 'the other session ended');
      gateway.record({ kind: 'connected', ...of, facts: { recordingId: recordingId.parse(randomUUID()) } });
      expect((await world.connectionIn(of.connectionId, 'connected')).gatewayId).toBe(gateway.id);
    });

    test('rule 17: another instance that took the lease stops this one from moving the cursor', async () => {
      await world.store.database.insert(serviceInstances).values({ holder: 'another', heardAt: new Date('2099-01-01T00:00:00Z') });
      // The only instance on an embedded database takes a lease back with its next sync: then it is looked at on another gateway.
      for (let attempt = 1; ; attempt += 1) {
        const { gateway, of } = await granted();
        await world.store.database.update(gateways).set({ leaseHolder: 'another', leaseEpoch: 99 }).where(eq(gateways.id, gateway.id));
        gateway.record({ kind: 'connected', ...of, facts: { recordingId: randomUUID() } });
        const seen = async (): Promise<string | undefined> => {
          const [row] = await world.store.database.select({ cursor: gateways.journalCursor, epoch: gateways.leaseEpoch }).from(gateways).where(eq(gateways.id, gateway.id));
          return row?.epoch !== 99 ? 'taken back' : row.cursor === 1 ? 'moved' : undefined;
        };
        const outcome = await world.until(seen, 'the cursor', 1_500).catch((error: unknown) => String(error));
        if (outcome === 'taken back' && attempt < 5) continue;
        expect(outcome).toContain('waited in vain');
        expect((await world.connection(of.connectionId)).state).toBe('granted');
        return;
      }
    });
  });

  describe('ending sessions', () => {
    test('rule 11: a user ends his own; the gateway is told and the journal has the end', async () => {
      const { gateway, of } = await granted();
      gateway.record({ kind: 'connected', ...of, facts: { recordingId: randomUUID() } });
      await world.connectionIn(of.connectionId, 'connected');
      expect(await world.call('connectionTerminate', { params: { connectionId: of.connectionId }, body: { reason: 'done' } }, user)).toEqual({ confirmed: true });
      gateway.record({ kind: 'ended', ...of, facts: { code: 'session.terminated' } });
      await world.connectionIn(of.connectionId, 'ended');
      expect((await world.audit(of.reference)).map(({ kind }) => kind)).toEqual(['connection.asked', 'connection.granted', 'connection.connected', 'connection.terminate-asked', 'connection.ended']);
    });

    const mayEndOthers: Readonly<Record<Role, boolean>> = { admin: true, operator: true, auditor: false, user: false, vendor: false };
    test.each(role.options)('B10, rule 11: an administrator or operator ends another user\'s session, the others do not learn that it exists: %s', async (one) => {
      const may = mayEndOthers[one];
      const { gateway, of } = await granted();
      gateway.record({ kind: 'connected', ...of, facts: { recordingId: randomUUID() } });
      await world.connectionIn(of.connectionId, 'connected');
      const who = await world.user(one);
      const outcome = await world.call('connectionTerminate', { params: { connectionId: of.connectionId }, body: { reason: 'seen' } }, who).catch((error: unknown) => Reflect.get(Object(error), 'code'));
      expect(outcome).toEqual(may ? { confirmed: true } : 'request.not-found');
      expect(gateway.asked.filter(({ method }) => method === 'terminate').map(({ params }) => params)).toEqual(may ? [expect.objectContaining({ target: { kind: 'connection', connectionId: of.connectionId }, code: 'session.terminated' })] : []);
      const asked = (await world.audit(of.reference)).filter(({ kind }) => kind === 'connection.terminate-asked');
      expect(asked.map(({ facts }) => facts['reason'])).toEqual(may ? ['seen'] : []);
      expect(await world.connection(of.connectionId)).toMatchObject({ terminateAskedBy: may ? who.user.name : null });
    });

    test('rule 11: where the link is down a revocation is pending, and goes first when the link is back', async () => {
      const revoked = await world.user('user');
      const { gateway } = await granted(revoked);
      await gateway.stop();
      await world.revokeUser(revoked.user.id);
      gateway.asked.length = 0;
      await gateway.listen();
      await world.until(async () => (gateway.asked.some(({ method }) => method === 'terminate') ? true : undefined), 'the termination sent');
      const methods = gateway.asked.map(({ method }) => method);
      expect(gateway.asked[methods.indexOf('terminate')]?.params).toMatchObject({ target: { kind: 'user', userId: revoked.user.id }, code: 'session.user-disabled' });
      // Only a status may have come first: it is how the service learns that the gateway is back. Recordings have a connection of their own (rule 16).
      expect(methods.slice(0, methods.indexOf('terminate')).filter((method) => method !== 'recordingList' && method !== 'status')).toEqual([]);
    });

    test('rule 11: a user who is let in again meanwhile loses what was open when he was put out, and nothing that he began since', async () => {
      const revoked = await world.user('user');
      const { gateway, of } = await granted(revoked);
      await gateway.stop();
      await world.revokeUser(revoked.user.id);
      await world.store.database.transaction((transaction) => narrowUserRevocation(transaction, revoked.user.id));
      gateway.asked.length = 0;
      await gateway.listen();
      await world.until(async () => (gateway.asked.some(({ method }) => method === 'terminate') ? true : undefined), 'the termination sent');
      // All that is pending for a gateway goes in one go, oldest first: a reading that comes after has all of it before it.
      await world.until(async () => (gateway.asked.some(({ method }) => method === 'journalRead') ? true : undefined), 'the journal read');
      expect(gateway.asked.filter(({ method }) => method === 'terminate').map(({ params }) => params)).toMatchObject([{ target: { kind: 'connection', connectionId: of.connectionId }, code: 'session.user-disabled' }]);
    });

    test('rule 11: however many connections are open, a rule that changes judges them all', async () => {
      const many = await world.user('user');
      const offers = [await granted(many), await granted(many), await granted(many)];
      const told: string[] = [];
      const { database } = world.store;
      const list = new Connections({
        database, audit: new AuditLog(world.clock), clock: world.clock, log: createLog('silent'), judgedAtOnce: 2,
        terminations: { ask: async (_transaction, _gateways, target) => void told.push(target.id), flush: async () => true },
        closings: { closeDropped: async () => 0 }, decide: async () => ({ allowed: false, code: 'access.denied' }), activeUser: async () => many.user, readJournalNow: async () => true,
      });
      await list.judgeAgain(many.user.id);
      expect(told.toSorted()).toEqual(offers.map(({ of }) => of.connectionId).toSorted());
    });

    test('rule 11: a rule that no longer allows ends live sessions', async () => {
      const { gateway, of } = await granted();
      gateway.record({ kind: 'connected', ...of, facts: { recordingId: randomUUID() } });
      await world.connectionIn(of.connectionId, 'connected');
      world.decide = () => ({ allowed: false, code: 'access.denied' });
      await world.side.accessChanged({ userId: user.user.id });
      world.decide = () => allowed();
      expect(gateway.asked.findLast(({ method }) => method === 'terminate')?.params).toMatchObject({ target: { kind: 'connection', connectionId: of.connectionId }, code: 'session.access-changed' });
    });

    test.each([
      ['a policy that gives less', () => (world.decide = () => allowed({ policy: sessionPolicy.parse({ clipboardOut: false }) }))],
      ['a rule that asks for Tunnel', () => (world.decide = () => allowed({ rule: { id: accessRuleId.parse(randomUUID()), name: 'through the default', tunnel: 'always' } }))],
      ['a user who is a vendor by now (S33)', (who: UserId) => world.store.database.update(users).set({ role: 'vendor', expiresAt: new Date('2099-01-01T00:00:00.000Z') }).where(eq(users.id, who))],
    ] as const)('rule 11, B11: %s ends the live session, whose gateway goes by its grant', async (_what, change) => {
      const who = await world.user('user');
      const { gateway, of } = await granted(who);
      gateway.record({ kind: 'connected', ...of, facts: { recordingId: randomUUID() } });
      await world.connectionIn(of.connectionId, 'connected');
      await change(who.user.id);
      await world.side.accessChanged({ userId: who.user.id });
      world.decide = () => allowed();
      expect(gateway.asked.findLast(({ method }) => method === 'terminate')?.params).toMatchObject({ target: { kind: 'connection', connectionId: of.connectionId }, code: 'session.access-changed' });
      expect((await world.audit(of.reference)).find(({ kind }) => kind === 'connection.terminate-asked')?.facts).toMatchObject({ reason: 'less is given than was granted' });
    });

    test('rule 11: a policy that gives less of what binds no session of its protocol, or its sign-on alone, leaves the live session', async () => {
      world.decide = () => allowed({ policy: sessionPolicy.parse({ promptsReachUser: true }) });
      const { gateway, of } = await granted();
      gateway.record({ kind: 'connected', ...of, facts: { recordingId: randomUUID() } });
      await world.connectionIn(of.connectionId, 'connected');
      world.decide = () => allowed({ policy: sessionPolicy.parse({ promptsReachUser: false, viewOnly: true, filesDelete: false }) });
      await world.side.accessChanged({ userId: user.user.id });
      world.decide = () => allowed();
      expect(gateway.asked.filter(({ method }) => method === 'terminate')).toEqual([]);
      expect(await world.connection(of.connectionId)).toMatchObject({ state: 'connected', terminateAskedAt: null });
    });

    test('rule 11: a connection for which a gateway is still being found is not ended for what it was asked under, but goes by what is given once its grant is written', async () => {
      const segment = `gateway-${randomUUID().slice(0, 8)}`;
      const [one, other] = [await world.gateway(segment, admin), await world.gateway(segment, admin)];
      const resource = await world.resource([segment]);
      for (const gateway of [one, other]) gateway.script.set('grant', [{ kind: 'silent' }]);
      const first = Promise.race([one, other].map(async (gateway) => (await gateway.nextAsked('grant'), gateway)));
      // Of somebody with no other session: all is judged before the silent gateway is given up.
      const who = await world.user('user');
      const offer = world.ask(resource, who);
      ((await first) === one ? other : one).script.delete('grant');
      world.decide = () => allowed({ policy: sessionPolicy.parse({ clipboardOut: false }) });
      await world.side.accessChanged({ userId: who.user.id });
      world.decide = () => allowed();
      expect(await world.connection((await offer).connectionId)).toMatchObject({ state: 'granted', terminateAskedAt: null });
    });

    test('rule 11: a policy that gives as much or more leaves the live session, and a shorter duration counts from when it was asked', async () => {
      const { gateway, of } = await granted();
      gateway.record({ kind: 'connected', ...of, facts: { recordingId: randomUUID() } });
      const { askedAt } = await world.connectionIn(of.connectionId, 'connected');
      world.decide = () => allowed({ policy: sessionPolicy.parse({ exec: true, maxDurationSeconds: 600 }) });
      await world.side.accessChanged({ userId: user.user.id });
      world.decide = () => allowed();
      expect(gateway.asked.filter(({ method }) => method === 'terminate')).toEqual([]);
      expect(await world.connection(of.connectionId)).toMatchObject({ state: 'connected', terminateAskedAt: null, notAfter: new Date(askedAt.getTime() + 600_000) });
    });

    test.each([
      ['sign-in.disabled', 'is signed out', (watcher: RequestContext) => (world.signInEnded = (token) => (token === watcher.tokenSha256 ? 'sign-in.disabled' : undefined))],
      ['access.denied', 'is no auditor any more', (watcher: RequestContext) => world.store.database.update(users).set({ role: 'user' }).where(eq(users.id, watcher.user.id))],
    ] as const)('rule 11, B10: %s: a watcher who %s by the time that the gateway has taken the grant gets no ticket', async (code, _what, loses) => {
      const watcher = await world.user('auditor');
      const { gateway, of } = await granted();
      gateway.record({ kind: 'connected', ...of, facts: { recordingId: randomUUID() } });
      await world.connectionIn(of.connectionId, 'connected');
      const watch = (): Promise<unknown> => world.call('connectionWatch', { params: { connectionId: of.connectionId } }, watcher);
      await watch();
      await loses(watcher);
      try {
        await expect(watch()).rejects.toMatchObject({ code });
      } finally {
        world.signInEnded = () => undefined;
      }
    });

    test('rule 2: an end of access that moves nearer ends the live session then, though its gateway goes by the later one', async () => {
      const { gateway, of } = await granted();
      gateway.record({ kind: 'connected', ...of, facts: { recordingId: randomUUID() } });
      await world.connectionIn(of.connectionId, 'connected');
      const endsAt = new Date(world.clock.now().getTime() + 30 * 60_000);
      world.decide = () => allowed({ notAfter: endsAt });
      await world.side.accessChanged({ userId: user.user.id });
      world.decide = () => allowed();
      expect((await world.connection(of.connectionId)).notAfter).toEqual(endsAt);
      expect(gateway.asked.filter(({ method }) => method === 'terminate')).toEqual([]);
      world.clock.advance(31 * 60_000);
      const told = await world.until(async () => gateway.asked.find(({ method }) => method === 'terminate'), 'the end of access');
      expect(told.params).toMatchObject({ target: { kind: 'connection', connectionId: of.connectionId }, code: 'session.not-after' });
    });

    test('rule 11: a change of the inventory judges live sessions again, because rules go by tags', async () => {
      const { gateway, of } = await granted();
      gateway.record({ kind: 'connected', ...of, facts: { recordingId: randomUUID() } });
      await world.connectionIn(of.connectionId, 'connected');
      world.decide = () => ({ allowed: false, code: 'access.denied' });
      world.side.inventoryChanged();
      const told = await world.until(async () => gateway.asked.find(({ method }) => method === 'terminate'), 'the termination');
      world.decide = () => allowed();
      expect(told.params).toMatchObject({ target: { kind: 'connection', connectionId: of.connectionId }, code: 'session.access-changed' });
    });

    test.each(['terminated', 'access changed'] as const)('rule 11: a connection that is %s while a gateway is still being found gets none', async (how) => {
      const segment = `gateway-${randomUUID().slice(0, 8)}`;
      const [one, other] = [await world.gateway(segment, admin), await world.gateway(segment, admin)];
      const resource = await world.resource([segment]);
      for (const gateway of [one, other]) gateway.script.set('grant', [{ kind: 'silent' }]);
      const first = Promise.race([one, other].map(async (gateway) => (await gateway.nextAsked('grant'), gateway)));
      // Of somebody with no other session: all is judged before the silent gateway is given up.
      const who = await world.user('user');
      const outcome = world.ask(resource, who).then(() => 'granted', (error: unknown) => String(Reflect.get(Object(error), 'code')));
      const next = (await first) === one ? other : one;
      next.script.delete('grant');
      const row = (await world.store.database.select().from(connections).where(eq(connections.resourceId, resource)))[0];
      if (row === undefined) throw new Error('the connection asked was expected');
      expect(row.state).toBe('asked');
      if (how === 'terminated') await world.call('connectionTerminate', { params: { connectionId: row.id }, body: {} }, who);
      else {
        world.decide = () => ({ allowed: false, code: 'access.denied' });
        await world.side.accessChanged({ userId: who.user.id });
        world.decide = () => allowed();
      }
      expect(await outcome).toBe(how === 'terminated' ? 'session.terminated' : 'session.access-changed');
      expect(next.asked.findLast(({ method }) => method === 'terminate')?.params).toMatchObject({ target: { kind: 'connection', connectionId: row.id } });
      expect((await world.audit(row.reference)).map(({ kind }) => kind)).toEqual(['connection.asked', 'connection.terminate-asked', 'gateway.ejected', 'connection.failed']);
    });

    test('B11: users see their own connections alone, newest first, page by page; auditors see all', async () => {
      const loner = await world.user('user');
      const segment = `gateway-${randomUUID().slice(0, 8)}`;
      await world.gateway(segment, admin);
      const resource = await world.resource([segment]);
      const asked = [await world.ask(resource, loner), await world.ask(resource, loner), await world.ask(resource, loner)];
      const page = async (cursor?: string) => Object(await world.call('connectionList', { query: { limit: 2, ...(cursor === undefined ? {} : { cursor }) } }, loner));
      const first = await page();
      const second = await page(first.nextCursor);
      expect([...first.items, ...second.items].map(({ id }: { id: string }) => id)).toEqual(asked.map(({ connectionId }) => connectionId).toReversed());
      expect(second.nextCursor).toBeUndefined();
      const all = Object(await world.call('connectionList', { query: { limit: 1000 } }, await world.user('auditor')));
      expect(all.items.length).toBe((await world.store.database.select().from(connections)).length);
    });
  });
});
