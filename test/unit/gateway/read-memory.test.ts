import { once } from 'node:events';
import { connect, createServer, Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { expect, test } from 'vitest';
import { encodeDataHeader } from '../../../shared/proxy-stream/frames.ts';
import { Relay } from '../../../src-gateway/forwards/relay.ts';
import { CountedDuplex, READ_BLOCK_BYTES } from '../../../src-gateway/proxy-port/counted-duplex.ts';
import { ProxyConnection } from '../../../src-gateway/proxy-port/proxy-connection.ts';
import { ManualClock } from '../../fixtures/manual-clock.ts';

test('what a connection read goes back when its frames have been taken, and the stream has all of it', async () => {
  const clock = new ManualClock();
  // Not connected: what it has read is pushed into it.
  const socket = new TLSSocket(new Socket());
  const connection = new ProxyConnection(socket, { address: '192.0.2.1', port: 7993, thumbprint: '' }, clock);
  const stream = new CountedDuplex({ write: (...parts) => connection.write(...parts), clock });
  connection.receive({ frame: (frame) => void stream.takeFrame(frame), violated: () => undefined, lost: () => undefined });
  const got: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => got.push(chunk));

  // A frame in pieces, a small one that is typed behind it, and the next one's beginning in the same record.
  const bytes = Buffer.from(Array.from({ length: READ_BLOCK_BYTES + 10 }, (_none, place) => place % 251));
  const frames = [bytes.subarray(0, 40_000), bytes.subarray(40_000, 40_003), bytes.subarray(40_003)];
  let offset = 0;
  const wire = Buffer.concat(frames.flatMap((frame) => {
    const header = encodeDataHeader(offset, frame.length);
    offset += frame.length;
    return [header, frame];
  }));
  const records = Array.from({ length: Math.ceil(wire.length / 16_384) }, (_none, place) => {
    const record = wire.subarray(place * 16_384, (place + 1) * 16_384);
    return Buffer.from(new Uint8Array(record).buffer);
  });
  const lengths = records.map(({ length }) => length);
  for (const record of records) socket.push(record);
  await expect.poll(() => Buffer.concat(got).length).toBe(bytes.length);
  expect(Buffer.concat(got).equals(bytes)).toBe(true);
  // What is smaller than a record is left to the collector.
  expect(records.map(({ length }) => length)).toEqual(lengths.map((length) => (length === 16_384 ? 0 : length)));
  socket.destroy();
});

test('what a wire to another gateway read goes back when it has left, and all of it arrives', async () => {
  const sent = Buffer.from(Array.from({ length: 1_000_000 }, (_none, place) => place % 251));
  const [near, far] = [await socketPair(), await socketPair()];
  const pieces: Buffer[] = [];
  near.inner.on('data', (piece: Buffer) => pieces.push(piece));
  near.inner.pause();
  const relay = new Relay(near.inner, far.inner, () => undefined);
  const done = relay.run();
  const got: Buffer[] = [];
  far.outer.on('data', (chunk: Buffer) => got.push(chunk));
  near.outer.end(sent);
  await once(far.outer, 'end');
  far.outer.end();
  await done;
  expect(Buffer.concat(got).equals(sent)).toBe(true);
  expect(pieces.some(({ length }) => length === 0)).toBe(true);
  expect(pieces.filter(({ length }) => length >= 16_384)).toEqual([]);
});

/** Two ends of one TCP connection. */
async function socketPair(): Promise<{ readonly inner: Socket; readonly outer: Socket }> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const outer = connect({ host: '127.0.0.1', port: address.port, allowHalfOpen: true });
  const inner = await new Promise<Socket>((resolve) => server.once('connection', resolve));
  server.close();
  return { inner, outer };
}
