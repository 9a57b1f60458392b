import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeCount, encodeFrame, frameType } from '../../../shared/proxy-stream/frames.ts';
import { MEASURE_PIECE_BYTES, MEASURE_PIECES } from '../../../shared/proxy-stream/line-measure.ts';
import { systemClock } from '../../../src-gateway/clock/clock.ts';
import { HELLO_LIMIT_MS } from '../../../src-gateway/proxy-port/greeting.ts';
import type { HostileProxyClient } from '../../fixtures/hostile-proxy-client.ts';
import { makeKeyPair } from '../../fixtures/key-pair.ts';
import { ShiftableClock } from '../../fixtures/manual-clock.ts';
import { TestGateway } from '../../fixtures/running-gateway.ts';

// What anybody with a key of his own may have measured on a proxy port, and what not: bytes, time, how often, and never more back
// than was sent.

const piece = encodeFrame(frameType.measure, new Uint8Array(MEASURE_PIECE_BYTES));
const pieces = (count: number): Buffer => Buffer.concat(Array.from({ length: count }, () => piece));
const back = (count: number): Uint8Array => encodeCount(frameType.measureBack, count);

let gateway: TestGateway;
const clock = new ShiftableClock(systemClock());
let addresses = 0;
beforeAll(async () => {
  gateway = await TestGateway.start({ clock });
});
afterAll(() => gateway.stop());

/** A client whom the gateway does not know, at an address of loopback that no other has. */
const stranger = async (localAddress = `127.7.${(addresses += 1)}.1`, port = gateway.running.proxyPorts[0]): Promise<HostileProxyClient> => gateway.client(await makeKeyPair('CN=stranger'), { localAddress, ...(port === undefined ? {} : { port }) });
const counted = (client: HostileProxyClient, type: number): number => client.frames.filter((frame) => frame.type === type).length;
/** Measures whole; gives `measured`, or the code of the refusal. */
async function outcomeOf(client: HostileProxyClient): Promise<string> {
  client.sendRaw(pieces(2));
  return client.until(() => {
    const failed = client.seen.find(({ type }) => type === frameType.failed);
    if (failed !== undefined) return String(failed.value['code']);
    return counted(client, frameType.measured) === 2 ? 'measured' : undefined;
  });
}

describe('a line that is measured', () => {
  test.each(['proxy port', 'port of the link'] as const)('on a %s: each piece is counted, fewer come back than were sent, in all less than was sent', async (where) => {
    const client = await stranger(undefined, where === 'proxy port' ? gateway.running.proxyPorts[1] : gateway.running.linkPort);
    client.sendRaw(pieces(MEASURE_PIECES));
    await client.until(() => (counted(client, frameType.measured) === MEASURE_PIECES ? true : undefined));
    client.sendRaw(back(MEASURE_PIECES - 1));
    await client.until(() => (counted(client, frameType.filler) === MEASURE_PIECES - 1 ? true : undefined));
    const bytesBack = client.frames.reduce((sum, { payload }) => sum + 5 + payload.length, 0);
    expect(bytesBack).toBeLessThanOrEqual(MEASURE_PIECES * piece.length + back(1).length);
    // Nothing that a device on the way could make smaller.
    expect(new Set(client.frames.find(({ type }) => type === frameType.filler)?.payload).size).toBeGreaterThan(200);
    client.destroy();
  });

  test.each<readonly [string, Uint8Array[]]>([
    ['asks back before it sent anything', [back(1)]],
    ['asks back as much as it sent', [pieces(3), back(3)]],
    ['asks back more than can be counted', [pieces(3), encodeFrame(frameType.measureBack, Buffer.alloc(8, 255))]],
    ['asks back without a count', [pieces(3), encodeFrame(frameType.measureBack)]],
    ['asks back twice', [pieces(3), back(1), back(1)]],
    ['sends on after that', [pieces(3), back(1), piece]],
    ['sends more than is measured', [pieces(MEASURE_PIECES + 1)]],
    ['sends many small pieces, whose answers are more than they are', [encodeFrame(frameType.measure, new Uint8Array(1))]],
    ['sends an empty piece', [encodeFrame(frameType.measure)]],
    ['sends a larger piece', [encodeFrame(frameType.measure, new Uint8Array(MEASURE_PIECE_BYTES + 1))]],
    ['goes on with a hello', [pieces(1), encodeFrame(frameType.hello, Buffer.from('{}'))]],
    ['goes on with data', [pieces(1), encodeFrame(frameType.data, Buffer.alloc(20))]],
  ])('who %s is sent away', async (_what, sent) => {
    const client = await stranger();
    client.sendRaw(Buffer.concat(sent));
    expect(await client.outcome()).toBe('hello.malformed');
    await client.closed;
    expect(counted(client, frameType.filler)).toBeLessThanOrEqual(1);
  });

  test('a connection that measured is for nothing else: a good ticket is refused there, and stays for another', async () => {
    const { ticket } = await gateway.grant();
    const client = await gateway.client();
    client.sendRaw(pieces(1));
    client.hello(ticket);
    expect(await client.outcome()).toBe('hello.malformed');
    const other = await gateway.client();
    other.hello(ticket);
    expect(await other.outcome()).toBe('accepted');
    other.destroy();
  });

  test('who begins with a hello has nothing measured any more', async () => {
    const { ticket } = await gateway.grant();
    const client = await gateway.client();
    client.hello(ticket);
    expect(await client.outcome()).toBe('accepted');
    client.sendRaw(piece);
    await client.closed;
    expect(counted(client, frameType.measured)).toBe(0);
  });

  test('it is over when a hello would be: the connection is closed, also of who reads nothing, and is not told of as an attack', async () => {
    const [slow, deaf] = await Promise.all([stranger('127.7.200.1'), stranger('127.7.200.2')]);
    slow.sendRaw(pieces(1));
    await slow.until(() => (counted(slow, frameType.measured) === 1 ? true : undefined));
    deaf.sendRaw(pieces(MEASURE_PIECES));
    await deaf.until(() => (counted(deaf, frameType.measured) === MEASURE_PIECES ? true : undefined));
    deaf.socket.pause();
    deaf.sendRaw(back(MEASURE_PIECES - 1));
    clock.advance(HELLO_LIMIT_MS + 1000);
    deaf.socket.resume();
    await Promise.all([slow.closed, deaf.closed]);
    // Another's offence is in the journal after both.
    const offender = await stranger('127.7.200.3');
    offender.sendRaw(back(1));
    await offender.closed;
    const events = await gateway.journalUntil((all) => all.some(({ kind, facts }) => kind === 'peer-refused' && facts['address'] === '127.7.200.3'));
    expect(events.filter(({ kind, facts }) => kind === 'peer-refused' && ['127.7.200.1', '127.7.200.2'].includes(String(facts['address'])))).toEqual([]);
  });

  test('an address has eight at once and then two a second; another address, and who had a grant here, are served meanwhile', async () => {
    const office = '127.8.1.1';
    const outcomes: string[] = [];
    // At once: on a busy machine one after the other takes long enough that one more is due.
    const clients = await Promise.all(Array.from({ length: 20 }, () => stranger(office)));
    for (const outcome of await Promise.all(clients.map(outcomeOf))) outcomes.push(outcome);
    for (const client of clients) client.destroy();
    const served = outcomes.filter((outcome) => outcome === 'measured').length;
    expect(served).toBeGreaterThanOrEqual(8);
    expect(served).toBeLessThan(14);
    expect(new Set(outcomes)).toEqual(new Set(['measured', 'request.too-many']));
    expect(await outcomeOf(await stranger())).toBe('measured');
    await gateway.grant();
    expect(await outcomeOf(await gateway.client(gateway.clientKey, { localAddress: office }))).toBe('measured');
    clock.advance(2000);
    expect(await outcomeOf(await stranger(office))).toBe('measured');
    await gateway.linkAgain();
  });
});
