/** The client's side in a process of its own: the product's dial, hello and stream, with a port of loopback in front of each session as `ssh -L` and stunnel have. */
import { createServer, type AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { ClientKey } from '../../../src-main/account/client-key.ts';
import { dialGateway, dialThrough, type DialledHop, type DialOptions } from '../../../src-main/sessions/gateway-dial.ts';
import { sayHello } from '../../../src-main/sessions/gateway-hello.ts';
import { GatewayStream } from '../../../src-main/sessions/gateway-stream.ts';
import { freeMemory } from '../../../shared/proxy-stream/free-memory.ts';
import { sha256 } from '../../../shared/ids.ts';
import { clientCommand } from './tunnel-contract.ts';

const key = new ClientKey(() => Date.now());
process.on('message', (message) => {
  open(message).then(
    (port) => process.send?.({ port }),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.on('disconnect', () => process.exit());
process.send?.({ thumbprint: key.thumbprint });

/** Node reads a socket into 64 KiB, however little comes: this gives what came in memory of its own size, as the product's own packets of files are. */
async function* packed(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const chunk of source) {
    const own = Buffer.allocUnsafeSlow(chunk.length);
    own.set(chunk);
    freeMemory(chunk, chunk.buffer.byteLength);
    yield own;
  }
}

async function open(message: unknown): Promise<number> {
  const { hops, protocol } = clientCommand.parse(message);
  const [first, second] = hops.map(({ gatewayName, ports, pin }): DialledHop => ({ gatewayName, host: '127.0.0.1', ports, fallbackPort: null, pins: [sha256.parse(pin)] }));
  if (first === undefined) throw new RangeError('no hop');
  const options: DialOptions = { identity: key.identity, signal: new AbortController().signal, random: Math.random };
  const hello = (place: number) => ({
    gateway: hops[place]?.gatewayName ?? '', hello: { version: 1 as const, ticket: hops[place]?.ticket ?? '', protocol }, events: { onProgress: () => undefined, ask: () => Promise.reject(new Error('asked')) }, signal: options.signal, deadlineMs: 15_000,
  });
  let { socket } = await dialGateway(first, options);
  let answer = await sayHello(socket, hello(0));
  if (second !== undefined) {
    socket = await dialThrough(socket, second, options);
    answer = await sayHello(socket, hello(1));
  }
  if (answer.kind !== 'accepted') throw new Error(answer.kind);
  const stream = new GatewayStream({ socket, decoder: answer.decoder, following: answer.following, gateway: 'bench', onMessage: () => undefined, onRoundTrip: () => undefined, onEnd: () => undefined, monotonic: () => performance.now() });
  const server = createServer({ noDelay: true }, (local) => {
    server.close();
    Promise.all([pipeline(local, packed, stream), pipeline(stream, local)]).catch(() => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
