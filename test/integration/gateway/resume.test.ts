import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FIRST_WINDOW_BYTES } from '../../../shared/proxy-stream/counted-stream.ts';
import { encodeDataHeader, frameType } from '../../../shared/proxy-stream/frames.ts';
import { systemClock } from '../../../src-gateway/clock/clock.ts';
import { CountedDuplex } from '../../../src-gateway/proxy-port/counted-duplex.ts';
import type { HostileProxyClient } from '../../fixtures/hostile-proxy-client.ts';
import { makeKeyPair } from '../../fixtures/key-pair.ts';
import { ShiftableClock } from '../../fixtures/manual-clock.ts';
import { TestGateway } from '../../fixtures/running-gateway.ts';

type Session = Awaited<ReturnType<TestGateway['session']>> & { readonly secret: string };

const UNIFORM = 'session.gateway-lost';

describe('Resume: a session whose client is cut (rule 10)', () => {
  let gateway: TestGateway;
  const clock = new ShiftableClock(systemClock());
  beforeAll(async () => {
    gateway = await TestGateway.start({ clock });
  });
  afterAll(() => gateway.stop());

  const begin = async (changes: Parameters<TestGateway['session']>[0] = {}): Promise<Session> => {
    const session = await gateway.session(changes);
    return { ...session, secret: String((await session.client.frame(frameType.accepted))['resumeSecret']) };
  };
  const back = async (session: Session, epoch = 1, options: Parameters<TestGateway['client']>[1] = {}): Promise<{ client: HostileProxyClient; outcome: string }> => {
    const client = (await gateway.client(gateway.clientKey, options)).adoptWhenResumed(session.client);
    return { client, outcome: await client.resume(session.client, session.secret, epoch) };
  };
  const cutSeen = (session: Session): Promise<unknown> => gateway.journalUntil((events) => events.some(({ kind, connectionId }) => kind === 'cut' && connectionId === session.grant.connectionId));
  /** Lets time pass for a gateway that the service talks to all the while. */
  const pass = async (milliseconds: number): Promise<void> => {
    for (let left = milliseconds; left > 0; left -= 20_000) {
      clock.advance(Math.min(left, 20_000));
      await gateway.link.ask('status', { epoch: 0 });
    }
  };
  const kindsOf = async ({ grant }: Session): Promise<string[]> => (await gateway.journal()).filter(({ connectionId }) => connectionId === grant.connectionId).map(({ kind }) => kind);
  const echoes = async (client: HostileProxyClient, bytes: Uint8Array): Promise<void> => {
    const had = Buffer.concat(client.received).length;
    client.stream?.send(bytes);
    expect((await client.bytes(had + bytes.length)).subarray(had).equals(bytes)).toBe(true);
  };

  test('Resume: it goes on through each proxy port, with what was on its way both ways, and has one final entry', async () => {
    const session = await begin();
    let before = session.client;
    let epoch = 0;
    const sent = [Buffer.from('first')];
    for (const port of [...gateway.running.proxyPorts, ...gateway.running.proxyPorts]) {
      const lost = randomBytes(50_000);
      // Written into a connection that is cut before it is through: part of it may arrive, part may not.
      before.stream?.send(lost);
      before.socket.destroy();
      sent.push(lost);
      epoch += 1;
      const next = (await gateway.client(gateway.clientKey, { port })).adoptWhenResumed(before);
      expect(await next.resume(before, session.secret, epoch)).toBe('resumed');
      expect(next.seen.find(({ type }) => type === frameType.resumed)?.value['epoch']).toBe(epoch);
      const all = Buffer.concat(sent);
      expect((await next.bytes(all.length)).equals(all)).toBe(true);
      await next.until(() => next.seen.find(({ value }) => value['kind'] === 'recording'));
      before = next;
    }
    before.send(frameType.close, { code: 'session.closed-by-user' });
    const final = await gateway.finalEntry(session.grant);
    expect(final.facts).toMatchObject({ code: 'session.closed-by-user', cuts: epoch, bytesIn: Buffer.concat(sent).length, bytesOut: Buffer.concat(sent).length });
    expect((await kindsOf(session)).filter((kind) => kind === 'resumed')).toHaveLength(epoch);
    expect(gateway.target.connections).toBeGreaterThan(0);
  });

  test('Resume: a connection that still looks alive is taken over from: it is cut, and what it says late counts no more', async () => {
    const session = await begin();
    const { client, outcome } = await back(session);
    expect(outcome).toBe('resumed');
    // The old end is half-open: it writes on with the numbers that it has.
    const stale = Buffer.from('stale');
    session.client.sendRaw(Buffer.concat([encodeDataHeader(5, stale.length), stale]));
    await session.client.closed;
    await echoes(client, Buffer.from('fresh'));
    expect(Buffer.concat(client.received).toString()).toBe('firstfresh');
    client.destroy();
  });

  test('Resume: refused alike, after the same time and untold, for a wrong secret, another key, an epoch that was used and one that is older', async () => {
    const session = await begin();
    const first = await back(session, 5);
    expect(first.outcome).toBe('resumed');
    const neighbour = await makeKeyPair('CN=neighbour');
    const attempts = [
      { what: 'wrong secret', key: gateway.clientKey, secret: randomBytes(32).toString('base64url'), epoch: 6 },
      { what: 'another key', key: neighbour, secret: session.secret, epoch: 6 },
      { what: 'replayed epoch', key: gateway.clientKey, secret: session.secret, epoch: 5 },
      { what: 'older epoch', key: gateway.clientKey, secret: session.secret, epoch: 4 },
    ];
    const answers = [];
    for (const { what, key, secret, epoch } of attempts) {
      const client = await gateway.client(key);
      const beganMs = performance.now();
      expect(`${what}: ${await client.resume(session.client, secret, epoch)}`).toBe(`${what}: ${UNIFORM}`);
      expect(performance.now() - beganMs).toBeGreaterThan(140);
      answers.push(JSON.stringify(client.seen));
      await client.closed;
    }
    expect(new Set(answers).size).toBe(1);
    await echoes(first.client, Buffer.from('untouched'));
    const reasonsOf = (events: Awaited<ReturnType<typeof gateway.journal>>): unknown[] => events.filter(({ kind }) => kind === 'ticket-refused').map(({ facts }) => facts['reason']);
    await gateway.journalUntil((events) => reasonsOf(events).length >= attempts.length);
    expect(reasonsOf(await gateway.journal())).toEqual(['resume-unknown', 'resume-foreign-key', 'resume-old-epoch', 'resume-old-epoch']);
    first.client.destroy();
  });

  test.each([0, -1, 1.5, '1', 2 ** 60])('Resume: an epoch of %s is no resume', async (epoch) => {
    const client = await gateway.client();
    client.send(frameType.resume, { version: 1, resumeSecret: randomBytes(32).toString('base64url'), epoch, received: 0 });
    expect(await client.outcome()).toBe('hello.malformed');
  });

  test.each([
    ['more than was sent', 10_000],
    ['less than was acknowledged', 0],
  ])('Resume: a client that claims to have received %s ends its session, and only its', async (_what, received) => {
    const [session, other] = [await begin(), await begin()];
    await gateway.journal();
    session.client.sendRaw(Buffer.from([frameType.acknowledge, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 5]));
    session.client.sendRaw(Buffer.from([frameType.ping, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0]));
    await session.client.until(() => session.client.frames.find(({ type }) => type === frameType.pong));
    session.client.socket.destroy();
    const client = await gateway.client();
    client.send(frameType.resume, { version: 1, resumeSecret: session.secret, epoch: 1, received });
    expect((await gateway.finalEntry(session.grant)).facts['code']).toBe('session.protocol-violation');
    await echoes(other.client, Buffer.from('still here'));
    other.client.destroy();
  });

  test('Resume: over TCP 443 only where the grant lets sessions run there (rule 10)', async () => {
    const [allowed, denied] = [await begin({ over443: true }), await begin()];
    const port = gateway.running.linkPort;
    allowed.client.socket.destroy();
    denied.client.socket.destroy();
    const { client, outcome } = await back(allowed, 1, { port });
    expect(outcome).toBe('resumed');
    await echoes(client, Buffer.from('over 443'));
    expect((await back(denied, 1, { port })).outcome).toBe(UNIFORM);
    expect((await back(denied, 2)).outcome).toBe('resumed');
    client.destroy();
  });

  test('Resume: refused with the reason after the session was terminated, to the holder of secret and key only', async () => {
    const session = await begin();
    session.client.socket.destroy();
    await cutSeen(session);
    await gateway.link.ask('terminate', { target: { kind: 'connection', connectionId: session.grant.connectionId }, code: 'session.terminated' });
    expect((await back(session)).outcome).toBe('session.terminated');
    const stranger = await gateway.client(await makeKeyPair('CN=neighbour'));
    expect(await stranger.resume(session.client, session.secret, 2)).toBe(UNIFORM);
    expect((await gateway.finalEntry(session.grant)).facts['code']).toBe('session.terminated');
  });

  test('Resume: refused from the moment of the termination, though the target is still being left', async () => {
    const session = await begin({ credential: { kind: 'password', userName: 'stubborn', password: 'x' } });
    session.client.socket.destroy();
    await cutSeen(session);
    await gateway.link.ask('terminate', { target: { kind: 'connection', connectionId: session.grant.connectionId }, code: 'session.terminated' });
    expect(gateway.running.sessions()).toBeGreaterThan(0);
    expect((await back(session)).outcome).toBe('session.terminated');
    await gateway.finalEntry(session.grant);
  });

  test('Resume: refused after the user was disabled (rule 11)', async () => {
    const session = await begin();
    session.client.socket.destroy();
    await cutSeen(session);
    await gateway.link.ask('terminate', { target: { kind: 'user', userId: session.grant.user.id }, code: 'session.user-disabled' });
    expect((await back(session)).outcome).toBe('session.user-disabled');
  });

  test('Resume: five minutes after the cut the session is over, and after as long again nothing is known of it', async () => {
    const session = await begin();
    session.client.socket.destroy();
    await cutSeen(session);
    // A busy machine takes seconds of its own until the client is back.
    await pass(280_000);
    const { client, outcome } = await back(session);
    expect(outcome).toBe('resumed');
    client.socket.destroy();
    await gateway.journalUntil((events) => events.filter(({ kind, connectionId }) => kind === 'cut' && connectionId === session.grant.connectionId).length === 2);
    await pass(301_000);
    expect((await gateway.finalEntry(session.grant)).facts['code']).toBe('session.gateway-lost');
    expect((await back(session, 2)).outcome).toBe(UNIFORM);
    await pass(301_000);
    expect((await back(session, 3)).outcome).toBe(UNIFORM);
    await gateway.journalUntil((events) => events.findLast(({ kind }) => kind === 'ticket-refused')?.facts['reason'] === 'resume-unknown');
    expect((await gateway.journal()).filter(({ kind, connectionId, facts }) => kind === 'ticket-refused' && connectionId === session.grant.connectionId && facts['reason'] === 'resume-ended')).toHaveLength(1);
  });

  test('Resume: limits run on while the client is away, and it is told which one', async () => {
    const session = await begin({ policy: { idleSeconds: 60 } });
    session.client.socket.destroy();
    await cutSeen(session);
    await pass(62_000);
    expect((await gateway.finalEntry(session.grant)).facts['code']).toBe('session.idle');
    expect((await back(session)).outcome).toBe('session.idle');
  });

  test('Resume: refused where the gateway was without its link for too long meanwhile (rule 11)', async () => {
    const session = await begin({ maxUnsupervisedSeconds: 60 });
    session.client.socket.destroy();
    await cutSeen(session);
    clock.advance(62_000);
    expect((await back(session)).outcome).toBe('session.unsupervised');
    await gateway.linkAgain();
  });

  test('Resume: a limit that was told into a cut connection is told again', async () => {
    const session = await begin({ policy: { idleSeconds: 60 } });
    session.client.socket.destroy();
    await cutSeen(session);
    await pass(35_000);
    const { client, outcome } = await back(session);
    expect(outcome).toBe('resumed');
    await client.until(() => client.seen.find(({ value }) => value['kind'] === 'ends-soon'));
    client.destroy();
  });

  test('Resume: while the client is away the target stops at the window', async () => {
    const session = await begin();
    session.client.deaf = true;
    const piece = Buffer.alloc(60_000, 7);
    for (let sent = 0; sent < 60; sent += 1) session.client.stream?.send(piece);
    session.client.sendRaw(Buffer.from([frameType.ping, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0]));
    await session.client.until(() => session.client.frames.find(({ type }) => type === frameType.pong));
    session.client.socket.destroy();
    await cutSeen(session);
    const stream = gateway.echo.runs.at(-1)?.clientStream;
    if (!(stream instanceof CountedDuplex)) throw new TypeError('not the counted stream');
    await expect.poll(() => stream.counts.sent).toBeGreaterThanOrEqual(FIRST_WINDOW_BYTES);
    expect(stream.counts.sent).toBeLessThan(FIRST_WINDOW_BYTES + 200_000);
    const { client, outcome } = await back(session);
    expect(outcome).toBe('resumed');
    expect((await client.bytes(5 + 60 * piece.length)).length).toBe(5 + 60 * piece.length);
    client.destroy();
  });

  test('Resume: what the target sent before it ended reaches a client that was away then, with the reason', async () => {
    const session = await begin();
    session.client.deaf = true;
    const last = randomBytes(40_000);
    session.client.stream?.send(last);
    session.client.stream?.finish();
    await session.client.until(() => session.client.frames.find(({ type }) => type === frameType.close));
    session.client.socket.destroy();
    expect((await gateway.finalEntry(session.grant)).facts['code']).toBe('session.ended');
    const { client, outcome } = await back(session);
    expect(outcome).toBe('resumed');
    expect((await client.bytes(5 + last.length)).subarray(5).equals(last)).toBe(true);
    expect(await client.closeCode()).toBe('session.ended');
    await client.closed;
    expect((await back(session, 2)).outcome).toBe('session.ended');
  });

  test('Resume: a thousand cuts of one session are not a thousand entries', async () => {
    const session = await begin();
    const before = session.client;
    for (let epoch = 1; epoch <= 130; epoch += 1) {
      const client = await gateway.client();
      client.send(frameType.resume, { version: 1, resumeSecret: session.secret, epoch, received: before.stream?.counts.received ?? 0 });
      await client.frame(frameType.resumed);
      client.destroy();
      await gateway.link.ask('status', { epoch: 0 });
    }
    await gateway.link.ask('terminate', { target: { kind: 'connection', connectionId: session.grant.connectionId }, code: 'session.terminated' });
    await gateway.finalEntry(session.grant);
    const kinds = await kindsOf(session);
    expect(kinds.filter((kind) => kind === 'cut').length).toBeLessThanOrEqual(101);
  });

  test('Resume: a restart of the gateway ends its sessions: no secret of before is known', async () => {
    const session = await begin();
    session.client.socket.destroy();
    await cutSeen(session);
    await gateway.running.stop();
    await gateway.startAgain();
    expect((await gateway.finalEntry(session.grant)).facts['code']).toBe('gateway.restarted');
    expect((await back(session)).outcome).toBe(UNIFORM);
  });
});

test('Resume: where clients keep more than the budget, the cut session that keeps most ends, with a reason, and the others go on (rule 10)', async () => {
  const clock = new ShiftableClock(systemClock());
  const gateway = await TestGateway.start({ clock, settings: { unacknowledgedBytesInAll: 16 * 1024 * 1024 } });
  const held = async (pieces: number): Promise<Session> => {
    const made = await gateway.session();
    const secret = String((await made.client.frame(frameType.accepted))['resumeSecret']);
    made.client.deaf = true;
    for (let sent = 0; sent < pieces; sent += 1) made.client.stream?.send(Buffer.alloc(60_000, sent));
    await made.client.until(() => (made.client.frames.filter(({ type }) => type === frameType.data).reduce((sum, { payload, offset }) => sum + payload.length - (offset === undefined ? 8 : 0), 0) >= Math.min(pieces * 60_000, FIRST_WINDOW_BYTES) ? true : undefined));
    made.client.socket.destroy();
    return { ...made, secret };
  };
  try {
    const sessions = [];
    for (let index = 0; index < 17; index += 1) sessions.push(await held(index === 8 ? 40 : 17));
    await gateway.journalUntil((events) => events.filter(({ kind }) => kind === 'cut').length === sessions.length);
    clock.advance(1100);
    const codes = async (): Promise<Map<unknown, unknown>> => new Map((await gateway.journal()).filter(({ kind }) => kind === 'ended').map(({ connectionId, facts }) => [connectionId, facts['code']]));
    await gateway.journalUntil((events) => events.some(({ kind }) => kind === 'ended'));
    const ended = await codes();
    expect(ended.get(sessions[8]?.grant.connectionId)).toBe('session.kept-too-much');
    expect(ended.size).toBeLessThan(4);
    const other = sessions.find(({ grant }) => !ended.has(grant.connectionId));
    if (other === undefined) throw new Error('all ended');
    const client = (await gateway.client()).adoptWhenResumed(other.client);
    expect(await client.resume(other.client, other.secret, 1)).toBe('resumed');
    const victim = sessions[8];
    if (victim === undefined) throw new Error('no session');
    expect(await (await gateway.client()).resume(victim.client, victim.secret, 1)).toBe('session.kept-too-much');
  } finally {
    await gateway.stop();
  }
});
