import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { ClientKey } from '../../../src-main/account/client-key.ts';
import type { WayOut } from '../../../src-main/network/way-out.ts';
import { dialGateway, type DialledHop, type DialOptions, type ReachedGateway } from '../../../src-main/sessions/gateway-dial.ts';
import { type ConnectProxy, type ConnectProxyBehaviour, startConnectProxy } from '../../fixtures/connect-proxy.ts';
import { freePorts } from '../../fixtures/free-ports.ts';
import { startScriptedGateway, type ScriptedGateway, strangePin } from '../../fixtures/scripted-gateway.ts';

// The client's one dial, on real sockets. Gateways here do the handshake only: what is proved is the way to it.

const identity = new ClientKey(() => Date.now()).identity;
const open: { stop(): unknown }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.stop()));
});
const kept = <T extends { stop(): unknown }>(one: T): T => {
  open.push(one);
  return one;
};

const gateway = async (): Promise<ScriptedGateway> => kept(await startScriptedGateway(() => undefined));
const proxy = async (behaviour: ConnectProxyBehaviour = {}): Promise<ConnectProxy> => kept(await startConnectProxy(behaviour));
const by = ({ host, port }: ConnectProxy, credentials: { userName: string; password: string } | null = null): WayOut => ({ kind: 'http-proxy', host, port, credentials });

/** A port that takes connections and does this with them. */
async function listening(serve: (socket: Socket) => void): Promise<{ port: number; connections: () => number }> {
  let connections = 0;
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  kept({
    stop: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  });
  return { port: typeof address === 'object' && address !== null ? address.port : 0, connections: () => connections };
}
/** As a firewall that drops: nothing ever comes back. */
const dropping = () => listening(() => undefined);
const refusing = async (): Promise<number> => (await freePorts(1))[0] ?? 0;
const resetting = () => listening((socket) => socket.resetAndDestroy());
const speakingOtherwise = () => listening((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'));

/** Until the next way is tried beside one that is silent. */
const STAGGER_MS = 150;
/** Where the first way works and is to be the one: longer than a busy machine takes for a handshake. */
const PATIENT = { staggerMs: 20_000 } as const;
function dial(hop: Partial<DialledHop> & Pick<DialledHop, 'ports' | 'pins'>, options: Partial<DialOptions> = {}): Promise<ReachedGateway> {
  const reached = dialGateway({ gatewayName: 'office1', host: '127.0.0.1', fallbackPort: null, ...hop }, { identity, signal: new AbortController().signal, random: Math.random, staggerMs: STAGGER_MS, ...options });
  reached.then(({ socket }) => kept({ stop: () => socket.destroy() }), () => undefined);
  return reached;
}

describe('S74, S75: the proxy ports of a gateway', () => {
  test.each([
    ['refused', refusing],
    ['dropped', async () => (await dropping()).port],
    ['reset', async () => (await resetting()).port],
    ['answered by something else', async () => (await speakingOtherwise()).port],
    ['answered by a stranger', async () => (await gateway()).port],
  ])('a port that is %s is passed over for the next', async (_what, bad) => {
    const good = await gateway();
    expect(await dial({ ports: [[await bad()], [good.port]], pins: [good.pin] })).toMatchObject({ port: good.port, over443: false, proxy: null });
  });

  test('closed one after the other, the next takes over, until the last', async () => {
    const gateways = await Promise.all([gateway(), gateway(), gateway()]);
    const hop = { ports: gateways.map((one) => [one.port]), pins: gateways.map(({ pin }) => pin) };
    for (const one of gateways) {
      expect((await dial(hop, PATIENT)).port).toBe(one.port);
      await one.stop();
    }
    await expect(dial(hop)).rejects.toMatchObject({ code: 'gateway.refused', args: { gateway: 'office1' } });
  });

  test('equals are each chosen as often, over real connections', async () => {
    const gateways = await Promise.all([gateway(), gateway(), gateway()]);
    const counts = new Map<number, number>();
    for (let count = 0; count < 90; count += 1) {
      const { port: chosen, socket } = await dial({ ports: [gateways.map((one) => one.port)], pins: gateways.map(({ pin }) => pin) }, PATIENT);
      socket.destroy();
      counts.set(chosen, (counts.get(chosen) ?? 0) + 1);
    }
    // Chi-square with two degrees of freedom: above 41.4 once in a billion runs; 180 where it is always the same one.
    const chiSquare = gateways.map((one) => ((counts.get(one.port) ?? 0) - 30) ** 2 / 30).reduce((sum, part) => sum + part, 0);
    expect(chiSquare).toBeLessThan(41.4);
  });

  test('a gateway that speaks TLS 1.2 is refused before a hello, although its key is the pinned one', async () => {
    const old = kept(await startScriptedGateway(() => undefined, { tlsVersion: 'TLSv1.2' }));
    await expect(dial({ ports: [[old.port]], pins: [old.pin] }, PATIENT)).rejects.toMatchObject({ code: 'gateway.tls-failed' });
    expect(old.hellos).toEqual([]);
  });

  test('what did not win is closed', async () => {
    const [slow, good] = [await dropping(), await gateway()];
    const closed: Promise<void>[] = [];
    const watched = await listening((socket) => closed.push(new Promise((resolve) => socket.once('close', () => resolve()).resume())));
    expect((await dial({ ports: [[slow.port], [watched.port], [good.port]], pins: [good.pin] })).port).toBe(good.port);
    await Promise.all(closed);
    expect(watched.connections()).toBe(1);
  });
});

describe('S60, S65: the link port (443) where no proxy port can be reached', () => {
  test('three dropped ports cost their moments, not their time limits', async () => {
    const [dropped, good] = [await Promise.all([dropping(), dropping(), dropping()]), await gateway()];
    const began = performance.now();
    expect(await dial({ ports: dropped.map((one) => [one.port]), pins: [good.pin], fallbackPort: good.port }, { staggerMs: 700 })).toMatchObject({ port: good.port, over443: true, proxy: null });
    expect(performance.now() - began).toBeLessThan(15_000);
    expect(performance.now() - began).toBeGreaterThan(2000);
  });

  test('a proxy port that answers is preferred', async () => {
    const [good, fallback] = [await gateway(), await gateway()];
    expect(await dial({ ports: [[await refusing()], [good.port]], pins: [good.pin, fallback.pin], fallbackPort: fallback.port }, PATIENT)).toMatchObject({ port: good.port, over443: false });
  });

  test('where it may not be used it is not tried, and the failure is that of the proxy ports', async () => {
    const fallback = await listening(() => undefined);
    await expect(dial({ ports: [[await refusing()]], pins: [strangePin()], fallbackPort: null }, { waysOut: () => Promise.reject(new Error('asked')) })).rejects.toMatchObject({ code: 'gateway.refused' });
    expect(fallback.connections()).toBe(0);
  });

  test('a key that is not the pinned one is not spoken to there either', async () => {
    const stranger = await gateway();
    await expect(dial({ ports: [[await refusing()]], pins: [strangePin()], fallbackPort: stranger.port }, { waysOut: async () => [{ kind: 'direct' }] })).rejects.toMatchObject({ code: 'gateway.pin-mismatch' });
    expect(stranger.hellos).toEqual([]);
  });
});

describe('by way of an HTTP proxy', () => {
  /** Neither the proxy ports nor the link port are reached straight: only the proxy leads there. */
  async function dialThrough(pin: string, office: ConnectProxy, credentials: { userName: string; password: string } | null = null, options: Partial<DialOptions> = {}): Promise<ReachedGateway> {
    return dial({ ports: [[await refusing()]], pins: [pin], fallbackPort: await refusing() }, { waysOut: async () => [by(office, credentials)], ...options });
  }

  test('S60, S62: the link port is reached by CONNECT, and the key is still the pinned one', async () => {
    const good = await gateway();
    const office = await proxy({ leadsTo: good.port });
    const reached = await dialThrough(good.pin, office);
    expect(reached).toMatchObject({ over443: true, proxy: office.name });
    expect(office.requests).toEqual([`CONNECT 127.0.0.1:${reached.port} HTTP/1.1\r\nHost: 127.0.0.1:${reached.port}`]);
    expect(office.relayed()).toBeGreaterThan(0);
  });

  test('straight is preferred where both lead there, and the proxy is not even asked', async () => {
    const good = await gateway();
    const office = await proxy({ leadsTo: good.port });
    expect(await dial({ ports: [[await refusing()]], pins: [good.pin], fallbackPort: good.port }, { waysOut: async () => [by(office)], ...PATIENT })).toMatchObject({ proxy: null, over443: true });
    expect(office.requests).toEqual([]);
  });

  const unusable: readonly [string, ConnectProxyBehaviour, string][] = [
    ['403', { answer: 'HTTP/1.1 403 Forbidden\r\n\r\n' }, 'proxy.refused'],
    ['a redirect, which is not followed', { answer: 'HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n' }, 'proxy.refused'],
    ['NTLM alone', { answer: 'HTTP/1.1 407 x\r\nProxy-Authenticate: NTLM\r\nProxy-Authenticate: Negotiate\r\n\r\n' }, 'proxy.scheme-unsupported'],
    ['no HTTP', { answer: 'SSH-2.0-x\r\n' }, 'proxy.answer-invalid'],
    ['a header without an end', { answer: `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(10_000)}`, then: 'repeat' }, 'proxy.answer-invalid'],
    ['a header that never ends, slowly', { answer: 'HTTP/1.1 200 OK\r\nX', then: 'silent' }, 'proxy.time-out'],
    ['nothing', { slowMs: 60_000 }, 'proxy.time-out'],
    ['bytes behind its 200', { injected: { bytes: Buffer.from('injected'), when: 'with-the-answer' as const } }, 'proxy.answer-invalid'],
    ['its end', { answer: '' }, 'proxy.answer-invalid'],
  ];
  test.each(unusable)('a proxy that answers %s is not used', async (_what, behaviour, code) => {
    const office = await proxy({ leadsTo: (await gateway()).port, ...behaviour });
    // Short only where it is waited out: an answer is to be judged, however long a busy machine takes to give it.
    await expect(dialThrough(strangePin(), office, null, { timeoutMs: code === 'proxy.time-out' ? 3_000 : 20_000 })).rejects.toMatchObject({ code });
    expect(office.requests).toHaveLength(1);
  });

  test('what a proxy puts into the stream later breaks the handshake, and nothing else', async () => {
    const good = await gateway();
    const office = await proxy({ leadsTo: good.port, injected: { bytes: Buffer.from('not TLS at all'), when: 'after-the-client-spoke' } });
    await expect(dialThrough(good.pin, office)).rejects.toMatchObject({ code: 'gateway.tls-failed' });
    expect(good.hellos).toEqual([]);
  });

  test('a proxy that leads to somebody else is seen by the key', async () => {
    const stranger = await gateway();
    await expect(dialThrough(strangePin(), await proxy({ leadsTo: stranger.port }))).rejects.toMatchObject({ code: 'gateway.pin-mismatch' });
  });

  test('Basic: asked for, refused, and let through; the password stands in the request alone', async () => {
    const credentials = { userName: 'ann', password: 'p:wörd' };
    const good = await gateway();
    const office = await proxy({ leadsTo: good.port, credentials });
    await expect(dialThrough(good.pin, office)).rejects.toMatchObject({ code: 'proxy.authentication-required', args: { proxy: office.name } });
    await expect(dialThrough(good.pin, office, { ...credentials, password: 'x' })).rejects.toMatchObject({ code: 'proxy.authentication-failed' });
    expect(await dialThrough(good.pin, office, credentials)).toMatchObject({ over443: true, proxy: office.name });
    expect(office.relayed()).toBeGreaterThan(0);
    expect(office.requests.map((request) => request.includes('Proxy-Authorization'))).toEqual([false, true, true]);
  });

  test('of several the first that works; another kind is named where none does', async () => {
    const good = await gateway();
    const [bad, office] = [await proxy({ answer: 'HTTP/1.1 500 x\r\n\r\n' }), await proxy({ leadsTo: good.port })];
    expect(await dial({ ports: [[await refusing()]], pins: [good.pin], fallbackPort: await refusing() }, { waysOut: async () => [{ kind: 'unsupported', scheme: 'SOCKS5', proxy: 's:1' }, by(bad), by(office)] })).toMatchObject({ proxy: office.name });
    await expect(dial({ ports: [[await refusing()]], pins: [good.pin], fallbackPort: await refusing() }, { waysOut: async () => [{ kind: 'unsupported', scheme: 'SOCKS5', proxy: 's:1' }] })).rejects.toMatchObject({ code: 'proxy.scheme-unsupported', args: { scheme: 'SOCKS5', proxy: 's:1' } });
  });

  test('giving up closes what is being dialled', async () => {
    const stop = new AbortController();
    const silent = await dropping();
    const reached = dial({ ports: [[silent.port]], pins: [strangePin()] }, { signal: stop.signal });
    setTimeout(() => stop.abort(), 50);
    await expect(reached).rejects.toMatchObject({ code: 'connect.cancelled' });
  });
});
