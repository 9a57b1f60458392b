import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { frameType } from '../../../shared/proxy-stream/frames.ts';
import { systemClock } from '../../../src-gateway/clock/clock.ts';
import { REFUSAL_ANSWER_MS } from '../../../src-gateway/tickets/ticket.ts';
import { makeKeyPair, type TestKeyPair } from '../../fixtures/key-pair.ts';
import { ShiftableClock } from '../../fixtures/manual-clock.ts';
import { TestGateway } from '../../fixtures/running-gateway.ts';

describe('tickets', () => {
  const clock = new ShiftableClock(systemClock());
  let gateway: TestGateway;
  let otherKey: TestKeyPair;
  beforeAll(async () => {
    [gateway, otherKey] = await Promise.all([TestGateway.start({ clock }), makeKeyPair('CN=thief')]);
  });
  afterAll(() => gateway.stop());
  afterEach(() => gateway.echo.runs.splice(0));

  const tryTicket = async (ticket: string, key = gateway.clientKey, changes: Record<string, unknown> = {}): Promise<{ code: string; text: string; milliseconds: number }> => {
    const client = await gateway.client(key);
    const begun = performance.now();
    client.hello(ticket, changes);
    const code = await client.outcome();
    return { code, text: JSON.stringify(client.seen), milliseconds: performance.now() - begun };
  };
  const reasons = async (): Promise<unknown[]> => (await gateway.journal()).filter(({ kind }) => kind === 'ticket-refused').map(({ facts }) => facts['reason']);

  test('B1: of 100 uses of one ticket at once exactly one succeeds, and the target is dialled once', async () => {
    const { ticket, grant } = await gateway.grant();
    const dialled = gateway.target.connections;
    // Five addresses of loopback: the bound on connections of one address is another test's matter.
    const clients = await Promise.all(Array.from({ length: 100 }, (_none, at) => gateway.client(gateway.clientKey, { localAddress: `127.0.0.${2 + (at % 5)}` })));
    for (const client of clients) client.hello(ticket);
    const codes = await Promise.all(clients.map((client) => client.outcome()));
    expect(codes.filter((code) => code === 'accepted')).toHaveLength(1);
    expect(codes.filter((code) => code === 'ticket.refused')).toHaveLength(99);
    expect(gateway.target.connections - dialled).toBe(1);
    const events = await gateway.journalUntil((all) => all.filter(({ kind, connectionId }) => kind === 'ticket-refused' && connectionId === grant.connectionId).length === 99);
    expect(events.filter(({ kind, connectionId }) => kind === 'ticket-used' && connectionId === grant.connectionId)).toHaveLength(1);
    for (const client of clients) client.destroy();
  });

  test('B1: a ticket that was used is refused from then on, and may not be pushed again', async () => {
    const { client, ticket, grant } = await gateway.session();
    expect((await tryTicket(ticket)).code).toBe('ticket.refused');
    expect(await gateway.link.request('grant', { grant })).toMatchObject({ code: 'request.conflict', args: { what: 'ticket' } });
    client.send(frameType.close, { code: 'session.closed-by-user' });
    await gateway.finalEntry(grant);
  });

  test('B2: truncated, oversized, unknown, foreign and late tickets get one and the same answer after the same time; the journal knows why', async () => {
    const before = (await reasons()).length;
    const foreign = await gateway.grant();
    const late = await gateway.grant();
    const otherProtocol = await gateway.grant();
    const answers = [await tryTicket(randomBytes(32).toString('base64url')), await tryTicket(foreign.ticket, otherKey), await tryTicket(otherProtocol.ticket, gateway.clientKey, { protocol: 'vnc' })];
    clock.advance(30_000);
    answers.push(await tryTicket(late.ticket));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(answers.map(({ code }) => code)).toEqual(['ticket.refused', 'ticket.refused', 'ticket.refused', 'ticket.refused']);
    for (const { milliseconds } of answers) expect(milliseconds).toBeGreaterThanOrEqual(REFUSAL_ANSWER_MS - 5);
    await gateway.journalUntil((all) => all.filter(({ kind }) => kind === 'ticket-refused').length >= before + 4);
    expect((await reasons()).slice(before)).toEqual(['unknown', 'foreign-key', 'other-protocol', 'late']);
    // A hello whose ticket cannot be one is malformed, and never looked up.
    expect((await tryTicket(late.ticket.slice(0, 42))).code).toBe('hello.malformed');
    expect((await tryTicket(`${late.ticket}A`)).code).toBe('hello.malformed');
    expect((await tryTicket('A'.repeat(10_000))).code).toBe('hello.malformed');
  });

  test('B2: a ticket shown by a thief with another key still serves the client that it was made for', async () => {
    const { ticket } = await gateway.grant();
    expect((await tryTicket(ticket, otherKey)).code).toBe('ticket.refused');
    expect((await tryTicket(ticket)).code).toBe('accepted');
  });

  test('B1, B2: a ticket of one gateway is refused by another', async () => {
    const other = await TestGateway.start();
    try {
      const { ticket } = await gateway.grant();
      const client = await other.client(gateway.clientKey);
      client.hello(ticket);
      expect(await client.outcome()).toBe('ticket.refused');
      expect((await tryTicket(ticket)).code).toBe('accepted');
    } finally {
      await other.stop();
    }
  });

  test('a ticket works to the end of its 30 seconds, whatever is done to the date (rule 2)', async () => {
    const { ticket } = await gateway.grant();
    // The rest is for a busy machine, which takes its time for the client's connection.
    clock.advance(25_000);
    expect((await tryTicket(ticket)).code).toBe('accepted');
  });

  test('the grant of a vendor whose time is over is refused when it is pushed', async () => {
    const { grant } = gateway.makeGrant({ notAfter: new Date(clock.wallMs() - 1000).toISOString() });
    expect(await gateway.link.request('grant', { grant })).toMatchObject({ code: 'session.not-after' });
  });

  test('B1: a restart forgets the grants, and a ticket used before it is not used again', async () => {
    const unused = await gateway.grant();
    const used = await gateway.session();
    await gateway.running.stop();
    await gateway.startAgain();
    expect((await tryTicket(unused.ticket)).code).toBe('ticket.refused');
    expect((await tryTicket(used.ticket)).code).toBe('ticket.refused');
    expect(await gateway.link.request('grant', { grant: used.grant })).toMatchObject({ code: 'request.conflict' });
    expect((await gateway.finalEntry(used.grant)).facts['code']).toBe('gateway.restarted');
  });
});

describe('a journal that cannot be written', () => {
  test('B1, B13: a ticket that cannot be burnt on disk is not used: nothing is dialled, new grants are refused, the process lives and recovers', async () => {
    const { failingDisk } = await import('../../fixtures/failing-journal-disk.ts');
    const disk = failingDisk();
    const gateway = await TestGateway.start({ options: { journalDisk: disk } });
    try {
      const { ticket } = await gateway.grant();
      const dialled = gateway.target.connections;
      await gateway.journalUntil((all) => all.some(({ kind }) => kind === 'granted'));
      disk.fail('ENOSPC');
      const client = await gateway.client();
      client.hello(ticket);
      expect(await client.frame(frameType.failed)).toMatchObject({ code: 'gateway.cannot-record', credentialSent: false });
      expect(gateway.target.connections).toBe(dialled);
      expect(await gateway.link.request('grant', { grant: gateway.makeGrant().grant })).toMatchObject({ code: 'gateway.cannot-record' });
      expect(await gateway.link.ask('status', { epoch: 0 })).toMatchObject({ canRecord: false, shortages: ['gateway.cannot-record'] });
      disk.repair();
      const events = await gateway.journalUntil((all) => all.some(({ kind }) => kind === 'failed'));
      expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_event, at) => at + 1));
      expect((await gateway.session()).grant.protocol).toBe('ssh');
    } finally {
      await gateway.stop();
    }
  });
});
