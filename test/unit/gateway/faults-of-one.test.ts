import { randomUUID } from 'node:crypto';
import { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { expect, test } from 'vitest';
import type { MavisError } from '../../../shared/errors/mavis-error.ts';
import { encodeLinkFrame, linkFrameKind } from '../../../shared/link/framing.ts';
import { watchGrant } from '../../../shared/link/messages.ts';
import { encodeFrame, frameType } from '../../../shared/proxy-stream/frames.ts';
import { systemClock } from '../../../src-gateway/clock/clock.ts';
import { Journal } from '../../../src-gateway/journal/journal.ts';
import { LinkForwards } from '../../../src-gateway/link/link-forwards.ts';
import { ProxyConnection } from '../../../src-gateway/proxy-port/proxy-connection.ts';
import { refusedPeersJournal } from '../../../src-gateway/proxy-port/refused-peers-journal.ts';
import { sessionWork } from '../../../src-gateway/sessions/session-work.ts';
import { RefusalJournal } from '../../../src-gateway/tickets/refusal-journal.ts';
import { WatchRegister } from '../../../src-gateway/watches/watch-register.ts';
import { failingDisk } from '../../fixtures/failing-journal-disk.ts';
import { ManualClock } from '../../fixtures/manual-clock.ts';

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** A peer's connection, as far as those who read it use it. */
function peer(): TLSSocket {
  return Object.assign(new Duplex({ read: () => undefined, write: (_chunk, _encoding, written) => written() }), { destroySoon: () => undefined, remoteAddress: '192.0.2.1' }) as unknown as TLSSocket;
}

test('work that nobody waits for tells its session of a fault, and nobody else', async () => {
  const told: MavisError[] = [];
  const cause = new Error('nobody foresaw this');
  sessionWork(Promise.reject(cause), (error) => void told.push(error));
  sessionWork(Promise.resolve(), (error) => void told.push(error));
  sessionWork(undefined, (error) => void told.push(error));
  await expect.poll(() => told.length).toBe(1);
  expect(told).toMatchObject([{ code: 'internal', cause }]);
});

test.each([
  ['is told to end', true],
  ['has its connection cut where it has no way to be told', false],
])('a receiver of frames that fails for what no peer has to answer for %s; the gateway goes on', async (_, listens) => {
  const socket = peer();
  const connection = new ProxyConnection(socket, { address: '192.0.2.1', port: 7993, thumbprint: '' }, new ManualClock());
  const [fell, violations]: [MavisError[], unknown[]] = [[], []];
  connection.receive({
    frame: () => {
      throw new TypeError('nobody foresaw this');
    },
    violated: (error) => void violations.push(error),
    lost: () => undefined,
    ...(listens ? { fell: (error: MavisError) => void fell.push(error) } : {}),
  });
  socket.push(encodeFrame(frameType.cancel, new Uint8Array()));
  await expect.poll(() => (listens ? fell.length === 1 : socket.destroyed)).toBe(true);
  expect(fell.map(({ code }) => code)).toEqual(listens ? ['internal'] : []);
  expect(violations).toEqual([]);
});

test('S12: peers and tickets that are refused while the gateway stops are not written any more, and throw nothing into their sockets', async () => {
  const journal = await Journal.open({ disk: failingDisk(), clock: systemClock(), log: quiet, gatewayName: 'office1' });
  const peers = refusedPeersJournal(journal, new ManualClock());
  const tickets = new RefusalJournal(journal, new ManualClock());
  expect(journal.healthy).toBe(true);
  await journal.close();
  expect(journal.healthy).toBe(false);
  peers.refused({ address: '192.0.2.1', port: 7993, code: 'hello.malformed', what: 'too-long' });
  tickets.write({ reason: 'unknown', address: '192.0.2.1', port: 7993, thumbprint: 'T'.repeat(43) });
  peers.close();
});

test('a wire of the link that the journal does not take is not laid, and what was dialled for it is let go', async () => {
  const near = peer();
  const dialled = new Socket();
  const forwards = new LinkForwards({
    clock: systemClock(),
    log: quiet,
    heard: () => undefined,
    dialler: { dial: async () => ({ socket: dialled, address: '192.0.2.2', special: null }) },
    journal: {
      append: () => {
        throw new Error('closed');
      },
    },
  });
  forwards.begin(near);
  const next = { gatewayId: randomUUID(), gatewayName: 'office2', host: '192.0.2.2', port: 443 };
  near.push(encodeLinkFrame(linkFrameKind.json, Buffer.from(JSON.stringify({ id: 1, next }))));
  await expect.poll(() => near.destroyed).toBe(true);
  expect(dialled.destroyed).toBe(true);
  await expect.poll(() => forwards.size).toBe(0);
});

test('a watch that cannot be ended in good order is told in the log, and is over', async () => {
  const told: string[] = [];
  const watches = new WatchRegister({
    clock: new ManualClock(),
    log: { ...quiet, error: (text: string) => void told.push(text) },
    journal: { append: () => expect.unreachable('nothing began'), appendDurably: () => expect.unreachable('nothing began') },
    supervision: { silentMs: 0 },
    gatewayName: 'office1',
    version: '0.0.0-test',
    sessionOf: () => undefined,
  });
  const connection = Object.assign(new ProxyConnection(peer(), { address: '192.0.2.1', port: 7993, thumbprint: '' }, new ManualClock()), { end: () => Promise.reject(new Error('nobody foresaw this')) });
  const grant = watchGrant.parse({
    kind: 'watch', connectionId: randomUUID(), reference: 'MV-7K2QX-M0T4D', ticketSha256: 'T'.repeat(43), clientKeyThumbprint: 'K'.repeat(43), ticketSeconds: 30, notAfter: '2099-01-01T00:00:00.000Z',
    watchId: randomUUID(), protocol: 'ssh', watcher: { id: randomUUID(), name: 'ben' },
  });
  watches.begin(grant, connection);
  await expect.poll(() => watches.size).toBe(0);
  expect(told).toEqual(['a watch could not be ended in good order']);
});
