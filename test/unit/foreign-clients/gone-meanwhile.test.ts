import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { MavisError } from '../../../shared/errors/mavis-error.ts';
import { ClientKey } from '../../../src-main/account/client-key.ts';
import { serveForeignRdp } from '../../../src-main/foreign-clients/foreign-rdp.ts';
import type { ForeignSession, ForeignSessions } from '../../../src-main/foreign-clients/foreign-sessions.ts';
import { serveForeignVnc } from '../../../src-main/foreign-clients/foreign-vnc.ts';
import { encodeConnectionRequest } from '../../../shared/rdp/connection-pdus.ts';
import { socketPair } from '../../fixtures/ssh-session.ts';

/** How each kind is served, and what its client sends until its session is opened. */
const kinds: readonly (readonly [kind: string, hello: Uint8Array, serve: (stream: Duplex, sessions: ForeignSessions) => Promise<void>])[] = [
  ['VNC', Buffer.concat([Buffer.from('RFB 003.008\n'), Buffer.of(2), Buffer.alloc(16)]), (stream, sessions) => serveForeignVnc({ stream, sessions, password: () => true, explain: ({ code }) => code, onLetIn: () => undefined })],
  ['RDP', encodeConnectionRequest(1), (stream, sessions) => serveForeignRdp({ stream, sessions, password: () => true, identity: new ClientKey(() => Date.now()).identity, onLetIn: () => undefined })],
];

test.each(kinds)('a %s client that goes while its session is opened leaves none behind, and nothing is said to the gateway', async (_kind, hello, serve) => {
  const { near, far } = await socketPair();
  const asked = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<ForeignSession>();
  const written: Buffer[] = [];
  const target = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      written.push(chunk);
      done();
    },
  });
  const ended = Promise.withResolvers<MavisError>();
  const served = serve(near, {
    open: () => {
      asked.resolve();
      return opened.promise;
    },
  });
  far.resume();
  far.write(hello);
  await asked.promise;
  // As the end of it by the user does.
  near.destroy();
  await once(near, 'close');
  opened.resolve({ stream: target, gateway: 'office1', hostKey: null, policy: null, ended: ended.promise, end: () => ended.resolve(new MavisError('session.ended')) });
  await served;
  expect((await ended.promise).code).toBe('session.ended');
  expect(written).toEqual([]);
  far.destroy();
}, 10_000);
