import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FIRST_WINDOW_BYTES } from '../../../shared/proxy-stream/counted-stream.ts';
import { frameType } from '../../../shared/proxy-stream/frames.ts';
import { systemClock } from '../../../src-gateway/clock/clock.ts';
import { CountedDuplex } from '../../../src-gateway/proxy-port/counted-duplex.ts';
import { CONNECTED_LIMIT_MS } from '../../../src-gateway/sessions/session.ts';
import type { HostileProxyClient } from '../../fixtures/hostile-proxy-client.ts';
import { ShiftableClock } from '../../fixtures/manual-clock.ts';
import { TestGateway } from '../../fixtures/running-gateway.ts';

describe('limits of a session, on a clock that is moved on', () => {
  const clock = new ShiftableClock(systemClock());
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await TestGateway.start({ clock });
  });
  afterAll(() => gateway.stop());

  /** The client shows that it is there, as its own keep-alive does. */
  const alive = async (client: HostileProxyClient): Promise<void> => {
    const pongs = (): number => client.frames.filter(({ type }) => type === frameType.pong).length;
    const before = pongs();
    client.sendRaw(Buffer.from([frameType.ping, 0, 0, 0, 0]));
    await Promise.race([client.until(() => (pongs() > before ? true : undefined)), client.closed]);
  };
  /** Lets time pass as it does where everything works: the client answers pings, the service asks for the status. */
  const pass = async (client: HostileProxyClient, seconds: number): Promise<void> => {
    for (let passed = 0; passed < seconds && !client.socket.destroyed; passed += 10) {
      clock.advance(10_000);
      await gateway.link.ask('status', { epoch: 0 });
      await alive(client);
    }
  };
  const endsSoon = (client: HostileProxyClient, code: string): Record<string, unknown> | undefined => client.seen.find(({ value }) => value['kind'] === 'ends-soon' && value['code'] === code)?.value;

  test('rule 1: a session whose protocol is not connected 20 seconds after its sign-on fails, without a recording', async () => {
    const { grant, ticket } = await gateway.grant();
    const client = await gateway.client();
    client.hello(ticket);
    await client.frame(frameType.accepted);
    clock.advance(CONNECTED_LIMIT_MS + 100);
    expect(await client.closeCode()).toBe('connect.no-connected-event');
    expect(await gateway.finalEntry(grant)).toMatchObject({ kind: 'failed', facts: { code: 'connect.no-connected-event' } });
    expect((await gateway.journal()).some(({ kind, connectionId }) => kind === 'connected' && connectionId === grant.connectionId)).toBe(false);
    expect(client.seen.some(({ value }) => value['kind'] === 'recording')).toBe(false);
  });

  test('rule 2: at notAfter the session ends and says so, after a warning', async () => {
    const { client, grant } = await gateway.session({ notAfter: new Date(clock.wallMs() + 300_000).toISOString() });
    await pass(client, 290);
    expect(endsSoon(client, 'session.not-after')?.['secondsLeft']).toBeLessThanOrEqual(60);
    clock.advance(15_000);
    expect(await client.closeCode()).toBe('session.not-after');
    expect((await gateway.finalEntry(grant)).facts['code']).toBe('session.not-after');
  });

  test('the longest duration ends a session', async () => {
    const { client, grant } = await gateway.session({ policy: { maxDurationSeconds: 120 } });
    await pass(client, 100);
    expect(endsSoon(client, 'session.time-limit')).toBeDefined();
    clock.advance(25_000);
    expect(await client.closeCode()).toBe('session.time-limit');
    expect((await gateway.finalEntry(grant)).kind).toBe('ended');
  });

  test('a session without input ends, and input puts that off', async () => {
    const { client } = await gateway.session({ policy: { idleSeconds: 120 } });
    await pass(client, 80);
    expect(endsSoon(client, 'session.idle')).toBeDefined();
    const before = client.received.length;
    client.stream?.send(Buffer.from('I am here'));
    await client.until(() => (client.received.length > before ? true : undefined));
    await pass(client, 80);
    expect(client.socket.destroyed).toBe(false);
    clock.advance(45_000);
    expect(await client.frame(frameType.close)).toEqual({ code: 'session.idle', args: { minutes: 2 } });
  });

  test('rule 11: a session that was told to end takes no more input and is not blamed for what was on its way, and its target is cut off though the protocol does not let go', async () => {
    const { client, grant } = await gateway.session({ credential: { kind: 'password', userName: 'stubborn', password: 'x' } });
    await gateway.link.ask('terminate', { target: { kind: 'connection', connectionId: grant.connectionId }, code: 'session.terminated' });
    client.stream?.send(Buffer.from('after the end'));
    client.stream?.finish();
    await alive(client);
    expect(gateway.echo.runs.at(-1)?.clientStream.readableEnded).toBe(true);
    expect(gateway.logLines.filter((line) => line.includes('broke the protocol'))).toEqual([]);
    expect(Buffer.concat(client.received).toString()).toBe('first');
    clock.advance(3100);
    expect(await client.closeCode()).toBe('session.terminated');
    expect((await gateway.finalEntry(grant)).facts).toMatchObject({ code: 'session.terminated', bytesIn: 5 });
  });

  test('S15: a client that types and takes nothing is not heard, and its session ends after five minutes of it', async () => {
    const { client, grant } = await gateway.session();
    const stream = gateway.echo.runs.at(-1)?.clientStream;
    if (!(stream instanceof CountedDuplex)) throw new Error('no session');
    // What it takes in before is acknowledged a moment later.
    await expect.poll(() => stream.counts.sent - stream.counts.acknowledged).toBe(0);
    client.deaf = true;
    let typed = '';
    stream.on('data', (bytes: Buffer) => (typed += bytes.toString()));
    stream.write(Buffer.alloc(FIRST_WINDOW_BYTES));
    stream.write('what waits for the window');
    clock.advance(5_000);
    client.stream?.send(Buffer.from('blind'));
    await alive(client);
    expect(typed).toBe('');
    expect(gateway.logLines.some((line) => line.includes('input is held back'))).toBe(true);
    await pass(client, 290);
    clock.advance(15_000);
    expect(await client.frame(frameType.close)).toEqual({ code: 'session.output-not-taken', args: { minutes: 5 } });
    expect(typed).toBe('');
    expect((await gateway.finalEntry(grant)).facts['code']).toBe('session.output-not-taken');
  });

  test('a client that falls silent is asked, given up after 45 seconds, and waited for', async () => {
    const { client, grant } = await gateway.session();
    client.socket.pause();
    clock.advance(61_000);
    await gateway.journalUntil((events) => events.some(({ kind, connectionId }) => kind === 'cut' && connectionId === grant.connectionId));
    await gateway.linkAgain();
    await gateway.link.ask('terminate', { target: { kind: 'connection', connectionId: grant.connectionId }, code: 'session.terminated' });
    expect((await gateway.finalEntry(grant)).facts['code']).toBe('session.terminated');
    client.destroy();
  });

  test('rule 11: without the service a session ends after its time unsupervised, a vendor\'s sooner', async () => {
    const ordinary = await gateway.session();
    const vendor = await gateway.session({ maxUnsupervisedSeconds: 60 });
    await gateway.link.ask('status', { epoch: 0 });
    clock.advance(35_000);
    expect(await vendor.client.until(() => endsSoon(vendor.client, 'session.unsupervised'))).toMatchObject({ code: 'session.unsupervised' });
    await Promise.all([alive(vendor.client), alive(ordinary.client)]);
    clock.advance(30_000);
    expect(await vendor.client.closeCode()).toBe('session.unsupervised');
    expect(ordinary.client.seen.some(({ type }) => type === frameType.close)).toBe(false);
    for (let passed = 0; passed < 900 && !ordinary.client.socket.destroyed; passed += 10) {
      clock.advance(10_000);
      await alive(ordinary.client);
    }
    expect(await ordinary.client.closeCode()).toBe('session.unsupervised');
  });
});
