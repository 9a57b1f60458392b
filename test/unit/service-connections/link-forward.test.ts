import { randomUUID } from 'node:crypto';
import { connect as connectTcp, type AddressInfo, type Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { MavisError } from '../../../shared/errors/mavis-error.ts';
import { gatewayId } from '../../../shared/ids.ts';
import { encodeLinkFrame, LINK_FORWARD_ALPN, LinkFrameDecoder, linkFrameKind } from '../../../shared/link/framing.ts';
import { linkForwardRequest, type LinkForwardRequest } from '../../../shared/link/messages.ts';
import { GatewayLink } from '../../../src-service/link/gateway-link.ts';
import { LinkGateway } from '../../fixtures/link-gateway.ts';
import { makeSelfSigned, type SelfSigned } from '../../fixtures/self-signed.ts';

const ID = gatewayId.parse(randomUUID());
const json = (value: unknown): Uint8Array => encodeLinkFrame(linkFrameKind.json, Buffer.from(JSON.stringify(value)));

/** What a default gateway of the tests does with the one request that it gets. */
type Answering = (socket: TLSSocket, request: LinkForwardRequest) => void;

let service: SelfSigned;
let entryKey: SelfSigned;
let entry: Server;
let entryPort = 0;
let answering: Answering;
let hidden: LinkGateway;
let sockets: Socket[] = [];
let links: GatewayLink[] = [];
/** What passed the default gateway, both ways. */
let seen: Buffer[] = [];

const carries: Answering = (socket, { id }) => {
  const far = connectTcp(hidden.port, '127.0.0.1');
  sockets.push(far);
  socket.write(json({ id, result: {} }));
  for (const [from, to] of [[socket, far], [far, socket]] as const) {
    from.on('data', (bytes: Buffer) => {
      seen.push(bytes);
      to.write(bytes);
    });
    from.on('error', () => undefined).on('close', () => to.destroy());
  }
};

beforeAll(async () => void ([service, entryKey] = [await makeSelfSigned('service'), await makeSelfSigned('entry')]));
beforeEach(async () => {
  hidden = await LinkGateway.start();
  hidden.servicePins = [service.pin];
  answering = carries;
  entry = createServer({ key: entryKey.keyPem, cert: entryKey.certificatePem, minVersion: 'TLSv1.3', ALPNProtocols: [LINK_FORWARD_ALPN], requestCert: true, rejectUnauthorized: false }, (socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    const decoder = new LinkFrameDecoder();
    socket.once('data', (bytes: Buffer) => {
      const [frame] = decoder.push(bytes);
      answering(socket, linkForwardRequest.parse(JSON.parse(Buffer.from(frame?.payload ?? []).toString())));
    });
  });
  entry.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => entry.listen(0, '127.0.0.1', resolve));
  ({ port: entryPort } = entry.address() as AddressInfo);
});
afterEach(async () => {
  for (const link of links.splice(0)) link.stop();
  for (const socket of sockets.splice(0)) socket.destroy();
  seen = [];
  entry.close();
  await hidden.stop();
});

function makeLink(parts: { firstPins?: string[]; pins?: string[]; firstPort?: number; firstHop?: () => Promise<never> } = {}): GatewayLink {
  const firstHop = parts.firstHop ?? (async () => ({ gatewayName: 'entry1', host: '127.0.0.1', port: parts.firstPort ?? entryPort, pins: parts.firstPins ?? [entryKey.pin] }));
  // The address is one that only the default gateway knows the way to: the service never dials it.
  const address = { gatewayName: 'hidden', host: 'hidden.invalid', port: 443, pins: parts.pins ?? [hidden.tls.pin], behind: { gatewayId: ID, firstHop } };
  const link = new GatewayLink({ address, identity: service, random: () => 0.5, onControlOpen: () => undefined, onControlLost: () => undefined });
  links.push(link);
  return link;
}
const status = (link: GatewayLink) => link.status(0, { timeLimitMs: 4_000 });
const away = { code: 'gateway.default-away', args: { gateway: 'hidden', through: 'entry1' } };
const notBehind = { code: 'gateway.not-behind-default', args: { gateway: 'hidden', through: 'entry1' } };

describe('rule 8: the link to a gateway behind the default gateway', () => {
  test('goes over a wire that names the gateway, its address and its port, and what passes it is ciphertext', async () => {
    let asked: LinkForwardRequest | undefined;
    answering = (socket, request) => {
      asked = request;
      carries(socket, request);
    };
    expect((await status(makeLink())).version).toBe('0.1.0-scripted');
    expect(asked?.next).toEqual({ gatewayId: ID, gatewayName: 'hidden', host: 'hidden.invalid', port: 443 });
    expect(Buffer.concat(seen).length).toBeGreaterThan(500);
    for (const word of ['0.1.0-scripted', 'status', 'journalHead']) expect(Buffer.concat(seen).includes(word)).toBe(false);
  });

  test('both keys are pinned: a stranger in place of the default gateway, and one behind it, are told apart, and neither gets a byte of the link', async () => {
    await expect(status(makeLink({ firstPins: [service.pin] }))).rejects.toMatchObject({ ...away, cause: { code: 'gateway.link-pin-mismatch' } });
    await expect(status(makeLink({ pins: [entryKey.pin] }))).rejects.toMatchObject({ code: 'gateway.link-pin-mismatch', args: { gateway: 'hidden' } });
    expect(hidden.bytesReceived).toBe(0);
  });

  test.each<readonly [string, object, Answering]>([
    ['answers that it does not reach it', notBehind, (socket, { id }) => void socket.write(json({ id, error: { code: 'tunnel.next-unreachable', args: {} } }))],
    ['says nothing, while its own key was shown: it waits for the next one', notBehind, () => undefined],
    ['goes away', away, (socket) => socket.destroy()],
    ['answers what is no answer', away, (socket) => void socket.write(json({ hello: 1 }))],
    ['answers with bytes', away, (socket) => void socket.write(encodeLinkFrame(linkFrameKind.binary, Buffer.alloc(8)))],
    ['sends more than its answer', away, (socket, { id }) => void socket.write(Buffer.concat([json({ id, result: {} }), Buffer.from('x')]))],
  ])('a default gateway that %s', async (_what, expected, answer) => {
    answering = answer;
    await expect(status(makeLink())).rejects.toMatchObject(expected);
    expect(hidden.bytesReceived).toBe(0);
  });

  test('no default gateway that listens, and none at all', async () => {
    const closed = entryPort;
    entry.close();
    await expect(status(makeLink({ firstPort: closed }))).rejects.toMatchObject({ ...away, cause: { code: 'gateway.link-unreachable' } });
    await expect(status(makeLink({ firstHop: () => Promise.reject(new MavisError('gateway.default-missing', { gateway: 'hidden' })) }))).rejects.toMatchObject({ code: 'gateway.default-missing' });
  });

  test('the default gateway is asked for anew with each opening: a wire that broke is laid over another one', async () => {
    const link = makeLink();
    await status(link);
    for (const socket of sockets.splice(0)) socket.destroy();
    let asked = 0;
    answering = (socket, request) => {
      asked += 1;
      carries(socket, request);
    };
    await expect.poll(async () => (await status(link).catch(() => undefined))?.version).toBe('0.1.0-scripted');
    expect(asked).toBe(1);
  });
});
