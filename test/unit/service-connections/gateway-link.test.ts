import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { gatewayId } from '../../../shared/ids.ts';
import type { MavisError } from '../../../shared/errors/mavis-error.ts';
import { MAX_LINK_FRAME_BYTES, encodeLinkFrame } from '../../../shared/link/framing.ts';
import { GatewayLink } from '../../../src-service/link/gateway-link.ts';
import { LinkPool } from '../../../src-service/link/link-pool.ts';
import { LinkGateway } from '../../fixtures/link-gateway.ts';
import { makeSelfSigned, type SelfSigned } from '../../fixtures/self-signed.ts';

let service: SelfSigned;
let gateway: LinkGateway;
let links: GatewayLink[] = [];
let lost: MavisError[] = [];

function makeLink(parts: { pins?: string[]; identity?: SelfSigned; port?: number } = {}): GatewayLink {
  const link = new GatewayLink({
    address: { gatewayName: 'office1', host: '127.0.0.1', port: parts.port ?? gateway.port, pins: parts.pins ?? [gateway.tls.pin] },
    identity: parts.identity ?? service,
    random: () => 0.5,
    onControlOpen: () => undefined,
    onControlLost: (reason) => lost.push(reason),
  });
  links.push(link);
  return link;
}
const status = (link: GatewayLink, timeLimitMs = 2_000) => link.status(0, { timeLimitMs });

beforeAll(async () => void (service = await makeSelfSigned('service')));
beforeEach(async () => {
  gateway = await LinkGateway.start();
  gateway.servicePins = [service.pin];
});
afterEach(async () => {
  for (const link of links) link.stop();
  links = [];
  lost = [];
  await gateway.stop();
});

describe('S60, S62: the link', () => {
  test('asks and is answered over one connection for control and one for bulk', async () => {
    const link = makeLink();
    expect((await status(link)).version).toBe('0.1.0-scripted');
    await Promise.all(Array.from({ length: 100 }, () => status(link)));
    expect(gateway.connections).toBe(1);
    expect(await link.recordingList()).toEqual([]);
    expect(gateway.connections).toBe(2);
  });

  test('a gateway with another key is refused before a byte is sent', async () => {
    await expect(status(makeLink({ pins: [service.pin] }))).rejects.toMatchObject({ code: 'gateway.link-pin-mismatch', args: { gateway: 'office1' } });
    expect(gateway.bytesReceived).toBe(0);
  });

  test('a gateway that pins another service drops this one', async () => {
    const stranger = await makeSelfSigned('stranger');
    await expect(status(makeLink({ identity: stranger }))).rejects.toMatchObject({ code: 'gateway.link-failed' });
    expect(gateway.asked).toEqual([]);
  });

  test('a gateway that speaks TLS 1.2 is refused, although its key is the pinned one', async () => {
    expect((await status(makeLink())).version).toBe('0.1.0-scripted');
    await gateway.stop();
    gateway.tlsVersion = 'TLSv1.2';
    await gateway.listen();
    const before = gateway.connections;
    await expect(status(makeLink())).rejects.toMatchObject({ code: 'gateway.link-failed' });
    expect(gateway.connections).toBe(before);
  });

  test('nothing listens: unreachable', async () => {
    await gateway.stop();
    await expect(status(makeLink())).rejects.toMatchObject({ code: 'gateway.link-unreachable' });
  });

  test('no answer within the limit: time-out, and the next request is answered', async () => {
    gateway.script.set('status', [{ kind: 'silent' }]);
    const link = makeLink();
    await expect(status(link, 200)).rejects.toMatchObject({ code: 'gateway.link-time-out' });
    expect((await status(link)).version).toBe('0.1.0-scripted');
  });

  test('rule 5: a connection that stays open and is answered no more is given up, and the next request opens another', async () => {
    const link = makeLink();
    await status(link);
    gateway.script.set('status', [{ kind: 'silent' }]);
    await expect(status(link, 200)).rejects.toMatchObject({ code: 'gateway.link-time-out' });
    link.dropControl();
    expect((await status(link)).version).toBe('0.1.0-scripted');
    expect(gateway.connections).toBe(2);
    // It was given up here, not lost.
    expect(lost).toEqual([]);
  });

  test('an abort ends the wait at once', async () => {
    gateway.script.set('status', [{ kind: 'silent' }]);
    const abort = new AbortController();
    const waiting = makeLink().status(0, { timeLimitMs: 60_000, signal: abort.signal });
    await gateway.nextAsked('status');
    abort.abort(new Error('stopping'));
    await expect(waiting).rejects.toMatchObject({ code: 'gateway.link-failed' });
  });

  test("the gateway's own code comes through; an unknown one is a failed link", async () => {
    gateway.script.set('status', [{ kind: 'error', code: 'gateway.cannot-record' }, { kind: 'error', code: 'made.up' }]);
    const link = makeLink();
    await expect(status(link)).rejects.toMatchObject({ code: 'gateway.cannot-record' });
    await expect(status(link)).rejects.toMatchObject({ code: 'gateway.link-failed' });
  });

  test('an answer that is not of the schema is a failed link', async () => {
    gateway.script.set('status', [{ kind: 'result', result: { version: 7 } }]);
    await expect(status(makeLink())).rejects.toMatchObject({ code: 'gateway.link-failed' });
  });

  test.each([
    ['an oversized frame', Buffer.from([0xff, 0xff, 0xff, 0xff, 0])],
    ['a frame one byte above the bound', (() => { const bytes = Buffer.alloc(5); bytes.writeUInt32BE(MAX_LINK_FRAME_BYTES + 1); return bytes; })()],
    ['an empty frame', Buffer.from([0, 0, 0, 0])],
    ['a frame of unknown kind', Buffer.from([0, 0, 0, 1, 9])],
    ['JSON that is none', Buffer.from(encodeLinkFrame(0, Buffer.from('{"id":')))],
    ['text that is no UTF-8', Buffer.from(encodeLinkFrame(0, Buffer.from([0xc3, 0x28])))],
    ['a binary answer to a question for JSON', Buffer.from(encodeLinkFrame(1, Buffer.from([0, 0, 0, 2, 1, 2, 3])))],
    ['a binary frame too short for its number', Buffer.from(encodeLinkFrame(1, Buffer.from([0, 0])))],
  ])('%s ends the request as a failed link', async (_name, bytes) => {
    gateway.script.set('status', [{ kind: 'raw', bytes }]);
    await expect(status(makeLink())).rejects.toMatchObject({ code: 'gateway.link-failed' });
  });

  test('a flood of answers that nobody asked for ends the link', async () => {
    const flood = Buffer.concat(Array.from({ length: 600 }, (_, index) => Buffer.from(encodeLinkFrame(0, Buffer.from(JSON.stringify({ id: 1_000_000 + index, result: {} }))))));
    gateway.script.set('status', [{ kind: 'raw', bytes: flood }]);
    await expect(status(makeLink())).rejects.toMatchObject({ code: 'gateway.link-failed' });
    expect(lost).toHaveLength(1);
  });

  test('rule 5: a reset link is reported, refuses who waits, and is opened again', async () => {
    const link = makeLink();
    await status(link);
    gateway.script.set('status', [{ kind: 'disconnect' }]);
    await expect(status(link)).rejects.toMatchObject({ code: 'gateway.link-failed' });
    expect(lost.map(({ code }) => code)).toEqual(['gateway.link-failed']);
    expect((await status(link)).version).toBe('0.1.0-scripted');
    expect(gateway.connections).toBe(2);
  });

  test('requests above the bound are refused at once', async () => {
    const link = makeLink();
    await status(link);
    gateway.script.set('status', Array.from({ length: 256 }, () => ({ kind: 'silent' as const })));
    const waiting = Promise.allSettled(Array.from({ length: 256 }, () => status(link, 500)));
    await expect(status(link)).rejects.toMatchObject({ code: 'gateway.full' });
    await waiting;
  });
});

describe('rule 15: the service rotates the key of its links', () => {
  test('the next request goes by the new key over a connection of its own; what waits on the old one is not lost with it, and then it closes', async () => {
    const next = await makeSelfSigned('next service');
    gateway.servicePins = [service.pin, next.pin];
    let present = service;
    const link = new GatewayLink({
      address: { gatewayName: 'office1', host: '127.0.0.1', port: gateway.port, pins: [gateway.tls.pin] },
      identity: {
        get keyPem() {
          return present.keyPem;
        },
        get certificatePem() {
          return present.certificatePem;
        },
      },
      random: () => 0.5,
      onControlOpen: () => undefined,
      onControlLost: (reason) => lost.push(reason),
    });
    links.push(link);
    await status(link);
    gateway.script.set('status', [{ kind: 'silent' }]);
    const asked = gateway.nextAsked('status');
    const waiting = status(link, 1_500).catch((error: unknown) => error);
    await asked;
    present = next;
    await link.renew();
    await status(link);
    expect(gateway.connections).toBe(2);
    // Not ended by the change, but by its own limit.
    expect(await waiting).toMatchObject({ code: 'gateway.link-time-out' });
    gateway.servicePins = [next.pin];
    await status(link);
    // A gateway that does not know it yet is met by the former key.
    gateway.servicePins = [service.pin];
    link.useKeys({ pins: [gateway.tls.pin], openedBy: service });
    await status(link);
    expect(gateway.connections).toBe(3);
    expect(lost).toEqual([]);
  });
});

describe('rule 15: pins of a gateway that rotates its keys', () => {
  const id = gatewayId.parse('55555555-5555-4555-8555-555555555551');

  test('a further pin is taken by the link that stands: what runs over it goes on; a pin that is good no more ends it, and the next one is opened by the others alone', async () => {
    const pool = new LinkPool({ identity: service, random: () => 0.5, onOpen: () => undefined, onLost: (_id, reason) => lost.push(reason) });
    const next = await makeSelfSigned('next');
    const to = (pins: string[]): GatewayLink => pool.linkTo(id, { gatewayName: 'office1', host: '127.0.0.1', port: gateway.port, pins });
    try {
      const link = to([gateway.tls.pin]);
      await status(link);
      gateway.script.set('status', [{ kind: 'silent' }]);
      const running = status(link, 1_500);
      expect(to([gateway.tls.pin, next.pin])).toBe(link);
      await expect(running).rejects.toMatchObject({ code: 'gateway.link-time-out' });
      await status(to([gateway.tls.pin, next.pin]));
      expect(gateway.connections).toBe(1);
      const after = to([next.pin]);
      expect(after).not.toBe(link);
      await expect(status(after)).rejects.toMatchObject({ code: 'gateway.link-pin-mismatch' });
      await expect(status(link)).rejects.toMatchObject({ code: 'gateway.link-failed' });
    } finally {
      pool.stop();
    }
  });
});
