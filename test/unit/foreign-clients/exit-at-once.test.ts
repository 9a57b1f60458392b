import { once } from 'node:events';
import { createServer } from 'node:net';
import { PassThrough } from 'node:stream';
import ssh2 from 'ssh2';
import { expect, test } from 'vitest';
import { MavisError } from '../../../shared/errors/mavis-error.ts';
import { serveSshChannel } from '../../../src-main/foreign-clients/foreign-ssh-channel.ts';
import type { ForeignSession } from '../../../src-main/foreign-clients/foreign-sessions.ts';
import { dial } from '../../fixtures/ssh-session.ts';

/** An SSH server on loopback for one connection, and a client that is signed on to it. */
async function connected(onSession: (session: ssh2.Session, cork: <T>(work: () => T) => T) => void): Promise<ssh2.Client> {
  const hostKey = ssh2.utils.generateKeyPairSync('ed25519').private;
  const listener = createServer((socket) => {
    const server = new ssh2.Server({ hostKeys: [hostKey] }, (connection) => {
      connection.on('authentication', (context) => context.accept());
      connection.on('error', () => undefined);
      connection.on('session', (accept) =>
        onSession(accept(), (work) => {
          socket.cork();
          const done = work();
          socket.uncork();
          return done;
        }),
      );
    });
    server.injectSocket(socket);
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const client = new ssh2.Client();
  const ready = once(client, 'ready');
  client.connect({ sock: await dial(address.port), username: 'aiko', password: 'unused' });
  await ready;
  listener.close();
  return client;
}

test('rule 30: a command that is over at once ends the program with its status, also where answer and exit come in the same bytes', async () => {
  const gateway = await connected((session, cork) => {
    session.on('exec', (accept) =>
      cork(() => {
        const channel = accept();
        channel.exit(7);
        channel.end();
      }),
    );
  });
  const ended = Promise.withResolvers<MavisError>();
  const foreign: ForeignSession = { stream: new PassThrough(), gateway: 'office1', hostKey: null, policy: null, ended: ended.promise, end: () => ended.resolve(new MavisError('session.ended')) };
  const program = await connected((session) => serveSshChannel({ session, ssh: async () => ({ client: gateway, session: foreign }), sftp: () => Promise.reject(new MavisError('session.not-allowed')), explain: ({ code }) => code }));
  const code = await new Promise<number | null>((resolve, reject) => {
    program.exec('exit 7', (error, channel) => {
      if (error !== undefined) {
        reject(error);
        return;
      }
      let exit: number | null = null;
      channel.on('exit', (status: number | null) => (exit = status));
      channel.on('close', () => resolve(exit));
      channel.resume();
    });
  });
  expect(code).toBe(7);
  foreign.end();
  program.end();
  gateway.end();
}, 20_000);
