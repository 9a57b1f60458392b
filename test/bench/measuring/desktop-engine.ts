/**
 * The engine at the near end of every way: asks for updates as noVNC does, reads each to its end, and counts. It decodes no
 * pixel: that costs the same on each way, and would hide what a way costs.
 */
import { connect } from 'node:net';
import { once } from 'node:events';
import { serverMessages } from '../../../src-gateway/vnc/server-messages.ts';
import { RfbStream } from '../../../src-gateway/vnc/rfb-stream.ts';
import { vncAuthAnswer } from '../../../src-gateway/vnc/vnc-password.ts';
import { messages, RfbClient } from '../../fixtures/rfb-client.ts';
import { engineCommand } from './desktop-contract.ts';

/** What a server sends first of a screen is not counted. */
const WARM_UP_MS = 500;

process.on('message', (message) => {
  draw(message).then(
    (result) => process.send?.(result),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.on('disconnect', () => process.exit());

async function draw(message: unknown): Promise<object> {
  const { port, password, encodings, seconds } = engineCommand.parse(message);
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  await once(socket, 'connect');
  const client = new RfbClient(socket);
  await client.begin(encodings, password === null ? undefined : (challenge) => vncAuthAnswer(challenge, password));
  const { width, height } = client;
  let [updates, bytes, startedAt, allBytes] = [0, 0, 0, 0];
  const ask = (incremental: boolean): void => void socket.write(messages.updateRequest(incremental, width, height));
  const grammar = new RfbStream((send) =>
    serverMessages(
      {
        size: { width, height }, clipboardIn: true, clipboardOut: true, resized: () => undefined, clipboard: () => undefined, packed: { took: () => undefined, reset: () => undefined }, texts: { providedBytes: () => undefined },
        // The next is asked for as soon as one begins, so that a way's latency is not counted as its speed.
        updated: () => {
          updates += 1;
          ask(true);
        },
      },
      send,
    ),
  );
  ask(false);
  const ended = Promise.withResolvers<void>();
  socket.removeAllListeners('data');
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    allBytes += chunk.length;
    grammar.push(chunk);
  });
  socket.once('close', () => ended.reject(new Error('the way ended')));
  grammar.push(client.rest());
  setTimeout(() => {
    [updates, bytes, startedAt] = [0, 0, performance.now()];
    setTimeout(() => ended.resolve(), seconds * 1000);
  }, WARM_UP_MS);
  await ended.promise;
  const result = { updates, bytes, seconds: (performance.now() - startedAt) / 1000, allBytes };
  socket.removeAllListeners('close');
  socket.destroy();
  return result;
}
