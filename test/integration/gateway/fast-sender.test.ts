import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { expect, test } from 'vitest';
import { FrameDecoder, type FrameError } from '../../../shared/proxy-stream/frames.ts';
import { systemClock } from '../../../src-gateway/clock/clock.ts';
import { CountedDuplex } from '../../../src-gateway/proxy-port/counted-duplex.ts';
import { ProxyConnection } from '../../../src-gateway/proxy-port/proxy-connection.ts';
import { SessionLine } from '../../../src-gateway/sessions/session-line.ts';
import { GatewayStream } from '../../../src-main/sessions/gateway-stream.ts';
import { makeSelfSigned } from '../../fixtures/self-signed.ts';

/** Enough for the window to grow to its largest, 16 MiB, and to be used up several times over. */
const BYTES = 128 * 1024 * 1024;
const PIECE = Buffer.alloc(64 * 1024, 0x5a);

test('a target that sends faster than its client takes is waited for: nothing piles up before the connection, and no rule is broken', async () => {
  const { keyPem, certificatePem } = await makeSelfSigned('gateway');
  const server = createServer({ key: keyPem, cert: certificatePem, minVersion: 'TLSv1.3' });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'secureConnection') as Promise<[TLSSocket]>;
  const socket = connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const [near] = await accepted;

  const clock = systemClock();
  const violations: FrameError[] = [];
  const line = new SessionLine({
    clock, resumeSeconds: 10,
    frame: (frame) => duplex.takeFrame(frame),
    violated: (error) => violations.push(error),
    fell: (error) => expect.unreachable(error.code),
    cut: () => undefined,
    expired: () => undefined,
    drained: () => duplex.goOn(),
  });
  const duplex: CountedDuplex = new CountedDuplex({ clock, write: (...parts) => line.write(...parts), congested: () => line.congested });
  line.begin(new ProxyConnection(near, { address: '127.0.0.1', port: 7993, thumbprint: '' }, clock));
  const client = new GatewayStream({ socket, decoder: new FrameDecoder(), following: [], gateway: 'gateway', onMessage: () => undefined, onRoundTrip: () => undefined, onEnd: () => undefined, monotonic: () => performance.now() });

  const taken = new Promise<void>((resolve) => {
    let left = BYTES;
    client.on('data', (chunk: Buffer) => {
      left -= chunk.length;
      if (left === 0) resolve();
    });
  });
  let mostUnsent = 0;
  for (let sent = 0; sent < BYTES; sent += PIECE.length) {
    if (!duplex.write(PIECE)) await once(duplex, 'drain');
    mostUnsent = Math.max(mostUnsent, near.writableLength);
  }
  await taken;
  expect(violations).toEqual([]);
  expect(mostUnsent).toBeLessThan(1024 * 1024);
  client.destroy();
  socket.destroy();
  near.destroy();
  server.close();
});
