import { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { MavisError } from '../../../shared/errors/mavis-error.ts';
import { encodeJsonFrame } from '../../../shared/proxy-stream/counted-stream.ts';
import { FrameDecoder, frameType } from '../../../shared/proxy-stream/frames.ts';
import { parsePayload, resume } from '../../../shared/proxy-stream/messages.ts';
import { GatewayRefusal } from '../../../src-main/sessions/gateway-hello.ts';
import { TwoHopWay, type TwoHopWayParts } from '../../../src-main/sessions/two-hop-way.ts';

const encodeUtf8 = (text: string): Uint8Array => Buffer.from(text);
interface Hop {
  readonly gatewayName: string;
}
interface Said {
  readonly secret: string;
  readonly epoch: number;
  readonly received: number;
}

/** A first gateway's connection: what was said on it, and how it answers. */
class FirstGateway extends Duplex {
  readonly #answer: (said: Said, socket: FirstGateway) => void;
  readonly #decoder = new FrameDecoder();
  constructor(answer: (said: Said, socket: FirstGateway) => void) {
    super();
    this.#answer = answer;
  }
  override _read(): void {
    // What the test pushes is all there is.
  }
  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    for (const frame of this.#decoder.push(chunk)) {
      const { resumeSecret, epoch, received } = parsePayload(resume, frame.payload, (bytes) => Buffer.from(bytes).toString());
      this.#answer({ secret: resumeSecret, epoch, received }, this);
    }
    callback();
  }
  forwards(): void {
    this.push(encodeJsonFrame(frameType.forwarding, { resumeSecret: 'S'.repeat(43), resumeSeconds: 300 }, encodeUtf8));
  }
  refuses(code: string): void {
    this.push(encodeJsonFrame(frameType.failed, { code, args: {}, credentialSent: false }, encodeUtf8));
  }
}

const SECRET = 'S'.repeat(43);
const SECOND_SECRET = 'T'.repeat(43);
const signal = new AbortController().signal;

/** A way whose dials and grants the test scripts, and what was done in order. */
function world(answers: readonly (MavisError | ((said: Said, socket: FirstGateway) => void))[], changes: Partial<TwoHopWayParts<Hop>> = {}): { way: TwoHopWay<Hop>; did: string[]; sockets: FirstGateway[] } {
  const did: string[] = [];
  const sockets: FirstGateway[] = [];
  const left = [...answers];
  const way = new TwoHopWay<Hop>({
    first: { gatewayName: 'default' },
    forwarding: { resumeSecret: SECRET, resumeSeconds: 300 },
    dialFirst: async ({ gatewayName }) => {
      did.push(`dials ${gatewayName}`);
      const answer = left.shift();
      if (answer instanceof MavisError) throw answer;
      const socket = new FirstGateway((said, one) => {
        did.push(`says ${said.secret[0] ?? ''} ${said.epoch} ${said.received}`);
        answer?.(said, one);
      });
      sockets.push(socket);
      // The way uses of a socket what a Duplex has.
      return socket as unknown as TLSSocket;
    },
    dialLast: async (carrier) => {
      did.push('dials inside');
      return carrier;
    },
    hello: async (_socket, { gatewayName }) => {
      did.push(`hello to ${gatewayName}`);
      return { resumeSecret: SECOND_SECRET, resumeSeconds: 300 };
    },
    ...changes,
  });
  return { way, did, sockets };
}

const granting = (did: string[]): Pick<TwoHopWayParts<Hop>, 'newFirst'> => ({
  newFirst: async ({ gatewayName }) => {
    did.push(`asks for another than ${gatewayName}`);
    return { gatewayName: 'other' };
  },
});
const codeOf = (run: Promise<unknown>): Promise<string> => run.then(() => 'no error', (error: unknown) => (error instanceof MavisError ? error.code : String(error)));

describe('the way over two gateways, laid again', () => {
  test('Resume: the first gateway is asked with its own secret and a new epoch each time, and the last one dialled inside', async () => {
    const forwards = (_said: Said, socket: FirstGateway): void => socket.forwards();
    const { way, did } = world([forwards, forwards]);
    await way.again(signal);
    await way.again(signal);
    expect(did).toEqual(['dials default', 'says S 1 0', 'dials inside', 'dials default', 'says S 2 0', 'dials inside']);
  });

  test.each(['tunnel.next-unreachable', 'gateway.draining'])('Resume: %s is a failure of this try', async (code) => {
    const { way } = world([(_said, socket) => socket.refuses(code)]);
    const error: unknown = await way.again(signal).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'MavisError', code });
    expect(Object.hasOwn(Object(error), 'credentialSent')).toBe(false);
  });

  test('Resume: why the first gateway ended the forward is why the session ended', async () => {
    const { way, sockets } = world([(_said, socket) => socket.refuses('session.user-disabled')]);
    expect(await way.again(signal).catch((thrown: unknown) => thrown)).toMatchObject({ code: 'session.user-disabled', credentialSent: true });
    expect(sockets[0]?.destroyed).toBe(true);
  });

  test('Resume: a first gateway that has forgotten the wire is replaced by one that the service grants, whose own secret counts from then on', async () => {
    const did: string[] = [];
    const made = world([(_said, socket) => socket.refuses('session.gateway-lost'), undefined as never, (_said, socket) => socket.forwards()], granting(did));
    await made.way.again(signal);
    expect([made.did, did]).toEqual([['dials default', 'says S 1 0', 'dials other', 'hello to other', 'dials inside'], ['asks for another than default']]);
    await made.way.again(signal);
    expect(made.did.slice(5)).toEqual(['dials other', 'says T 1 0', 'dials inside']);
  });

  test('Resume: so is one that cannot be reached; where the service has none, this try has failed', async () => {
    const did: string[] = [];
    const replaced = world([new MavisError('gateway.refused', { gateway: 'default' })], granting(did));
    await replaced.way.again(signal);
    expect(replaced.did).toEqual(['dials default', 'dials other', 'hello to other', 'dials inside']);
    const none = world([new MavisError('gateway.refused', { gateway: 'default' })], { newFirst: async () => null });
    expect(await codeOf(none.way.again(signal))).toBe('gateway.unreachable');
    const nobody = world([new MavisError('gateway.refused', { gateway: 'default' })]);
    expect(await codeOf(nobody.way.again(signal))).toBe('gateway.refused');
  });

  test.each(['tunnel.next-unreachable', 'gateway.full', 'ticket.refused'])('R2, rule 10: %s at a gateway that was granted anew is a failure of this try, and the next one asks for another', async (code) => {
    const did: string[] = [];
    let refusals = 1;
    const made = world([new MavisError('gateway.refused', { gateway: 'default' })], {
      ...granting(did),
      hello: async () => {
        refusals -= 1;
        if (refusals === 0) throw new GatewayRefusal(code, {}, false);
        return { resumeSecret: SECOND_SECRET, resumeSeconds: 300 };
      },
    });
    const error: unknown = await made.way.again(signal).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code });
    expect(error).not.toBeInstanceOf(GatewayRefusal);
    await made.way.again(signal);
    expect(did).toEqual(['asks for another than default', 'asks for another than other']);
  });

  test('Resume: a last gateway that is not reached inside leaves no wire behind', async () => {
    const { way, sockets } = world([(_said, socket) => socket.forwards()], { dialLast: () => Promise.reject(new MavisError('gateway.tls-failed', { gateway: 'office1' })) });
    expect(await codeOf(way.again(signal))).toBe('gateway.tls-failed');
    expect(sockets[0]?.destroyed).toBe(true);
  });
});
