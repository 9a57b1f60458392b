import { Duplex } from 'node:stream';
import { expect, test, vi } from 'vitest';
import { MavisError } from '../../../shared/errors/mavis-error.ts';
import { systemClock } from '../../../src-gateway/clock/clock.ts';
import { createLogger } from '../../../src-gateway/logging/logger.ts';
import type { ChannelRecorder } from '../../../src-gateway/recordings/channel-recorder.ts';
import { RdpSession } from '../../../src-gateway/rdp/rdp-session.ts';
import type { RdpTarget } from '../../../src-gateway/rdp/sign-on/target-sign-on.ts';
import { encodeConnectionRequest, securityProtocol } from '../../../shared/rdp/connection-pdus.ts';
import { ManualClock } from '../../fixtures/manual-clock.ts';
import { makeTargetGrant } from '../../fixtures/target-grant.ts';

/** A stream that takes everything and gives what a test pushes. */
function stream(): Duplex {
  return new Duplex({ read: () => undefined, write: (_chunk, _encoding, written) => written() });
}

/** A target's connection, as far as a session uses it. */
function target(): RdpTarget {
  const socket = Object.assign(stream(), { destroySoon: () => socket.destroy() });
  return { socket, account: { userName: 'ann', password: 'x' }, protocol: securityProtocol.ssl, requestedProtocols: 0, confirmFlags: 0, fingerprint: '', certificate: Buffer.alloc(0) } as unknown as RdpTarget;
}

test('rule 24: who was just being signed on to anew is left again where the session ends meanwhile', async () => {
  const recorder = { failed: new AbortController().signal, stands: false, strict: false, congested: false, screen: vi.fn<() => void>(), mark: vi.fn<() => void>(), discard: async () => undefined } as unknown as ChannelRecorder;
  const clientStream = stream();
  const [first, second] = [target(), target()];
  const signedOn = Promise.withResolvers<RdpTarget>();
  const asked = Promise.withResolvers<AbortSignal>();
  const session = new RdpSession(
    {
      first, clock: systemClock(), logger: createLogger({ write: () => undefined }, 'debug'),
      grant: makeTargetGrant({ host: '127.0.0.1', port: 3389, protocol: 'rdp', credential: { kind: 'ask-user' } }),
      spool: { record: async () => recorder },
      signOnAgain: (_socket, signal) => {
        asked.resolve(signal);
        return signedOn.promise;
      },
    },
    { clientStream, signal: new AbortController().signal, connected: () => undefined, activity: () => undefined, dialAgain: async () => second.socket },
  );
  const ended = session.run();
  for (let times = 0; times < 2; times += 1) clientStream.push(encodeConnectionRequest(securityProtocol.ssl));
  const signal = await asked.promise;
  clientStream.destroy();
  expect(await ended).toMatchObject({ code: 'session.closed-by-user' });
  expect(signal.aborted).toBe(true);
  signedOn.resolve(second);
  await expect.poll(() => second.socket.destroyed).toBe(true);
  expect(first.socket.destroyed).toBe(true);
});

test('rule 4: a target that refused the sign-on when it was connected anew is not signed on to once more, however often the client asks', async () => {
  const marks: string[] = [];
  const recorder = { failed: new AbortController().signal, stands: false, strict: false, congested: false, screen: () => undefined, mark: (name: string, detail: string) => void marks.push(`${name} ${detail}`), discard: async () => undefined } as unknown as ChannelRecorder;
  const clientStream = stream();
  const clock = new ManualClock();
  let [dialled, signedOn] = [0, 0];
  const session = new RdpSession(
    {
      first: target(), clock, logger: createLogger({ write: () => undefined }, 'debug'),
      grant: makeTargetGrant({ host: '127.0.0.1', port: 3389, protocol: 'rdp', credential: { kind: 'ask-user' } }),
      spool: { record: async () => recorder },
      signOnAgain: async () => {
        signedOn += 1;
        throw new MavisError('target.sign-on-refused');
      },
    },
    { clientStream, signal: new AbortController().signal, connected: () => undefined, activity: () => undefined, dialAgain: async () => ((dialled += 1), target().socket) },
  );
  const ended = session.run();
  clientStream.push(encodeConnectionRequest(securityProtocol.ssl));
  for (let times = 1; times <= 3; times += 1) {
    clientStream.push(encodeConnectionRequest(securityProtocol.ssl));
    await expect.poll(() => (clock.advance(1000), marks.length)).toBe(times);
  }
  expect(marks).toEqual(Array.from({ length: 3 }, () => 'redial-failed target.sign-on-refused'));
  expect({ dialled, signedOn }).toEqual({ dialled: 1, signedOn: 1 });
  clientStream.destroy();
  expect(await ended).toMatchObject({ code: 'session.closed-by-user' });
});
