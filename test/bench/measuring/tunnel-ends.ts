/**
 * The two ends of a transfer: a server that reads as many bytes as it is told and answers with their SHA-256, and a sender of
 * the same bytes. In a process of their own: what they cost is the same for all, and is counted for none.
 */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

const BLOCK = randomBytes(1024 * 1024);
const HEADER_BYTES = 8;
const DIGEST_BYTES = 32;

const server = createServer({ noDelay: true }, (socket) => {
  // The protocol of the gateway's test counts as connected with the target's first byte.
  socket.write('!');
  socket.on('error', () => undefined);
  const digest = createHash('sha256');
  let wanted: number | undefined;
  let taken = 0;
  let header = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    let rest = chunk;
    if (wanted === undefined) {
      header = Buffer.concat([header, rest]);
      if (header.length < HEADER_BYTES) return;
      wanted = Number(header.readBigUInt64BE(0));
      rest = header.subarray(HEADER_BYTES);
    }
    digest.update(rest);
    taken += rest.length;
    if (taken === wanted) socket.write(digest.digest());
  });
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

process.on('message', (message) => {
  const { ports, bytes } = message as { ports: number[]; bytes: number };
  transfer(ports, bytes).then(
    (seconds) => process.send?.({ seconds }),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.on('disconnect', () => process.exit());
process.send?.({ port: (server.address() as AddressInfo).port });

/** Sends so many bytes in all, spread over the ports, and gives the seconds until all digests are back and right. */
async function transfer(ports: readonly number[], bytes: number): Promise<number> {
  const each = bytes / ports.length;
  const sockets = await Promise.all(ports.map((port) => opened(port)));
  const begun = performance.now();
  await Promise.all(sockets.map((socket) => send(socket, each)));
  const seconds = (performance.now() - begun) / 1000;
  for (const socket of sockets) socket.destroy();
  return seconds;
}

/** A connection through which the server's first byte has come: the way stands to its end. */
async function opened(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  await once(socket, 'data');
  return socket;
}

async function send(socket: Socket, bytes: number): Promise<void> {
  const expected = createHash('sha256');
  const answer = new Promise<Buffer>((resolve, reject) => {
    let got = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      got = Buffer.concat([got, chunk]);
      if (got.length >= DIGEST_BYTES) resolve(got);
    });
    socket.once('close', () => reject(new Error('the connection closed before the digest')));
  });
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeBigUInt64BE(BigInt(bytes));
  socket.write(header);
  for (let sent = 0; sent < bytes; sent += BLOCK.length) {
    const block = BLOCK.subarray(0, Math.min(BLOCK.length, bytes - sent));
    expected.update(block);
    if (!socket.write(block)) await once(socket, 'drain');
  }
  if (!(await answer).equals(expected.digest())) throw new Error('what came is not what was sent');
}
