import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JournalEvent } from '../../../shared/link/messages.ts';
import { encodeFrame, frameType } from '../../../shared/proxy-stream/frames.ts';
import { systemClock } from '../../../src-gateway/clock/clock.ts';
import { innerClient, makeForwardGrant, rawAfterForwarding, tunnelSession } from '../../fixtures/forwarded-client.ts';
import { makeKeyPair, type TestKeyPair } from '../../fixtures/key-pair.ts';
import { ShiftableClock } from '../../fixtures/manual-clock.ts';
import { TestGateway } from '../../fixtures/running-gateway.ts';

/** A next hop whose every byte the test sends and takes itself. */
class RawHop {
  readonly server: Server;
  readonly sockets: Socket[] = [];

  constructor() {
    this.server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => undefined);
      this.sockets.push(socket);
    });
  }

  async start(): Promise<number> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return (this.server.address() as AddressInfo).port;
  }

  /** The next connection that comes, or the one that waits. */
  async accepted(): Promise<Socket> {
    const waiting = this.sockets.shift();
    if (waiting !== undefined) return waiting;
    await once(this.server, 'connection');
    return this.accepted();
  }

  stop(): void {
    this.server.close();
  }
}

/** What the kernel's buffers of two connections of loopback may hold at most, and the relay's own bound, which is small beside it. */
const MOST_ON_THE_WAY_BYTES = 48 * 1024 * 1024;

const forwardEnd = (events: readonly JournalEvent[], connectionId: string): JournalEvent | undefined => events.find((event) => event.kind === 'forward-ended' && event.connectionId === connectionId);

describe('Tunnel: a first hop forwards to the next gateway and is a wire (rule 8)', () => {
  const clock = new ShiftableClock(systemClock());
  let first: TestGateway;
  let last: TestGateway;
  let otherKey: TestKeyPair;
  const hop = new RawHop();
  let hopPort: number;
  beforeAll(async () => {
    [first, last, otherKey, hopPort] = await Promise.all([TestGateway.start({ clock }), TestGateway.start(), makeKeyPair('CN=thief'), hop.start()]);
  });
  afterAll(async () => {
    hop.stop();
    await Promise.all([first.stop(), last.stop()]);
  });

  /** A client whose forward to the raw hop stands: both ends of the wire. */
  const wire = async (changes: Parameters<typeof makeForwardGrant>[2] = {}) => {
    const made = makeForwardGrant(first, last, { next: { ports: [[hopPort]] }, ...changes });
    await first.link.ask('grant', { grant: made.grant });
    const client = await first.client();
    client.hello(made.ticket);
    const [near, far] = await Promise.all([rawAfterForwarding(client), hop.accepted()]);
    return { ...made, client, near, far };
  };
  const tryForward = async (grant: unknown, ticket: string): Promise<string> => {
    await first.link.ask('grant', { grant });
    const client = await first.client();
    client.hello(ticket);
    return client.outcome();
  };
  const endOf = async (connectionId: string): Promise<JournalEvent> => {
    const events = await first.journalUntil((all) => forwardEnd(all, connectionId) !== undefined);
    const ends = events.filter((event) => event.kind === 'forward-ended' && event.connectionId === connectionId);
    expect(ends).toHaveLength(1);
    return ends[0] as JournalEvent;
  };

  test('S22: a session runs through two gateways; the first writes ticket, forward and end with bytes, and no session of its own', async () => {
    const { inner, outer, grant } = await tunnelSession(first, last);
    const sent = randomBytes(300_000);
    inner.stream?.send(sent);
    expect((await inner.bytes(5 + sent.length)).subarray(5).equals(sent)).toBe(true);
    expect(await first.link.ask('status', { epoch: 0 })).toMatchObject({ sessions: 1, forwards: 1 });
    expect(await last.link.ask('status', { epoch: 0 })).toMatchObject({ sessions: 1, forwards: 0 });
    inner.send(frameType.close, { code: 'session.closed-by-user' });
    await last.journalUntil((events) => events.some(({ kind, connectionId }) => kind === 'ended' && connectionId === grant.connectionId));
    outer.socket.destroy();
    const end = await endOf(grant.connectionId);
    expect(end.facts).toMatchObject({ code: 'session.ended', forwarded: true, nextGatewayName: last.configuration.name, userId: grant.userId, ticketSha256: grant.ticketSha256 });
    expect(Number(end.facts['bytesIn'])).toBeGreaterThan(sent.length);
    expect(Number(end.facts['bytesOut'])).toBeGreaterThan(sent.length);
    const kinds = (await first.journal()).filter(({ connectionId }) => connectionId === grant.connectionId).map(({ kind }) => kind);
    expect(kinds).toEqual(['granted', 'ticket-used', 'forwarded', 'forward-ended']);
    expect(first.echo.signOns).toHaveLength(0);
    expect(await first.link.ask('status', { epoch: 0 })).toMatchObject({ sessions: 0, forwards: 0 });
  });

  test('S22, rule 2: the first hop knows of a forward nothing but the next hop, the key, the ticket\'s hash, the user\'s id and the deadline', async () => {
    const { grant } = makeForwardGrant(first, last);
    expect(Object.keys(grant).toSorted()).toEqual(['clientKeyThumbprint', 'connectionId', 'kind', 'next', 'notAfter', 'over443', 'reference', 'ticketSeconds', 'ticketSha256', 'userId']);
    expect(Object.keys(grant.next).toSorted()).toEqual(['gatewayId', 'gatewayName', 'host', 'ports']);
  });

  test('B1: a forward\'s ticket works once, is burnt on disk before the next gateway is dialled, and not from another key', async () => {
    const { ticket, grant } = await wire();
    const again = await first.client();
    again.hello(ticket);
    expect(await again.outcome()).toBe('ticket.refused');
    expect(await first.link.request('grant', { grant })).toMatchObject({ code: 'request.conflict' });
    const other = makeForwardGrant(first, last);
    await first.link.ask('grant', { grant: other.grant });
    const thief = await first.client(otherKey);
    thief.hello(other.ticket);
    expect(await thief.outcome()).toBe('ticket.refused');
    // The ticket was on the disk before; that it forwards gets there a moment later.
    const events = (await first.journalUntil((all) => all.some(({ kind, connectionId }) => kind === 'forwarded' && connectionId === grant.connectionId))).filter(({ connectionId }) => connectionId === grant.connectionId);
    expect(events.findIndex(({ kind }) => kind === 'ticket-used')).toBeLessThan(events.findIndex(({ kind }) => kind === 'forwarded'));
  });

  test('B1: where the ticket cannot be burnt on disk, nothing is dialled', async () => {
    const { failingDisk } = await import('../../fixtures/failing-journal-disk.ts');
    const disk = failingDisk();
    const broken = await TestGateway.start({ options: { journalDisk: disk } });
    const untouched = new RawHop();
    try {
      const port = await untouched.start();
      const { grant, ticket } = makeForwardGrant(broken, last, { next: { ports: [[port]] } });
      await broken.link.ask('grant', { grant });
      await broken.journalUntil((all) => all.some(({ kind }) => kind === 'granted'));
      disk.fail('ENOSPC');
      const client = await broken.client();
      client.hello(ticket);
      expect(await client.outcome()).toBe('gateway.cannot-record');
      expect(untouched.sockets).toHaveLength(0);
      disk.repair();
    } finally {
      untouched.stop();
      await broken.stop();
    }
  });

  test('S24: bytes pass unchanged and in order both ways, whatever their number', async () => {
    const { near, far } = await wire();
    const [up, down] = [randomBytes(9_000_001), randomBytes(7_000_003)];
    const received = async (socket: Socket): Promise<string> => {
      const hash = createHash('sha256');
      for await (const piece of socket) hash.update(piece as Buffer);
      return hash.digest('hex');
    };
    const [atFar, atNear] = [received(far), received(near)];
    near.end(up);
    far.end(down);
    expect(await atFar).toBe(createHash('sha256').update(up).digest('hex'));
    expect(await atNear).toBe(createHash('sha256').update(down).digest('hex'));
  });

  test('what one side ends the other is told, and may go on sending (half-close), both ways', async () => {
    const fromClient = await wire();
    fromClient.near.allowHalfOpen = true;
    fromClient.near.end('last word');
    expect(String((await once(fromClient.far, 'data'))[0])).toBe('last word');
    await once(fromClient.far, 'end');
    fromClient.far.write('still here');
    expect(String((await once(fromClient.near, 'data'))[0])).toBe('still here');
    fromClient.far.end();
    await once(fromClient.near, 'close');
    expect((await endOf(fromClient.grant.connectionId)).facts).toMatchObject({ code: 'session.ended', bytesIn: 9, bytesOut: 10 });

    const fromHop = await wire();
    fromHop.near.allowHalfOpen = true;
    fromHop.near.resume();
    fromHop.far.end('bye');
    await once(fromHop.near, 'end');
    fromHop.near.write('not yet');
    expect(String((await once(fromHop.far, 'data'))[0])).toBe('not yet');
    fromHop.near.end();
    await endOf(fromHop.grant.connectionId);
  });

  test('S25: a side that does not read stops the other: what waits in the gateway is bounded, and nothing is lost', async () => {
    const { near, far } = await wire();
    far.pause();
    const piece = randomBytes(64 * 1024);
    const hash = createHash('sha256');
    let sent = 0;
    // Until the client's own socket takes nothing for a while: everything on the way is full. A gateway that went on reading would never let it fill.
    for (let full = 0; full < 20 && sent < MOST_ON_THE_WAY_BYTES; ) {
      if (near.writableLength < 4 * piece.length) {
        full = 0;
        near.write(piece);
        hash.update(piece);
        sent += piece.length;
      } else {
        full += 1;
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
    }
    expect(sent).toBeLessThan(MOST_ON_THE_WAY_BYTES);
    const seen = createHash('sha256');
    let got = 0;
    far.on('data', (bytes: Buffer) => {
      seen.update(bytes);
      got += bytes.length;
    });
    far.resume();
    near.end();
    await once(far, 'end');
    expect(got).toBe(sent);
    expect(seen.digest('hex')).toBe(hash.digest('hex'));
    far.destroy();
  });

  test('the ports of the grant are tried in its order; where none answers the code names the next gateway, and another may be tried', async () => {
    const [closed] = await (await import('../../fixtures/free-ports.ts')).freePorts(1);
    const { far } = await wire({ next: { ports: [[closed ?? 0], [hopPort]] } });
    far.destroy();
    const { grant, ticket } = makeForwardGrant(first, last, { next: { ports: [[closed ?? 0]] } });
    await first.link.ask('grant', { grant });
    const client = await first.client();
    client.hello(ticket);
    expect(await client.frame(frameType.failed)).toEqual({ code: 'tunnel.next-unreachable', args: { gateway: last.configuration.name }, credentialSent: false });
    expect((await endOf(grant.connectionId)).facts).toMatchObject({ code: 'tunnel.next-unreachable', forwarded: false, because: 'target.refused' });
  });

  test('B3: a next hop that is a metadata service, a link-local address or this gateway\'s own listener is not dialled', async () => {
    for (const [host, ports] of [['169.254.169.254', [80]], ['169.254.1.1', [7993]], ['::ffff:169.254.169.254', [80]], ['127.0.0.1', [first.running.proxyPorts[0] ?? 0]], ['127.0.0.1', [first.running.linkPort]]] as const) {
      const { grant, ticket } = makeForwardGrant(first, last, { next: { host, ports: [[...ports]] } });
      expect(await tryForward(grant, ticket)).toBe('tunnel.next-unreachable');
      expect((await endOf(grant.connectionId)).facts).toMatchObject({ because: 'target.address-forbidden' });
    }
  });

  test('rule 11: ending the connection or disabling the user ends the forward, and its grants are dropped', async () => {
    const byConnection = await wire();
    expect(await first.link.ask('terminate', { target: { kind: 'connection', connectionId: byConnection.grant.connectionId }, code: 'session.terminated' })).toEqual({ ended: 1, grantsDropped: 0 });
    // The last gateway may still say why; then the wire is cut.
    byConnection.far.write('goodbye');
    expect(String((await once(byConnection.near, 'data'))[0])).toBe('goodbye');
    clock.advance(3000);
    await once(byConnection.near, 'close');
    expect((await endOf(byConnection.grant.connectionId)).facts).toMatchObject({ code: 'session.terminated' });

    const byUser = await wire();
    const waiting = makeForwardGrant(first, last, { userId: byUser.grant.userId });
    await first.link.ask('grant', { grant: waiting.grant });
    expect(await first.link.ask('terminate', { target: { kind: 'user', userId: byUser.grant.userId }, code: 'session.user-disabled' })).toEqual({ ended: 1, grantsDropped: 1 });
    expect(await first.link.request('grant', { grant: makeForwardGrant(first, last, { userId: byUser.grant.userId }).grant })).toMatchObject({ code: 'session.user-disabled' });
    clock.advance(3000);
    expect((await endOf(byUser.grant.connectionId)).facts).toMatchObject({ code: 'session.user-disabled' });
  });

  test('rule 2: a forward ends at its notAfter, whatever passes through it', async () => {
    const { grant, near, far } = await wire({ notAfter: new Date(clock.wallMs() + 60_000).toISOString() });
    const busy = setInterval(() => far.write('x'), 50);
    near.resume();
    clock.advance(60_000);
    clock.advance(3000);
    const end = await endOf(grant.connectionId);
    clearInterval(busy);
    expect(end.facts).toMatchObject({ code: 'session.not-after' });
  });

  test('a wire on which nothing passes for five minutes is given up; one that is used is not', async () => {
    const used = await wire();
    const silent = await wire();
    used.near.resume();
    for (let minutes = 0; minutes < 6; minutes += 1) {
      used.far.write('alive');
      await once(used.near, 'data');
      await first.link.ask('status', { epoch: 0 });
      clock.advance(60_000);
    }
    clock.advance(3000);
    expect((await endOf(silent.grant.connectionId)).facts).toMatchObject({ code: 'session.idle' });
    expect(forwardEnd(await first.journal(), used.grant.connectionId)).toBeUndefined();
    used.far.destroy();
    used.near.destroy();
    await endOf(used.grant.connectionId);
  });

  test('forwards count against the gateway\'s sessions: above the bound the grant is refused', async () => {
    const small = await TestGateway.start({ settings: { maxSessions: 1 } });
    try {
      const { outer } = await tunnelSession(small, last);
      expect(await small.link.request('grant', { grant: makeForwardGrant(small, last).grant })).toMatchObject({ code: 'gateway.full' });
      expect(await small.link.ask('status', { epoch: 0 })).toMatchObject({ sessions: 1, forwards: 1, shortages: ['gateway.full'] });
      outer.socket.destroy();
    } finally {
      await small.stop();
    }
  });

  test('a first hop that cannot record still forwards: the last hop records', async () => {
    first.recordings.ability = { ok: false, freeBytes: 0, code: 'gateway.spool-low' };
    try {
      const { outer, inner } = await tunnelSession(first, last);
      expect(Buffer.concat(inner.received).toString()).toBe('first');
      expect(await first.link.request('grant', { grant: first.makeGrant().grant })).toMatchObject({ code: 'gateway.spool-low' });
      outer.socket.destroy();
    } finally {
      first.recordings.ability = { ok: true, freeBytes: 10 ** 9 };
    }
  });

  test('B1: a restart ends forwards, forgets their grants, and writes the end that a crash left open', async () => {
    const gateway = await TestGateway.start();
    try {
      const running = await tunnelSession(gateway, last);
      const unused = makeForwardGrant(gateway, last);
      await gateway.link.ask('grant', { grant: unused.grant });
      await gateway.running.stop();
      await running.inner.closed;
      await gateway.startAgain();
      const client = await gateway.client();
      client.hello(unused.ticket);
      expect(await client.outcome()).toBe('ticket.refused');
      const ends = (await gateway.journal()).filter(({ kind, connectionId }) => kind === 'forward-ended' && connectionId === running.grant.connectionId);
      expect(ends.map(({ facts }) => facts['code'])).toEqual(['gateway.restarted']);
    } finally {
      await gateway.stop();
    }
  });
});

describe('S25, rule 9: what a hostile client asks of a first hop gives it nothing of another session', () => {
  let first: TestGateway;
  let last: TestGateway;
  let neighbourKey: TestKeyPair;
  let victim: Awaited<ReturnType<typeof tunnelSession>>;
  beforeAll(async () => {
    [first, last, neighbourKey] = await Promise.all([TestGateway.start(), TestGateway.start(), makeKeyPair('CN=neighbour')]);
    victim = await tunnelSession(first, last);
  });
  afterAll(() => Promise.all([first.stop(), last.stop()]));

  const assertVictimUntouched = async (): Promise<void> => {
    const had = Buffer.concat(victim.inner.received).length;
    const sent = randomBytes(2000);
    victim.inner.stream?.send(sent);
    expect((await victim.inner.bytes(had + sent.length)).subarray(had).equals(sent)).toBe(true);
  };

  const atFirst: readonly { readonly what: string; readonly outcome: string; readonly say: (client: Awaited<ReturnType<TestGateway['client']>>) => void }[] = [
    { what: "the victim's forward ticket again", outcome: 'ticket.refused', say: (client) => client.hello(victim.ticket) },
    { what: "the victim's target ticket at the first hop", outcome: 'ticket.refused', say: (client) => client.hello(victim.targetTicket) },
    { what: "the hash of the victim's forward ticket", outcome: 'ticket.refused', say: (client) => client.hello(victim.grant.ticketSha256) },
    { what: 'a forward without a hello', outcome: 'hello.malformed', say: (client) => client.send(frameType.forwarding, {}) },
    { what: 'a hello that names another next hop', outcome: 'ticket.refused', say: (client) => client.hello(randomBytes(32).toString('base64url'), { next: { host: '127.0.0.1', ports: [[22]] } }) },
  ];
  for (const whose of ["a neighbour's key", "the victim's own key"] as const) {
    for (const { what, outcome, say } of atFirst) {
      test(`S25: ${what}, with ${whose}, gives ${outcome}`, async () => {
        const client = await first.client(whose === "a neighbour's key" ? neighbourKey : first.clientKey);
        say(client);
        expect(await client.outcome()).toBe(outcome);
        await assertVictimUntouched();
      });
    }
  }

  test('S25: a forward ticket at the last gateway is refused, and a target ticket gives a session there and never a forward', async () => {
    const { grant, ticket } = makeForwardGrant(first, last);
    await first.link.ask('grant', { grant });
    const atLast = await last.client(first.clientKey);
    atLast.hello(ticket);
    expect(await atLast.outcome()).toBe('ticket.refused');
    const target = await last.grant({ clientKeyThumbprint: first.clientKey.thumbprint });
    const direct = await last.client(first.clientKey);
    direct.hello(target.ticket);
    expect(await direct.outcome()).toBe('accepted');
    expect(direct.seen.some(({ type }) => type === frameType.forwarding)).toBe(false);
    direct.destroy();
    await assertVictimUntouched();
  });

  test('S25: a hello that names another next hop is forwarded to the granted one and nowhere else', async () => {
    const elsewhere = new RawHop();
    const port = await elsewhere.start();
    const { grant, ticket } = makeForwardGrant(first, last);
    await first.link.ask('grant', { grant });
    const client = await first.client();
    client.hello(ticket, { next: { host: '127.0.0.1', ports: [[port]] }, host: '127.0.0.1', port });
    const inner = await innerClient(await rawAfterForwarding(client), first.clientKey);
    inner.hello(randomBytes(32).toString('base64url'));
    expect(await inner.outcome()).toBe('ticket.refused');
    expect(elsewhere.sockets).toHaveLength(0);
    elsewhere.stop();
    await assertVictimUntouched();
  });

  test('S25: through a forward only the last gateway\'s own checks are reached: another key inside is refused there', async () => {
    const { grant, ticket } = makeForwardGrant(first, last);
    const target = await last.grant({ clientKeyThumbprint: first.clientKey.thumbprint });
    await first.link.ask('grant', { grant });
    const client = await first.client();
    client.hello(ticket);
    const inner = await innerClient(await rawAfterForwarding(client), neighbourKey);
    inner.hello(target.ticket);
    expect(await inner.outcome()).toBe('ticket.refused');
    await assertVictimUntouched();
  });

  for (const [what, bytes] of [
    ['a data frame', Buffer.concat([Buffer.from([frameType.data, 0, 0, 0, 9]), Buffer.alloc(9)])],
    ['a resume', Buffer.from(encodeFrame(frameType.resume, Buffer.from('{}')))],
    ['a second hello', Buffer.from(encodeFrame(frameType.hello, Buffer.from('{}')))],
    ['half of a frame', Buffer.from([frameType.ping, 0])],
  ] as const) {
    test(`S25: ${what} sent with the hello, before the gateway forwards, ends that forward alone`, async () => {
      const hop = new RawHop();
      const port = await hop.start();
      const { grant, ticket } = makeForwardGrant(first, last, { next: { ports: [[port]] } });
      await first.link.ask('grant', { grant });
      const client = await first.client();
      const hello = Buffer.from(JSON.stringify({ version: 1, ticket, protocol: 'ssh' }));
      client.sendRaw(Buffer.concat([Buffer.from(encodeFrame(frameType.hello, hello)), bytes]));
      expect(await client.outcome()).toBe('session.protocol-violation');
      const events = await first.journalUntil((all) => forwardEnd(all, grant.connectionId) !== undefined);
      expect(forwardEnd(events, grant.connectionId)?.facts).toMatchObject({ code: 'session.protocol-violation', forwarded: false });
      hop.stop();
      await assertVictimUntouched();
    });
  }

  test('S25: a cancel before the gateway forwards ends it as cancelled', async () => {
    const { grant, ticket } = makeForwardGrant(first, last, { next: { host: '192.0.2.1' } });
    await first.link.ask('grant', { grant });
    const client = await first.client();
    client.hello(ticket);
    await first.journalUntil((all) => all.some(({ kind, connectionId }) => kind === 'ticket-used' && connectionId === grant.connectionId));
    client.sendRaw(encodeFrame(frameType.cancel));
    expect(['connect.cancelled', 'tunnel.next-unreachable']).toContain(await client.outcome());
  });

  test('B5: a flood of hellos with tickets of nobody opens nothing, and the victim goes on', async () => {
    const clients = await Promise.all(
      Array.from({ length: 50 }, async () => {
        const client = await first.client(neighbourKey);
        // At once: one that waited for fifty handshakes of a busy machine would be closed as silent.
        client.hello(randomUUID().replaceAll('-', '').padEnd(43, 'A'));
        return client;
      }),
    );
    expect(new Set(await Promise.all(clients.map((client) => client.outcome())))).toEqual(new Set(['ticket.refused']));
    await assertVictimUntouched();
  });

  test('S25: the end of one forward is the end of no other one', async () => {
    const second = await tunnelSession(first, last);
    second.outer.socket.destroy();
    const events = await first.journalUntil((all) => forwardEnd(all, second.grant.connectionId) !== undefined);
    expect(forwardEnd(events, victim.grant.connectionId)).toBeUndefined();
    await assertVictimUntouched();
  });
});
