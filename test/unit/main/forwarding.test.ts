import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { encodeAgentMessage } from '../../../shared/ssh/agent-messages.ts';
import { agentAddress } from '../../../src-main/sessions/forwarding/agent-address.ts';
import { AgentRelay } from '../../../src-main/sessions/forwarding/agent-relay.ts';
import { makeForwardingOffer } from '../../../src-main/sessions/forwarding/forwarding-offer.ts';
import { connectLocally } from '../../../src-main/sessions/forwarding/local-socket.ts';
import { cookieFor } from '../../../src-main/sessions/forwarding/x-authority.ts';
import { parseDisplay } from '../../../src-main/sessions/forwarding/x-display.ts';
import { exchangeSecret } from '../../../src-main/sessions/forwarding/x-setup.ts';
import { authorityEntry } from '../../fixtures/x-server.ts';
import { socketPair } from '../../fixtures/ssh-session.ts';

describe('where the user\'s agent is', () => {
  test.each([
    ['what SSH_AUTH_SOCK names', { SSH_AUTH_SOCK: '/run/agent' }, 'linux', '/run/agent'],
    ['the pipe of Windows', {}, 'win32', '\\\\.\\pipe\\openssh-ssh-agent'],
    ['what SSH_AUTH_SOCK names on Windows too', { SSH_AUTH_SOCK: '\\\\.\\pipe\\pageant' }, 'win32', '\\\\.\\pipe\\pageant'],
    ['nowhere', { SSH_AUTH_SOCK: '' }, 'darwin', undefined],
  ])('%s', (_, environment, platform, address) => expect(agentAddress(environment, platform)).toBe(address));
});

describe('where the user\'s X server is', () => {
  test.each([
    [':0', { number: 0, screen: 0, host: '', address: { path: '/tmp/.X11-unix/X0' } }],
    ['unix:12.1', { number: 12, screen: 1, host: '', address: { path: '/tmp/.X11-unix/X12' } }],
    ['localhost:10.0', { number: 10, screen: 0, host: 'localhost', address: { host: 'localhost', port: 6010 } }],
    ['[::1]:2', { number: 2, screen: 0, host: '::1', address: { host: '::1', port: 6002 } }],
    ['/private/tmp/com.apple.launchd.x/org.xquartz:0', { number: 0, screen: 0, host: '', address: { path: '/private/tmp/com.apple.launchd.x/org.xquartz:0' } }],
  ])('%s', (text, display) => expect(parseDisplay(text)).toEqual(display));

  test.each([undefined, '', 'wayland-0', ':', ':x', ':0.0.0', 'host::0', ':99999', `${'a'.repeat(600)}:0`])('%s is no display', (text) => expect(parseDisplay(text)).toBeUndefined());
});

describe('an X server\'s secret', () => {
  const secret = Buffer.from('00112233445566778899aabbccddeeff', 'hex');
  const other = Buffer.alloc(16, 1);
  test.each([
    ['of this machine by its name', authorityEntry('3', secret, { family: 256, address: 'desk' })],
    ['for any display', authorityEntry('', secret)],
    ['behind those of others', Buffer.concat([authorityEntry('4', other, { family: 256, address: 'desk' }), authorityEntry('3', other, { family: 256, address: 'other' }), authorityEntry('3', other, { kind: 'XDM-AUTHORIZATION-1' }), authorityEntry('3', secret)])],
    ['before an entry that is cut short', Buffer.concat([authorityEntry('3', secret), authorityEntry('3', other).subarray(0, 20)])],
  ])('%s', (_, file) => expect(cookieFor(file, { host: '', number: 3 }, 'desk')?.toString('hex')).toBe(secret.toString('hex')));

  test('of another machine by its address', () => {
    const file = authorityEntry('0', secret, { family: 0, address: Buffer.of(192, 0, 2, 7) });
    expect(cookieFor(file, { host: '192.0.2.7', number: 0 }, 'desk')).toEqual(secret);
    expect(cookieFor(file, { host: '192.0.2.8', number: 0 }, 'desk')).toBeUndefined();
    expect(cookieFor(file, { host: '', number: 0 }, 'desk')).toBeUndefined();
    // This machine's own secret is not shown to a display of another.
    expect(cookieFor(authorityEntry('0', secret, { family: 256, address: 'desk' }), { host: '192.0.2.7', number: 0 }, 'desk')).toBeUndefined();
    const six = authorityEntry('0', secret, { family: 6, address: Buffer.from('20010db8000000000000000000000001', 'hex') });
    expect(cookieFor(six, { host: '2001:db8::1', number: 0 }, 'desk')).toEqual(secret);
  });

  test.each([Buffer.alloc(0), Buffer.alloc(1), Buffer.of(0xff, 0xff, 0xff, 0xff), Buffer.alloc(4000, 0xff)])('is not in what is no such file', (file) => expect(cookieFor(file, { host: '', number: 0 }, 'desk')).toBeUndefined());
});

describe('a program\'s first words to the X server', () => {
  const madeUp = Buffer.alloc(16, 7);
  const own = Buffer.alloc(16, 9);
  const words = (big: boolean, secret: Buffer, kind = 'MIT-MAGIC-COOKIE-1'): Buffer => {
    const head = Buffer.alloc(12);
    head[0] = big ? 0x42 : 0x6c;
    for (const [at, value] of [[2, 11], [6, kind.length], [8, secret.length]] as const) {
      if (big) head.writeUInt16BE(value, at);
      else head.writeUInt16LE(value, at);
    }
    const pad = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
    return Buffer.concat([head, pad(Buffer.from(kind)), pad(secret)]);
  };

  test.each([true, false])('B4: with the secret that was made up go on with the server\'s own (big-endian: %s), whatever pieces they come in', (big) => {
    const all = Buffer.concat([words(big, madeUp), Buffer.from('rest')]);
    for (let length = 0; length < all.length - 4; length += 1) expect(exchangeSecret(all.subarray(0, length), madeUp, own).kind).toBe('more');
    const step = exchangeSecret(all, madeUp, own);
    if (step.kind !== 'ready') throw new Error(step.kind);
    expect(step.setup).toEqual(words(big, own));
    expect(step.rest.toString()).toBe('rest');
  });

  test('go on without a secret where the server wants none', () => {
    const step = exchangeSecret(words(false, madeUp), madeUp, undefined);
    expect(step).toMatchObject({ kind: 'ready', setup: words(false, Buffer.alloc(0), '') });
  });

  test.each([
    ['another secret', words(false, Buffer.alloc(16, 8))],
    ['a part of the secret', words(false, madeUp.subarray(0, 8))],
    ['no secret', words(false, Buffer.alloc(0), '')],
    ['the server\'s own secret, which the target cannot know', words(false, own)],
    ['another kind of proof', words(false, madeUp, 'XDM-AUTHORIZATION-1')],
    ['an order of bytes that does not exist', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['lengths beyond reason', Buffer.concat([Buffer.of(0x6c, 0, 11, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0)])],
  ])('B4: with %s are refused', (_, received) => expect(exchangeSecret(received, madeUp, own)).toEqual({ kind: 'refused' }));
});

describe('what a session may offer', () => {
  const made = { environment: { SSH_AUTH_SOCK: '/run/agent', DISPLAY: ':5' }, platform: 'linux', homeFolder: '/nowhere', hostName: 'desk' };
  const all = { agentForwarding: true, x11Forwarding: true };

  test('nothing by default, though the rule allows it', async () => {
    expect(await makeForwardingOffer({ ...made, policy: all, settings: { forwardAgent: false, forwardX11: 'off' } })).toEqual({ agent: null, display: null });
  });

  test('nothing that the rule does not allow, though the user wants it', async () => {
    expect(await makeForwardingOffer({ ...made, policy: { agentForwarding: false, x11Forwarding: false }, settings: { forwardAgent: true, forwardX11: 'full' } })).toEqual({ agent: null, display: null });
  });

  test('what both want, with the secret of the display from the user\'s own file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mavis-authority-'));
    writeFileSync(join(folder, '.Xauthority'), authorityEntry('5', Buffer.alloc(16, 3)));
    const offer = await makeForwardingOffer({ ...made, homeFolder: folder, policy: all, settings: { forwardAgent: true, forwardX11: 'restricted' } });
    rmSync(folder, { recursive: true });
    expect(offer).toEqual({ agent: { address: '/run/agent' }, display: { restricted: true, server: { address: { path: '/tmp/.X11-unix/X5' }, screen: 0, secretHex: '03'.repeat(16) } } });
  });

  test('what is not there is said, not left out', async () => {
    expect(await makeForwardingOffer({ ...made, environment: {}, policy: all, settings: { forwardAgent: true, forwardX11: 'full' } })).toEqual({ agent: { address: null }, display: { restricted: false, server: null } });
  });
});

describe('a connection of the target to the agent', () => {
  const LIST = encodeAgentMessage(Uint8Array.of(11));
  const SIGN = encodeAgentMessage(Uint8Array.of(13, 0));
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  async function relayTo(agent: (socket: Socket) => void, answerLimitMs = 5000): Promise<{ relay: AgentRelay; told: string[] }> {
    const { near, far } = await socketPair();
    agent(far.on('error', () => undefined));
    const told: string[] = [];
    const relay = new AgentRelay({ socket: near.on('error', () => undefined), signing: () => void told.push('signing'), silent: () => void told.push('silent'), answerLimitMs });
    return { relay, told };
  }

  test('B4: passes on questions one at a time, and refuses by itself what a target may not ask', async () => {
    const asked: Buffer[] = [];
    const { relay, told } = await relayTo((socket) => {
      socket.on('data', (bytes: Buffer) => {
        asked.push(bytes);
        setTimeout(() => socket.write(encodeAgentMessage(Uint8Array.of(12, asked.length))), 5);
      });
    });
    const got: Buffer[] = [];
    relay.on('data', (bytes: Buffer) => got.push(bytes));
    // List, remove all keys, sign, lock: in one piece.
    relay.write(Buffer.concat([LIST, encodeAgentMessage(Uint8Array.of(19)), SIGN, encodeAgentMessage(Uint8Array.of(22, 0, 0, 0, 0))]));
    await expect.poll(() => Buffer.concat(got).length).toBe(6 + 5 + 6 + 5);
    expect(Buffer.concat(got)).toEqual(Buffer.concat([Uint8Array.of(12, 1), Uint8Array.of(5), Uint8Array.of(12, 2), Uint8Array.of(5)].map(encodeAgentMessage)));
    expect(asked.map((bytes) => [...bytes])).toEqual([[...LIST], [...SIGN]]);
    expect(told).toEqual(['signing']);
    relay.close();
  });

  test('an agent that does not answer is given up, and told', async () => {
    const { relay, told } = await relayTo(() => undefined, 50);
    const ended = once(relay.resume(), 'end');
    relay.write(LIST);
    await ended;
    expect(told).toEqual(['silent']);
  });

  test.each([
    ['answers what nobody asked', (socket: Socket) => void socket.write(encodeAgentMessage(Uint8Array.of(12)))],
    ['sends what is no message', (socket: Socket) => void socket.write(Buffer.alloc(40, 0xff))],
    ['leaves', (socket: Socket) => void socket.end()],
  ])('an agent that %s is let go', async (_, agent) => {
    const { relay, told } = await relayTo(agent);
    await once(relay.resume(), 'end');
    expect(told).toEqual([]);
  });

  test('a target that asks without end and does not read is asked for no more than it takes', async () => {
    let asked = 0;
    const { relay } = await relayTo((socket) => {
      socket.on('data', () => {
        asked += 1;
        socket.write(encodeAgentMessage(new Uint8Array(200_000).fill(12)));
      });
    });
    relay.write(Buffer.concat(Array.from({ length: 2000 }, () => LIST)));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(asked).toBeLessThan(5);
    relay.close();
  });

  test('a socket at which nobody listens is told at once', async () => {
    await expect(connectLocally({ path: '/nowhere/agent' })).rejects.toThrow('ENOENT');
    const server = createServer();
    servers.push(server.listen(0, '127.0.0.1'));
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    (await connectLocally({ host: '127.0.0.1', port: address.port })).destroy();
  });
});
