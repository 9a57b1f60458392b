import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:https';
import type { Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeLinkFrame, LINK_ALPN, LINK_FORWARD_ALPN, linkFrameKind } from '../../../shared/link/framing.ts';
import type { JournalEvent } from '../../../shared/link/messages.ts';
import { encodeFrame, frameType } from '../../../shared/proxy-stream/frames.ts';
import { systemClock } from '../../../src-gateway/clock/clock.ts';
import { HELLO_LIMIT_MS } from '../../../src-gateway/proxy-port/greeting.ts';
import { bareConnection, HostileProxyClient } from '../../fixtures/hostile-proxy-client.ts';
import { makeKeyPair, type TestKeyPair } from '../../fixtures/key-pair.ts';
import { ShiftableClock } from '../../fixtures/manual-clock.ts';
import { TestGateway } from '../../fixtures/running-gateway.ts';

/** Resolves when the other side has closed. */
function whenClosed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) resolve();
    else socket.once('close', () => resolve());
    socket.resume();
  });
}

describe('peers who mean harm', () => {
  const clock = new ShiftableClock(systemClock());
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await TestGateway.start({ clock });
  });
  afterAll(() => gateway.stop());
  const ports = (): number[] => [gateway.running.linkPort, ...gateway.running.proxyPorts];
  /** Lets the gateway forget whom it sent away before: a flood of addresses takes the places of those that are told one by one. */
  const quietMinutes = async (): Promise<void> => {
    clock.advance(121_000);
    // The link is given up as silent while the clock is moved.
    await gateway.linkAgain();
  };
  /** What stands in the journal of peers of one address who were sent away, once it is there. */
  const sentAway = async (address: string, entries: number): Promise<Record<string, unknown>[]> => {
    const of = (events: readonly JournalEvent[]): Record<string, unknown>[] => events.filter(({ kind, facts }) => kind === 'peer-refused' && facts['address'] === address).map(({ facts }) => facts);
    return of(await gateway.journalUntil((events) => of(events).length >= entries));
  };

  test('B5: 2,000 half-open connections of many addresses do not keep a client or the service out', async () => {
    const open: Socket[] = [];
    for (let at = 0; at < 2000; at += 100) {
      // Loopback has 16 million addresses: enough for an attacker of whom no single one is conspicuous.
      const group = Array.from({ length: 100 }, (_none, one) => bareConnection(ports()[one % 4] ?? 0, `127.1.${Math.floor((at + one) / 50)}.${1 + (one % 50)}`));
      open.push(...(await Promise.all(group)));
    }
    const begun = performance.now();
    expect(await gateway.link.ask('status', { epoch: 0 })).toMatchObject({ canRecord: true });
    const { client } = await gateway.session();
    expect(performance.now() - begun).toBeLessThan(10_000);
    client.destroy();
    for (const socket of open) socket.destroy();
  });

  test('B5: one address holds at most 64 connections that have not proved who they are; the rest are closed, others are served', async () => {
    const port = gateway.running.proxyPorts[1] ?? 0;
    const sockets = await Promise.all(Array.from({ length: 100 }, () => bareConnection(port, '127.9.9.9')));
    const closedCount = (): number => sockets.filter((socket) => socket.destroyed).length;
    for (const socket of sockets) socket.resume();
    await Promise.all(sockets.slice(64).map((socket) => whenClosed(socket)));
    expect(closedCount()).toBe(36);
    const { client } = await gateway.session();
    client.destroy();
    for (const socket of sockets) socket.destroy();
  });

  test('B5: a connection that never begins TLS is closed after ten seconds', async () => {
    await quietMinutes();
    const begun = performance.now();
    const sockets = await Promise.all(ports().map((port) => bareConnection(port, '127.9.9.8')));
    sockets[0]?.write(Buffer.from([0x16, 0x03]));
    await Promise.all(sockets.map((socket) => whenClosed(socket)));
    expect(performance.now() - begun).toBeGreaterThan(9000);
    expect(performance.now() - begun).toBeLessThan(25_000);
    expect(await sentAway('127.9.9.8', 4)).toEqual(expect.arrayContaining(ports().map((port) => ({ code: 'hello.time-out', what: 'ERR_TLS_HANDSHAKE_TIMEOUT', address: '127.9.9.8', port, count: 1 }))));
  });

  test('B5: a hello that comes byte by byte is given up after its five seconds', async () => {
    const client = await gateway.client(gateway.clientKey, { localAddress: '127.9.9.5' });
    const frame = encodeFrame(frameType.hello, Buffer.from(JSON.stringify({ version: 1, ticket: 'A'.repeat(43), protocol: 'ssh' })));
    client.sendRaw(encodeFrame(frameType.ping, new Uint8Array(8)));
    await client.until(() => client.frames.find(({ type }) => type === frameType.pong));
    client.sendRaw(frame.subarray(0, 4));
    clock.advance(HELLO_LIMIT_MS - 1000);
    client.sendRaw(frame.subarray(4, 8));
    clock.advance(2000);
    expect(await client.outcome()).toBe('hello.time-out');
    await client.closed;
    expect(await sentAway('127.9.9.5', 1)).toEqual([{ code: 'hello.time-out', what: 'no-hello', address: '127.9.9.5', port: gateway.running.proxyPorts[0], count: 1, clientKeyThumbprint: gateway.clientKey.thumbprint }]);
  });

  test('S12, B3: garbage on the link port and the proxy ports is answered by a closed connection, and stands in the journal: the first of each port at once, the others as a count, and not a byte of it', async () => {
    // Zeros before what is drawn: one time in some hundreds that begins as a hello of SSL 2, whose rest is waited for.
    const pieces = [Buffer.concat([Buffer.alloc(3), randomBytes(5000)]), Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'), Buffer.from('SSH-2.0-OpenSSH_9.2\r\n'), Buffer.from([3, 0, 0, 19, 14, 224, 0, 0]), Buffer.alloc(65_536, 0x16)];
    for (const port of ports()) {
      for (const piece of pieces) {
        const socket = await bareConnection(port, '127.9.9.7');
        socket.on('error', () => undefined);
        socket.write(piece);
        await whenClosed(socket);
      }
    }
    expect(await gateway.link.ask('status', { epoch: 0 })).toMatchObject({ canRecord: true });
    await sentAway('127.9.9.7', 4);
    // The link is given up as silent while the clock is moved.
    clock.advance(61_000);
    await gateway.linkAgain();
    const told = await sentAway('127.9.9.7', 8);
    for (const port of ports()) expect(told.filter((facts) => facts['port'] === port).map(({ code, count }) => [code, count])).toEqual([['hello.malformed', 1], ['hello.malformed', pieces.length - 1]]);
    expect(told.map((facts) => Object.keys(facts).toSorted().join())).toEqual(Array.from({ length: 8 }, () => 'address,code,count,port,what'));
    expect(JSON.stringify(told)).not.toMatch(/OpenSSH|Host: x/);
  });

  test('S12: garbage, an oversized hello and a frame out of its place inside TLS are answered as malformed, closed, and in the journal with the key that was shown', async () => {
    const header = (type: number, length: number): Buffer => {
      const bytes = Buffer.alloc(5);
      bytes[0] = type;
      bytes.writeUInt32BE(length, 1);
      return bytes;
    };
    const bad = [
      header(0x99, 3),
      header(frameType.hello, 16 * 1024 + 1),
      header(frameType.hello, 1024 * 1024),
      Buffer.concat([header(frameType.hello, 4), Buffer.from('{{{{')]),
      Buffer.concat([header(frameType.hello, 2), Buffer.from([0xff, 0xfe])]),
      Buffer.concat([header(frameType.hello, 2), Buffer.from('{}')]),
      header(frameType.cancel, 0),
      Buffer.concat([header(frameType.data, 9), Buffer.alloc(9)]),
    ];
    for (const [at, bytes] of bad.entries()) {
      const client = await gateway.client(gateway.clientKey, { localAddress: `127.9.8.${String(1 + at)}` });
      client.sendRaw(bytes);
      expect(await client.outcome()).toBe('hello.malformed');
      await client.closed;
    }
    const whats = ['unknown-type', 'too-long', 'too-long', 'bad-payload', 'bad-payload', 'bad-payload', 'bad-order', 'bad-order'];
    for (const [at, what] of whats.entries()) expect(await sentAway(`127.9.8.${String(1 + at)}`, 1)).toMatchObject([{ code: 'hello.malformed', what, clientKeyThumbprint: gateway.clientKey.thumbprint, count: 1 }]);
  });

  test('a client without a certificate, or that speaks another protocol by ALPN, gets nothing', async () => {
    const port = gateway.running.proxyPorts[0] ?? 0;
    const bare = await HostileProxyClient.open(port, null, { localAddress: '127.9.9.4' });
    bare.hello('A'.repeat(43));
    await bare.closed;
    expect(bare.seen).toEqual([]);
    await expect(HostileProxyClient.open(port, gateway.clientKey, { ALPNProtocols: ['h2', LINK_ALPN] })).rejects.toThrow(/closed|ECONNRESET|alert|protocol|disconnected/i);
    const none = await HostileProxyClient.open(port, gateway.clientKey, { ALPNProtocols: [] });
    await none.closed;
    expect(none.seen).toEqual([]);
    expect(await sentAway('127.9.9.4', 1)).toEqual([{ code: 'hello.malformed', what: 'no-certificate', address: '127.9.9.4', port, count: 1 }]);
  });

  test('TLS 1.2 is refused on every port', async () => {
    for (const port of ports()) {
      await expect(HostileProxyClient.open(port, gateway.clientKey, { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' })).rejects.toThrow(/closed|ECONNRESET|alert|protocol|disconnected/i);
    }
  });

  test('a link with another key than the service\'s is dropped, with one line in the log and in the journal', async () => {
    const stranger = await makeKeyPair('CN=stranger');
    for (const [at, key] of [stranger, gateway.clientKey].entries()) {
      const lines = gateway.logLines.length;
      const from = { localAddress: `127.9.7.${String(1 + at)}` };
      const socket = connect({ ...from, host: '127.0.0.1', port: gateway.running.linkPort, key: key.keyPem, cert: key.certificatePem, ALPNProtocols: [LINK_ALPN], rejectUnauthorized: false });
      socket.on('error', () => undefined);
      await whenClosed(socket);
      expect(gateway.logLines.slice(lines).filter((line) => line.includes('not a key of the service'))).toHaveLength(1);
      expect(await sentAway(from.localAddress, 1)).toEqual([{ code: 'gateway.not-the-service', what: 'other-key', address: from.localAddress, port: gateway.running.linkPort, count: 1, clientKeyThumbprint: key.thumbprint }]);
    }
  });

  test('rule 8: the forward of the link is the service\'s alone, takes one request and nothing beside it, and reaches neither the gateway\'s own ports nor what no gateway is', async () => {
    const open = async (key: Pick<TestKeyPair, 'keyPem' | 'certificatePem'>): Promise<TLSSocket> => {
      const socket = connect({ host: '127.0.0.1', port: gateway.running.linkPort, key: key.keyPem, cert: key.certificatePem, ALPNProtocols: [LINK_FORWARD_ALPN], rejectUnauthorized: false, servername: '' });
      socket.on('error', () => undefined);
      await once(socket, 'secureConnect');
      return socket;
    };
    const asking = (host: string, port: number): Uint8Array => encodeLinkFrame(linkFrameKind.json, Buffer.from(JSON.stringify({ id: 1, next: { gatewayId: randomUUID(), gatewayName: 'next', host, port } })));
    const answered = async (socket: TLSSocket): Promise<string> => {
      const seen: Buffer[] = [];
      socket.on('data', (chunk: Buffer) => seen.push(chunk));
      await whenClosed(socket);
      return Buffer.concat(seen).subarray(5).toString();
    };
    for (const key of [await makeKeyPair('CN=stranger'), gateway.clientKey]) {
      const stranger = await open(key);
      stranger.write(asking('127.0.0.1', gateway.target.port));
      expect(await answered(stranger)).toBe('');
    }
    const before = gateway.target.connections;
    for (const bytes of [Buffer.concat([asking('127.0.0.1', gateway.target.port), Buffer.from([0])]), encodeLinkFrame(linkFrameKind.json, Buffer.from('{"id":1}')), encodeLinkFrame(linkFrameKind.binary, Buffer.alloc(8))]) {
      const socket = await open(gateway.serviceKey);
      socket.write(bytes);
      expect(await answered(socket)).toBe('');
    }
    expect(gateway.target.connections).toBe(before);
    for (const [host, port] of [['127.0.0.1', gateway.running.linkPort], ['127.0.0.1', gateway.running.proxyPorts[0] ?? 0], ['169.254.169.254', 443]] as const) {
      const socket = await open(gateway.serviceKey);
      socket.write(asking(host, port));
      expect(JSON.parse(await answered(socket))).toEqual({ id: 1, error: { code: 'tunnel.next-unreachable', args: { gateway: 'next' } } });
    }
    const late = await open(gateway.serviceKey);
    late.resume();
    // Its time runs from when the gateway has taken it, which is a moment after the handshake here.
    await expect.poll(() => {
      clock.advance(6000);
      return late.destroyed;
    }).toBe(true);
  });

  test('B5: a request for ping whose headers never end is closed after ten seconds', async () => {
    const socket = connect({ host: '127.0.0.1', port: gateway.running.linkPort, ALPNProtocols: ['http/1.1'], rejectUnauthorized: false });
    await new Promise<void>((resolve) => socket.once('secureConnect', () => resolve()));
    socket.on('error', () => undefined);
    socket.write('GET /ping HTTP/1.1\r\nX-A: b\r\n');
    clock.advance(5000);
    socket.write('X-C: d\r\n');
    clock.advance(6000);
    await whenClosed(socket);
    expect(socket.bytesRead).toBe(0);
  });

  test('headers beyond 8 KiB, other methods and other paths get nothing of the gateway', async () => {
    const ask = (path: string, method: string, headers: Record<string, string> = {}): Promise<number> =>
      new Promise((resolve) => {
        const asked = request({ host: '127.0.0.1', port: gateway.running.linkPort, path, method, headers, rejectUnauthorized: false, agent: false }, (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        });
        asked.on('error', () => resolve(0));
        asked.end();
      });
    expect(await ask('/', 'GET')).toBe(404);
    expect(await ask('/ping', 'POST')).toBe(404);
    expect(await ask('/ping/../status', 'GET')).toBe(404);
    expect(await ask('/ping', 'GET', { 'x-long': 'a'.repeat(20_000) })).toBe(0);
    expect(await ask('/ping', 'GET')).toBe(200);
  });

  test('a client that makes the gateway answer and never reads is cut off', async () => {
    const { client, grant } = await gateway.session();
    client.socket.pause();
    const pings = Buffer.concat(Array.from({ length: 50_000 }, () => encodeFrame(frameType.ping, new Uint8Array(8))));
    // Two windows of answers, thirteen bytes each: on a busy machine that takes its time.
    const ended = gateway.finalEntry(grant, 100_000);
    const flood = (): void => {
      while (!client.socket.destroyed && client.socket.writable && client.socket.write(pings)) continue;
    };
    client.socket.on('drain', flood);
    flood();
    expect((await ended).facts['code']).toBe('session.protocol-violation');
    client.destroy();
  });

  test('B2: a stream frame with a wrong count ends its session and no other', async () => {
    const [victim, attacker] = [await gateway.session(), await gateway.session()];
    const frame = Buffer.alloc(5 + 8 + 1);
    frame[0] = frameType.data;
    frame.writeUInt32BE(9, 1);
    frame.writeBigUInt64BE(2n ** 40n, 5);
    attacker.client.sendRaw(frame);
    expect((await gateway.finalEntry(attacker.grant)).facts['code']).toBe('session.protocol-violation');
    victim.client.stream?.send(Buffer.from('still here'));
    await victim.client.bytes(15);
    victim.client.destroy();
  });
});
