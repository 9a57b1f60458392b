import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { expect, test } from 'vitest';
import { routes } from '../../../shared/api/index.ts';
import type { BoundRoute } from '../../../src-service/http/bound-route.ts';
import { RateLimit } from '../../../src-service/http/rate-limit.ts';
import { createServer, routeNames, type BoundRoutes } from '../../../src-service/http/server.ts';
import { createLog } from '../../../src-service/logging/log.ts';
import { makeSelfSigned } from '../../fixtures/self-signed.ts';

async function listening(trustedProxies: readonly string[]): Promise<{ port: number; stop: () => Promise<void> }> {
  const identity = await makeSelfSigned('service');
  const bound = Object.fromEntries(routeNames.map((name): [string, BoundRoute] => [name, { kind: 'open', route: routes[name], run: async () => ({}) }])) as BoundRoutes;
  const clock = { now: () => new Date(), monotonicMs: () => performance.now() };
  const limit = new RateLimit({ burst: 10, perSecond: 1 }, clock);
  const dependencies = { authenticate: () => Promise.reject(new Error('nobody signs in here')), takeNonce: async () => true, clock, addressLimit: limit, signInLimit: limit, stopping: new AbortController().signal };
  const server = createServer({ key: identity.keyPem, certificate: identity.certificatePem, trustedProxies, connectionsOfOne: 3 }, bound, dependencies, createLog('silent'));
  await server.listen({ host: '127.0.0.1', port: 0 });
  const address = server.server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { port: address.port, stop: () => server.close() };
}

async function opened(port: number, localAddress: string): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, localAddress });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** Whether the service serves a connection: it answers the handshake, or closes what is one too many. */
async function stays(socket: Socket): Promise<boolean> {
  const closed = once(socket, 'close').then(() => false);
  const secured = connectTls({ socket, rejectUnauthorized: false });
  secured.on('error', () => undefined);
  return Promise.race([closed, once(secured, 'secureConnect').then(() => true, () => false)]);
}

test('B5: one address holds its share of the connections and no more, and what it closes it may open again', async () => {
  const { port, stop } = await listening([]);
  const sockets: Socket[] = [];
  const open = async (from: string): Promise<boolean> => {
    const socket = await opened(port, from);
    sockets.push(socket);
    return stays(socket);
  };
  try {
    expect([await open('127.0.0.1'), await open('127.0.0.1'), await open('127.0.0.1'), await open('127.0.0.1')]).toEqual([true, true, true, false]);
    expect(await open('127.0.0.2')).toBe(true);
    sockets[0]?.destroy();
    // As soon as the service has noticed.
    await expect.poll(() => open('127.0.0.1')).toBe(true);
  } finally {
    for (const socket of sockets) socket.destroy();
    await stop();
  }
});

test.each([['127.0.0.1'], ['127.0.0.0/8'], ['10.0.0.1', '127.0.0.0/255.0.0.0'], ['loopback']])('B5: a trusted proxy, which speaks for many, is not counted: %s', async (...proxies) => {
  const { port, stop } = await listening(proxies);
  const sockets = await Promise.all(Array.from({ length: 6 }, () => opened(port, '127.0.0.1')));
  try {
    expect(await Promise.all(sockets.map(stays))).toEqual([true, true, true, true, true, true]);
  } finally {
    for (const socket of sockets) socket.destroy();
    await stop();
  }
});
