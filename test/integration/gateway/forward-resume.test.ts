import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ForwardGrant, JournalEvent } from '../../../shared/link/messages.ts';
import { frameType } from '../../../shared/proxy-stream/frames.ts';
import { systemClock } from '../../../src-gateway/clock/clock.ts';
import { startDroppingPort } from '../../fixtures/dropping-port.ts';
import { innerClient, makeForwardGrant, rawAfterForwarding, tunnelSession } from '../../fixtures/forwarded-client.ts';
import type { HostileProxyClient } from '../../fixtures/hostile-proxy-client.ts';
import { makeKeyPair } from '../../fixtures/key-pair.ts';
import { ShiftableClock } from '../../fixtures/manual-clock.ts';
import { TestGateway } from '../../fixtures/running-gateway.ts';

type Tunnel = Awaited<ReturnType<typeof tunnelSession>>;

describe('Resume over two hops: the first gateway, and the stream to the last one inside (rules 8, 10)', () => {
  const clock = new ShiftableClock(systemClock());
  let [first, last]: TestGateway[] = [];
  const gateways = (): { first: TestGateway; last: TestGateway } => {
    if (first === undefined || last === undefined) throw new Error('not started');
    return { first, last };
  };
  beforeAll(async () => {
    [first, last] = await Promise.all([TestGateway.start({ clock }), TestGateway.start()]);
  });
  afterAll(async () => {
    await Promise.all([first?.stop(), last?.stop()]);
  });

  const secretOf = async (client: HostileProxyClient, type: typeof frameType.forwarding | typeof frameType.accepted): Promise<string> => String((await client.frame(type))['resumeSecret']);
  const journalOf = async (gateway: TestGateway, { connectionId }: ForwardGrant, satisfied: (kinds: readonly string[]) => boolean): Promise<readonly JournalEvent[]> => {
    const own = (events: readonly JournalEvent[]): JournalEvent[] => events.filter((event) => event.connectionId === connectionId);
    return own(await gateway.journalUntil((events) => satisfied(own(events).map(({ kind }) => kind))));
  };
  /** Asks the first hop to lay the wire again, and gives what it said. */
  const outerAgain = async (secret: string, epoch: number, options: Parameters<TestGateway['client']>[1] = {}, key = gateways().first.clientKey): Promise<{ client: HostileProxyClient; outcome: string }> => {
    const client = await gateways().first.client(key, options);
    client.send(frameType.resume, { version: 1, resumeSecret: secret, epoch, received: 0 });
    const answer = await client.until(() => client.seen.find(({ type }) => type === frameType.forwarding || type === frameType.failed));
    return { client, outcome: answer.type === frameType.forwarding ? 'forwarding' : String(answer.value['code']) };
  };
  const innerAgain = async (outer: HostileProxyClient, tunnel: Tunnel, secret: string, epoch: number): Promise<{ inner: HostileProxyClient; outcome: string }> => {
    const inner = (await innerClient(await rawAfterForwarding(outer), gateways().first.clientKey)).adoptWhenResumed(tunnel.inner);
    return { inner, outcome: await inner.resume(tunnel.inner, secret, epoch) };
  };
  const cutOuter = async (tunnel: Tunnel): Promise<void> => {
    tunnel.outer.socket.destroy();
    await journalOf(gateways().first, tunnel.grant, (kinds) => kinds.includes('forward-ended'));
    await journalOf(gateways().last, tunnel.grant, (kinds) => kinds.includes('cut'));
  };

  test('Resume: the wire is laid again on any port of the first hop, the stream inside goes on, and each gateway has one end', async () => {
    const tunnel = await tunnelSession(gateways().first, gateways().last);
    const [outerSecret, innerSecret] = [await secretOf(tunnel.outer, frameType.forwarding), await secretOf(tunnel.inner, frameType.accepted)];
    expect(outerSecret).not.toBe(innerSecret);
    const sent = [Buffer.from('first')];
    let carrier = tunnel.outer;
    let stream = tunnel.inner;
    for (const [index, port] of gateways().first.running.proxyPorts.entries()) {
      const lost = randomBytes(40_000);
      stream.stream?.send(lost);
      sent.push(lost);
      carrier.socket.destroy();
      const outer = await outerAgain(outerSecret, index + 1, { port });
      expect(outer.outcome).toBe('forwarding');
      const again = await innerAgain(outer.client, { ...tunnel, inner: stream }, innerSecret, index + 1);
      expect(again.outcome).toBe('resumed');
      const all = Buffer.concat(sent);
      expect((await again.inner.bytes(all.length)).equals(all)).toBe(true);
      [carrier, stream] = [outer.client, again.inner];
    }
    stream.send(frameType.close, { code: 'session.closed-by-user' });
    await journalOf(gateways().last, tunnel.grant, (kinds) => kinds.includes('ended'));
    stream.destroy();
    carrier.destroy();
    const kinds = (await journalOf(gateways().first, tunnel.grant, (all) => all.filter((kind) => kind === 'cut').length === 3)).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'resumed')).toHaveLength(3);
    expect(kinds.filter((kind) => kind === 'forwarded' || kind === 'forward-ended')).toEqual(['forwarded', 'forward-ended']);
    expect(kinds.filter((kind) => kind === 'ticket-used')).toHaveLength(1);
  });

  test('Resume: a first hop that still holds the old connection gives it up for the new one', async () => {
    const tunnel = await tunnelSession(gateways().first, gateways().last);
    const [outerSecret, innerSecret] = [await secretOf(tunnel.outer, frameType.forwarding), await secretOf(tunnel.inner, frameType.accepted)];
    const outer = await outerAgain(outerSecret, 1);
    expect(outer.outcome).toBe('forwarding');
    await tunnel.outer.closed;
    const { inner, outcome } = await innerAgain(outer.client, tunnel, innerSecret, 1);
    expect(outcome).toBe('resumed');
    inner.stream?.send(Buffer.from(' again'));
    expect((await inner.bytes(11)).toString()).toBe('first again');
    outer.client.destroy();
  });

  test('Resume, rule 9: a hop\'s secret opens that hop alone, with the client\'s key alone, and with a newer epoch alone', async () => {
    const [tunnel, other] = [await tunnelSession(gateways().first, gateways().last), await tunnelSession(gateways().first, gateways().last)];
    const [outerSecret, innerSecret, otherInner] = [await secretOf(tunnel.outer, frameType.forwarding), await secretOf(tunnel.inner, frameType.accepted), await secretOf(other.inner, frameType.accepted)];
    await cutOuter(tunnel);
    const uniform = 'session.gateway-lost';
    expect((await outerAgain(innerSecret, 1)).outcome).toBe(uniform);
    expect((await outerAgain(outerSecret, 1, {}, await makeKeyPair('CN=thief'))).outcome).toBe(uniform);
    const { client, outcome } = await outerAgain(outerSecret, 2);
    expect(outcome).toBe('forwarding');
    expect((await outerAgain(outerSecret, 2)).outcome).toBe(uniform);
    // The wire leads to the last gateway and no further: there the stream's own secret counts, and the wire's is nothing.
    expect((await innerAgain(client, tunnel, outerSecret, 1)).outcome).toBe(uniform);
    const next = await outerAgain(outerSecret, 3);
    expect((await innerAgain(next.client, tunnel, innerSecret, 1)).outcome).toBe('resumed');
    expect(otherInner).not.toBe(innerSecret);
    other.inner.stream?.send(Buffer.from(' untouched'));
    expect((await other.inner.bytes(15)).toString()).toBe('first untouched');
    for (const one of [next.client, other.outer]) one.destroy();
  });

  test('Resume: after a termination, a disabled user or the time, the first hop lays no wire again, and says why to who may know', async () => {
    const [ended, late] = [await tunnelSession(gateways().first, gateways().last), await tunnelSession(gateways().first, gateways().last)];
    const [endedSecret, lateSecret] = [await secretOf(ended.outer, frameType.forwarding), await secretOf(late.outer, frameType.forwarding)];
    await cutOuter(ended);
    await cutOuter(late);
    await gateways().first.link.ask('terminate', { target: { kind: 'user', userId: ended.grant.userId }, code: 'session.user-disabled' });
    expect((await outerAgain(endedSecret, 1)).outcome).toBe('session.user-disabled');
    for (let passed = 0; passed < 305; passed += 20) {
      clock.advance(20_000);
      await gateways().first.link.ask('status', { epoch: 0 });
    }
    expect((await outerAgain(lateSecret, 1)).outcome).toBe('session.ended');
  });

  test('Resume: refused from the moment of the termination, while the last gateway still says goodbye through the wire', async () => {
    const tunnel = await tunnelSession(gateways().first, gateways().last);
    const secret = await secretOf(tunnel.outer, frameType.forwarding);
    await gateways().first.link.ask('terminate', { target: { kind: 'connection', connectionId: tunnel.grant.connectionId }, code: 'session.terminated' });
    expect(tunnel.outer.socket.destroyed).toBe(false);
    expect((await outerAgain(secret, 1)).outcome).toBe('session.terminated');
    tunnel.outer.destroy();
  });

  test('Resume: a client that is cut again while the first hop reaches the next one may come again', async () => {
    const gone = await TestGateway.start();
    const [port = 0] = gone.running.proxyPorts;
    const { grant, ticket } = makeForwardGrant(gateways().first, gone, { next: { ports: [[port]] } });
    await gateways().first.link.ask('grant', { grant });
    const outer = await gateways().first.client();
    outer.hello(ticket);
    await rawAfterForwarding(outer);
    const secret = await secretOf(outer, frameType.forwarding);
    await gone.stop();
    await journalOf(gateways().first, grant, (kinds) => kinds.includes('forward-ended'));
    const dropping = await startDroppingPort('127.0.0.1', port);
    const cut = await gateways().first.client();
    cut.send(frameType.resume, { version: 1, resumeSecret: secret, epoch: 1, received: 0 });
    // Answered in their order: the resume is under way after the first, the cut is seen after the second.
    await gateways().first.link.ask('status', { epoch: 0 });
    cut.socket.destroy();
    await cut.closed;
    await gateways().first.link.ask('status', { epoch: 0 });
    await dropping.stop();
    expect((await outerAgain(secret, 2)).outcome).toBe('tunnel.next-unreachable');
  });

  test('Resume: a next gateway that is gone is said, and tried again with the next connection', async () => {
    const gone = await TestGateway.start();
    const { grant, ticket } = makeForwardGrant(gateways().first, gone);
    await gateways().first.link.ask('grant', { grant });
    const outer = await gateways().first.client();
    outer.hello(ticket);
    await rawAfterForwarding(outer);
    const secret = await secretOf(outer, frameType.forwarding);
    await gone.stop();
    await journalOf(gateways().first, grant, (kinds) => kinds.includes('forward-ended'));
    expect((await outerAgain(secret, 1)).outcome).toBe('tunnel.next-unreachable');
    expect((await outerAgain(secret, 2)).outcome).toBe('tunnel.next-unreachable');
  });
});
