import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import ssh2, { type ClientChannel } from 'ssh2';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { frameKind } from '../../../shared/recording/recording-frame.ts';
import { systemClock } from '../../../src-gateway/clock/clock.ts';
import { makeHostKey } from '../../../src-gateway/ssh/ephemeral-host-key.ts';
import { ShiftableClock } from '../../fixtures/manual-clock.ts';
import { makeSpool, pull, readRecording, type TestSpool } from '../../fixtures/recording-spool.ts';
import { runCommand, signOn, startSession, type TestSession } from '../../fixtures/ssh-session.ts';
import { makeTargetGrant } from '../../fixtures/target-grant.ts';

/** More than ssh2's client takes unread (a buffer of 2 MiB and a window of 1 MiB) and what the relay holds, and less than that and the least that is left of the target's window. */
const FLOOD_BYTES = 4_000_000;

/** A target whose command `flood` prints so much and then listens, and whose other commands answer at once: what it sent before the answer has arrived when the answer has. */
class FloodingTarget {
  typed = '';
  readonly hostKey = makeHostKey();
  readonly flooded: Promise<void>;
  readonly #server: Server;

  constructor() {
    const flooded = Promise.withResolvers<void>();
    this.flooded = flooded.promise;
    const ssh = new ssh2.Server({ hostKeys: [this.hostKey.privateKey] }, (connection) => {
      connection.on('error', () => undefined);
      connection.on('authentication', (context) => context.accept());
      connection.on('session', (accept) =>
        accept().on('exec', (acceptExec, _reject, { command }) => {
          const channel = acceptExec();
          channel.on('error', () => undefined);
          if (command === 'flood') {
            channel.on('data', (data: Buffer) => (this.typed += data.toString()));
            channel.write(Buffer.alloc(FLOOD_BYTES, 'e'), () => flooded.resolve());
          } else {
            channel.write('pong');
            channel.exit(0);
            channel.end();
          }
        }),
      );
    });
    this.#server = createServer({ noDelay: true }, (socket) => ssh.injectSocket(socket));
  }

  async start(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return address.port;
  }

  async stop(): Promise<void> {
    this.#server.close();
    await once(this.#server, 'close');
  }
}

let spool: TestSpool;
let target: FloodingTarget;
let clock: ShiftableClock;
let one: TestSession;

beforeEach(async () => {
  spool = await makeSpool();
  target = new FloodingTarget();
  clock = new ShiftableClock(systemClock());
  const grant = makeTargetGrant({ host: '127.0.0.1', port: await target.start(), identities: [target.hostKey.fingerprint], credential: { kind: 'password', userName: 'aiko', password: 'a password' }, policy: { exec: true } });
  one = await startSession((await signOn(spool, grant, { clock })).target);
});
afterEach(async () => {
  one.client.end();
  await one.ended;
  await target.stop();
  await spool.remove();
});

/** A command that prints more than its client reads, which is nothing. */
async function floodUnread(): Promise<ClientChannel> {
  const channel = await new Promise<ClientChannel>((resolve, reject) => one.client.exec('flood', (error, opened) => (error === undefined ? resolve(opened) : reject(error))));
  await target.flooded;
  return channel;
}

/** The client's window is used up, and what came of that in the gateway has come: until then it took output, and was not blind. */
async function windowUsedUp(channel: ClientChannel): Promise<void> {
  const incoming: unknown = Reflect.get(channel, 'incoming');
  if (typeof incoming !== 'object' || incoming === null) throw new Error('the channel has no window');
  await expect.poll(() => Reflect.get(incoming, 'window')).toBe(0);
  await roundTrip();
}

/** All that was sent before, either way, has arrived when this resolves. */
async function roundTrip(): Promise<void> {
  const ping = await runCommand(one.client, 'ping');
  await ping.closed;
  expect(ping.output.toString()).toBe('pong');
}

const held = (): boolean => spool.logLines.some((line) => line.includes('input is held back'));

describe('a client that types and does not read its channel', () => {
  test('S15: is heard no more after a minute, and when it reads on both ways go on with nothing lost', async () => {
    const channel = await floodUnread();
    channel.write('seen ');
    await expect.poll(() => target.typed).toBe('seen ');
    await windowUsedUp(channel);
    clock.advance(60_000);
    channel.write('blind');
    await roundTrip();
    expect(held()).toBe(true);
    expect(target.typed).toBe('seen ');
    let read = 0;
    channel.on('data', (chunk: Buffer) => (read += chunk.length));
    await expect.poll(() => target.typed).toBe('seen blind');
    await expect.poll(() => read).toBe(FLOOD_BYTES);
  });

  test('S15: is left after five minutes with the reason, and all that the target said is in the recording', async () => {
    const channel = await floodUnread();
    await windowUsedUp(channel);
    clock.advance(60_000);
    channel.write('blind');
    await roundTrip();
    clock.advance(300_000);
    expect(await one.ended).toMatchObject({ code: 'session.output-not-taken', args: { minutes: 5 } });
    expect(target.typed).toBe('');
    const [flood] = one.connected;
    if (flood === undefined) throw new Error('no recording');
    const { frames, verification } = await readRecording(await pull(spool.spool, flood), spool.keys);
    expect(verification).toMatchObject({ ok: true, state: 'sealed' });
    expect(frames.reduce((sum, { kind, payload }) => sum + (kind === frameKind.output ? payload.length : 0), 0)).toBe(FLOOD_BYTES);
  });
});
