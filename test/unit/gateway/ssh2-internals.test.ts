import { createSecretKey, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { duplexPair } from 'node:stream';
import ssh2 from 'ssh2';
import { describe, expect, test } from 'vitest';
import { makeHostKey } from '../../../src-gateway/ssh/ephemeral-host-key.ts';
import { PacketSealer } from '../../../src-gateway/ssh/packet-sealer.ts';
import { AGENT_CHANNEL, openAgentChannel, refusedForwarding, refusedTerminal, sealCheaply, watchChannelOpens } from '../../../src-gateway/ssh/ssh2-internals.ts';
import { TargetAgent } from '../../../src-gateway/ssh/target-agent.ts';
import { socketPair } from '../../fixtures/ssh-session.ts';

interface Pair {
  readonly client: ssh2.Client;
  readonly connection: ssh2.Connection;
}

/** ssh2's client and ssh2's server, at the two ends of a socket. */
async function makePair(agent?: ssh2.BaseAgent, forwards = true): Promise<Pair> {
  const { near, far } = await socketPair();
  const accepted = Promise.withResolvers<ssh2.Connection>();
  const server = new ssh2.Server({ hostKeys: [makeHostKey().privateKey] }, (connection) => {
    connection.on('authentication', (context) => context.accept());
    connection.on('error', () => undefined);
    connection.on('session', (accept) => {
      const session = accept();
      session.on('auth-agent', (take, refuse) => (forwards ? take() : refuse()));
      session.on('x11', (_take, refuse) => refuse());
      session.on('pty', (take, refuse) => (forwards ? take() : refuse()));
      session.on('exec', (take) => take().end());
    });
    connection.on('ready', () => accepted.resolve(connection));
  });
  server.injectSocket(far);
  const client = new ssh2.Client();
  client.on('error', () => undefined);
  const ready = once(client, 'ready');
  client.connect({ ...{ sock: near, username: 'x', authHandler: ['none'], hostVerifier: () => true }, ...(agent === undefined ? {} : { agent }) });
  await ready;
  return { client, connection: await accepted.promise };
}

function exec(client: ssh2.Client, options: object): Promise<void> {
  return new Promise((resolve, reject) => {
    client.exec('true', options, (error, channel) => {
      if (error === undefined) channel.on('close', () => resolve()).resume();
      else reject(error);
    });
  });
}

// Contract with the insides of ssh2: a version that changes them fails here, not in a session.
describe('ssh2, as src-gateway/ssh/ssh2-internals.ts uses it', () => {
  test('its server opens a channel to an agent, and bytes go both ways', async () => {
    const agent = new TargetAgent();
    const [near, far] = duplexPair();
    agent.onChannel = (answer) => answer(null, far);
    const { client, connection } = await makePair(agent);
    await exec(client, { agentForward: true });
    const channel = await openAgentChannel(connection);
    channel.write('to the agent');
    expect(String((await once(near, 'data'))[0])).toBe('to the agent');
    near.write('from the agent');
    expect(String((await once(channel, 'data'))[0])).toBe('from the agent');
    client.end();
  });

  test('more than a window goes through such a channel: both ends count from the same size', async () => {
    const agent = new TargetAgent();
    const [near, far] = duplexPair();
    agent.onChannel = (answer) => answer(null, far);
    const { client, connection } = await makePair(agent);
    await exec(client, { agentForward: true });
    const channel = await openAgentChannel(connection);
    const bytes = 5 * 1024 * 1024;
    let arrived = 0;
    const all = Promise.withResolvers<void>();
    near.on('data', (chunk: Buffer) => {
      arrived += chunk.length;
      if (arrived === bytes) all.resolve();
    });
    channel.write(Buffer.alloc(bytes));
    await all.promise;
    let back = 0;
    const allBack = Promise.withResolvers<void>();
    channel.on('data', (chunk: Buffer) => {
      back += chunk.length;
      if (back === bytes) allBack.resolve();
    });
    near.write(Buffer.alloc(bytes));
    await allBack.promise;
    expect([arrived, back]).toEqual([bytes, bytes]);
    client.end();
  });

  test('such a channel announces what ssh2\'s server then counts from', async () => {
    const agent = new TargetAgent();
    agent.onChannel = (answer) => answer(null, duplexPair()[1]);
    const { client, connection } = await makePair(agent);
    await exec(client, { agentForward: true });
    const channel = await openAgentChannel(connection);
    const channels: unknown[] = Object.values(Object(Reflect.get(Object(Reflect.get(client, '_chanMgr')), '_channels')));
    const ofClient = channels.find((one) => Reflect.get(Object(one), 'type') === AGENT_CHANNEL);
    const [announced, counted] = [Object(Reflect.get(Object(ofClient), 'outgoing')), Object(Reflect.get(channel, 'incoming'))];
    expect([announced.window, announced.packetSize]).toEqual([counted.window, counted.packetSize]);
    expect(counted.window).toBeGreaterThan(0);
    client.end();
  });

  test('a client that forwards no agent refuses the channel', async () => {
    const { client, connection } = await makePair(new TargetAgent());
    await expect(openAgentChannel(connection)).rejects.toThrow('Channel open failure');
    client.end();
  });

  test('a client that goes answers what was asked of it', async () => {
    const agent = new TargetAgent();
    agent.onChannel = () => undefined;
    const { client, connection } = await makePair(agent);
    await exec(client, { agentForward: true });
    const asked = openAgentChannel(connection);
    client.end();
    await expect(asked).rejects.toThrow('No response from server');
  });

  test('what a server opens is told before ssh2 answers, and what may not be seen is not answered', async () => {
    const { client, connection } = await makePair();
    const seen: string[] = [];
    watchChannelOpens(client, (type) => seen.push(type) < 3);
    await expect(openAgentChannel(connection)).rejects.toThrow('Channel open failure');
    await new Promise((resolve) => connection.x11('1.2.3.4', 5, resolve));
    let answered = false;
    connection.forwardOut('1.2.3.4', 5, '1.2.3.4', 5, () => (answered = true));
    await exec(client, {});
    expect(seen).toEqual([AGENT_CHANNEL, 'x11', 'forwarded-tcpip']);
    expect(answered).toBe(false);
    client.end();
  });

  test('a server that refuses to forward is known by ssh2\'s words', async () => {
    const { client } = await makePair(new TargetAgent(), false);
    const refusals = await Promise.all([{ agentForward: true }, { x11: true }].map((options) => exec(client, options).catch(refusedForwarding)));
    expect(refusals).toEqual(['agent', 'x11']);
    client.end();
  });

  test('a server that gives no terminal is known by ssh2\'s words, and not taken for one that refuses all else', async () => {
    const { client } = await makePair(new TargetAgent(), false);
    const refusals = await Promise.all([{ pty: true }, { agentForward: true }].map((options) => exec(client, options).catch(refusedTerminal)));
    expect(refusals).toEqual([true, false]);
    client.end();
  });

  test('without the insides it says so, at once', async () => {
    const { client, connection } = await makePair();
    Reflect.set(Object(Reflect.get(connection, '_protocol')), 'openssh_authAgent', undefined);
    await expect(openAgentChannel(connection)).rejects.toThrow('ssh2 has no openssh_authAgent');
    expect(() => watchChannelOpens(new ssh2.Client(), () => true)).toThrow('ssh2 has no _protocol');
    client.end();
  });

  describe('its cipher, where ours takes its place', () => {
    const CIPHERS = ['aes128-gcm@openssh.com', 'aes256-gcm@openssh.com', 'aes128-ctr'] as const;

    /** A command's channel whose server gives back all that it gets, under one cipher. */
    async function makeEcho(cipher: (typeof CIPHERS)[number]): Promise<{ client: ssh2.Client; connection: ssh2.Connection; channel: ssh2.ClientChannel; near: Socket }> {
      const { near, far } = await socketPair();
      const accepted = Promise.withResolvers<ssh2.Connection>();
      const server = new ssh2.Server({ hostKeys: [makeHostKey().privateKey] }, (connection) => {
        connection.on('authentication', (context) => context.accept());
        connection.on('error', () => undefined);
        connection.on('session', (accept) => {
          accept().on('exec', (take) => {
            const channel = take();
            channel.pipe(channel);
          });
        });
        connection.on('ready', () => accepted.resolve(connection));
      });
      server.injectSocket(far);
      const client = new ssh2.Client();
      client.on('error', () => undefined);
      client.on('handshake', () => sealCheaply(client, near));
      const ready = once(client, 'ready');
      client.connect({ sock: near, username: 'x', authHandler: ['none'], hostVerifier: () => true, algorithms: { cipher: [cipher] } });
      await ready;
      const channel = await new Promise<ssh2.ClientChannel>((resolve, reject) => client.exec('echo', (error, opened) => (error === undefined ? resolve(opened) : reject(error))));
      return { client, connection: await accepted.promise, channel, near };
    }

    const cipherOf = (client: ssh2.Client): unknown => Reflect.get(Object(Reflect.get(client, '_protocol')), '_cipher');

    test.each(CIPHERS)('%s: the server reads each byte, over new keys as well, and what was begun before them', async (cipher) => {
      const { client, connection, channel } = await makeEcho(cipher);
      const bytes = randomBytes(3 * 1024 * 1024 + 7);
      const back: Buffer[] = [];
      let received = 0;
      const all = Promise.withResolvers<void>();
      channel.once('data', () => connection.rekey());
      channel.on('data', (piece: Buffer) => {
        back.push(piece);
        received += piece.length;
        if (received === bytes.length) all.resolve();
      });
      client.once('close', () => all.reject(new Error('the connection broke')));
      const newKeys = once(client, 'handshake');
      // All sizes around a packet's, a block's and the least padding's.
      let at = 0;
      for (let size = 1; size < 70; size += 1) channel.write(bytes.subarray(at, (at += size)));
      for (let size = 32_700; size < 32_800; size += 7) channel.write(bytes.subarray(at, (at += size)));
      channel.write(bytes.subarray(at, (at += 1_000_000)));
      await newKeys;
      channel.write(bytes.subarray(at));
      await all.promise;
      expect(Buffer.concat(back).equals(bytes)).toBe(true);
      // Where the cipher is another one, ssh2's own stays.
      expect(cipherOf(client) instanceof PacketSealer).toBe(cipher !== 'aes128-ctr');
      client.end();
    });

    test('what is written in one turn leaves in one piece', async () => {
      const { client, channel, near } = await makeEcho('aes128-gcm@openssh.com');
      let pieces = 0;
      const handle: object = Object(Reflect.get(near, '_handle'));
      for (const name of ['writev', 'writeBuffer']) {
        const own: unknown = Reflect.get(handle, name);
        if (typeof own !== 'function') throw new Error(`Node has no ${name}`);
        Reflect.set(handle, name, (...parameters: unknown[]): unknown => {
          pieces += 1;
          return Reflect.apply(own, handle, parameters);
        });
      }
      // Little enough that no answer of the server asks for a new window meanwhile.
      channel.write(Buffer.alloc(200_000));
      await new Promise((resolve) => setImmediate(resolve));
      expect(pieces).toBe(1);
      client.end();
    });

    test('the memory of what was sealed goes back as soon as it is written, and not before', () => {
      const parts: Uint8Array[] = [];
      const callbacks: (() => void)[] = [];
      const sealer = new PacketSealer({
        cipher: 'aes-128-gcm', key: createSecretKey(Buffer.alloc(16)), iv: Buffer.alloc(12), sequence: 0,
        write: (ofPacket, written) => {
          parts.push(...ofPacket);
          callbacks.push(written);
        },
      });
      sealer.encrypt(sealer.allocPacket(32 * 1024));
      const sealed = parts.find(({ length }) => length > 32 * 1024);
      expect(sealed?.length).toBe(32 * 1024 + 16);
      for (const written of callbacks) written();
      expect(sealed?.length).toBe(0);
    });

    test('nothing is sent under the nonce of another packet', () => {
      const iv = Buffer.concat([Buffer.from([1, 2, 3, 4]), Buffer.alloc(8, 0xff)]);
      iv[4] = 0;
      const sent: string[] = [];
      const sealer = new PacketSealer({ cipher: 'aes-128-gcm', key: createSecretKey(Buffer.alloc(16)), iv, sequence: 2 ** 32 - 1, write: (parts) => void sent.push(Buffer.concat(parts).subarray(0, 20).toString('hex')) });
      for (let packet = 0; packet < 3; packet += 1) sealer.encrypt(sealer.allocPacket(32).fill(0, 5));
      expect(new Set(sent).size).toBe(3);
      // The carry goes through all eight bytes and leaves the fixed ones alone.
      expect(iv.toString('hex')).toBe('010203040100000000000002');
      expect(sealer.outSeqno).toBe(2);
      sealer.free();
      sealer.encrypt(sealer.allocPacket(32));
      expect(sent.length).toBe(3);
    });
  });
});
