import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startFaultProxy, type FaultProxy } from './fault-proxy.ts';

let echo: Server;
let proxy: FaultProxy;

beforeEach(async () => {
  echo = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
  proxy = await startFaultProxy({ target: { host: '127.0.0.1', port: (echo.address() as AddressInfo).port }, seed: 7 });
});

afterEach(async () => {
  await proxy.stop();
  echo.close();
});

async function open(): Promise<Socket> {
  const socket = connect({ port: proxy.port, host: proxy.host, allowHalfOpen: true });
  await once(socket, 'connect');
  return socket;
}

/** Sends, ends, and gives what came back with the time that it took. */
async function echoed(data: Buffer): Promise<{ back: Buffer; tookMs: number }> {
  const startedAt = performance.now();
  const socket = await open();
  socket.end(data);
  const pieces: Buffer[] = [];
  for await (const piece of socket) pieces.push(piece as Buffer);
  return { back: Buffer.concat(pieces), tookMs: performance.now() - startedAt };
}

const sample = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 251));

test('without toxics every byte gets through, both ways, with the half-closed end', async () => {
  expect((await echoed(sample)).back.equals(sample)).toBe(true);
  expect(proxy.bytes).toEqual({ up: sample.length, down: sample.length });
});

test('what is to happen after so many bytes happens once, in the middle of them; what was not reached is forgotten with the proxy', async () => {
  const seen: number[] = [];
  proxy.set('down', 'pieces', { kind: 'slicer', averageBytes: 1000, variationBytes: 0, delayMs: 0 });
  proxy.afterBytes('down', 50_000, () => seen.push(proxy.bytes.down));
  proxy.afterBytes('down', sample.length + 1, () => seen.push(-1));
  await echoed(sample);
  expect(seen).toHaveLength(1);
  expect(seen[0]).toBeGreaterThanOrEqual(50_000);
  expect(seen[0]).toBeLessThan(51_001);
});

test('latency delays and keeps the order', async () => {
  proxy.set('up', 'late', { kind: 'latency', latencyMs: 80, jitterMs: 40 });
  const { back, tookMs } = await echoed(sample);
  expect(back.equals(sample)).toBe(true);
  expect(tookMs).toBeGreaterThan(35);
});

test('bandwidth is bounded', async () => {
  proxy.set('down', 'thin', { kind: 'bandwidth', bytesPerSecond: 400_000 });
  const { back, tookMs } = await echoed(sample);
  expect(back.equals(sample)).toBe(true);
  expect(tookMs).toBeGreaterThan(200);
});

test('a slicer changes no byte', async () => {
  proxy.set('up', 'pieces', { kind: 'slicer', averageBytes: 500, variationBytes: 400, delayMs: 0 });
  expect((await echoed(sample)).back.equals(sample)).toBe(true);
});

test('limit_data closes after exactly so many bytes', async () => {
  proxy.set('down', 'limit', { kind: 'limit_data', bytes: 1234 });
  const socket = await open();
  socket.write(sample);
  let received = 0;
  socket.on('data', (data: Buffer) => (received += data.length)).on('error', () => undefined);
  await once(socket, 'end');
  socket.destroy();
  expect(received).toBe(1234);
});

test('slow_close delays the end only', async () => {
  proxy.set('down', 'slow', { kind: 'slow_close', delayMs: 150 });
  expect((await echoed(sample)).tookMs).toBeGreaterThan(140);
});

test('a timeout holds what comes, and lets it through once it is cleared', async () => {
  proxy.set('up', 'hold', { kind: 'timeout', timeoutMs: 0 });
  const socket = await open();
  socket.write('held');
  const silent = await Promise.race([once(socket, 'data').then(() => 'data'), new Promise((resolve) => setTimeout(resolve, 100, 'silent'))]);
  expect(silent).toBe('silent');
  proxy.clear('up', 'hold');
  const [data] = (await once(socket, 'data')) as [Buffer];
  expect(data.toString()).toBe('held');
  socket.destroy();
});

test('a timeout closes the connection after its time', async () => {
  proxy.set('up', 'hold', { kind: 'timeout', timeoutMs: 50 });
  const socket = await open();
  await once(socket.on('error', () => undefined).resume(), 'end');
  socket.destroy();
  await expect.poll(() => proxy.connections).toBe(0);
});

test('reset_peer resets a connection that stands', async () => {
  const socket = await open();
  const failed = once(socket, 'error');
  proxy.set('down', 'reset', { kind: 'reset_peer', timeoutMs: 20 });
  const [error] = (await failed) as [NodeJS.ErrnoException];
  expect(error.code).toBe('ECONNRESET');
});

test('a proxy that is down refuses, and takes connections again on the same port', async () => {
  const { port } = proxy;
  await proxy.setDown(true);
  const refused = connect({ port, host: proxy.host });
  const [error] = (await once(refused, 'error')) as [NodeJS.ErrnoException];
  expect(error.code).toBe('ECONNREFUSED');
  await proxy.setDown(false);
  expect(proxy.port).toBe(port);
  expect((await echoed(Buffer.from('again'))).back.toString()).toBe('again');
});
