import { expect, test } from 'vitest';
import { readDerFields, readDerOnly, derContext, derInteger, DerError, derLength, readDerUnsigned } from '../../../shared/der/der.ts';
import { RdpFormatError } from '../../../shared/rdp/rdp-format-error.ts';
import { splitAccountName } from '../../../src-gateway/rdp/sign-on/account-name.ts';
import { rewriteClientInfo } from '../../../src-gateway/rdp/wire/client-info.ts';
import { drawsAnything } from '../../../src-gateway/rdp/wire/fast-path.ts';
import { PduFramer } from '../../../src-gateway/rdp/wire/tpkt.ts';
import { rdpConnectionLog } from '../../fixtures/rdp-connection-log.ts';

test.each(['xrdp', 'freerdpShadow'] as const)('a stream to %s is cut into the same PDUs however it is split', (server) => {
  const pdus = rdpConnectionLog(server).map(({ pdu }) => pdu);
  const wire = Buffer.concat(pdus.map(({ bytes }) => bytes));
  for (const size of [1, 3, 7, 100, wire.length]) {
    const framer = new PduFramer();
    const cut = [];
    for (let at = 0; at < wire.length; at += size) for (const { path, bytes } of framer.take(wire.subarray(at, at + size))) cut.push({ path, bytes: Buffer.from(bytes) });
    expect(cut).toEqual(pdus);
    expect(framer.inside).toBe(false);
  }
});

test.each([
  ['a TPKT shorter than its headers', '03000005'],
  ['a fast-path PDU of no length', '0000'],
  ['a fast-path PDU shorter than its header', '008002'],
  ['what is neither', '16030100'],
])('%s ends the stream', (_what, hex) => {
  expect(() => new PduFramer().take(Buffer.from(hex, 'hex'))).toThrow(RdpFormatError);
});

/** The client's own info out of a real connection, behind the security header. */
function clientInfo(): Buffer {
  const info = rdpConnectionLog('xrdp').find(({ from, pdu }) => from === 'client' && pdu.bytes.length === 321);
  if (info === undefined) throw new Error('the log has no client info');
  return Buffer.from(info.pdu.bytes.subarray(19));
}

function texts(info: Buffer): string[] {
  let at = 18;
  return [8, 10, 12, 14, 16].map((place) => {
    const text = info.toString('utf16le', at, at + info.readUInt16LE(place));
    at += info.readUInt16LE(place) + 2;
    return text;
  });
}

test('S20: the stored account takes the place of what the client says of itself, and signs on by itself', () => {
  const before = clientInfo();
  expect(texts(before)).toEqual(['', 'x', 'y', '', '']);
  expect(before.readUInt32LE(4) & 8).toBe(0);
  const after = rewriteClientInfo(before, { domain: 'LAB', userName: '安', password: 'Lab-Pass1' }, { program: true });
  expect(texts(after)).toEqual(['LAB', '安', 'Lab-Pass1', '', '']);
  expect(after.readUInt32LE(4) & 8).toBe(8);
  expect(after.length).toBe(before.length + 2 * ('LAB'.length + 'Lab-Pass1'.length - 'y'.length));
});

test('on NLA nothing of an account stands in the client info', () => {
  expect(texts(rewriteClientInfo(clientInfo(), undefined, { program: true }))).toEqual(['', '', '', '', '']);
});

test('compression and the cookie of an automatic reconnect are taken out of the client info', () => {
  const info = clientInfo();
  info.writeUInt32LE(info.readUInt32LE(4) | 0x80 | 0x600, 4);
  const plain = rewriteClientInfo(info, undefined, { program: true });
  expect(plain.readUInt32LE(4) & 0x1e80).toBe(0);
  const account = { domain: '', userName: 'x', password: 'y' };
  const same = rewriteClientInfo(info, account, { program: true });
  // The cookie's length stands behind texts, addresses, time zone, session id and performance flags.
  let at = 18 + [8, 10, 12, 14, 16].reduce((sum, place) => sum + same.readUInt16LE(place) + 2, 0) + 2;
  for (let text = 0; text < 2; text += 1) at += 2 + same.readUInt16LE(at);
  const cookieAt = at + 172 + 8;
  const withCookie = Buffer.concat([info.subarray(0, cookieAt), Buffer.from([28, 0]), Buffer.alloc(28, 0xcc)]);
  const without = rewriteClientInfo(withCookie, account, { program: true });
  expect(without.includes(Buffer.alloc(4, 0xcc))).toBe(false);
  expect(without).toEqual(Buffer.concat([same.subarray(0, cookieAt), Buffer.alloc(2)]));
});

test.each([
  ['cut off', (info: Buffer) => info.subarray(0, 17)],
  ['without unicode', (info: Buffer) => (info.writeUInt32LE(0, 4), info)],
  ['with a text beyond its end', (info: Buffer) => (info.writeUInt16LE(0xfffe, 8), info)],
  ['with a text of half a letter', (info: Buffer) => (info.writeUInt16LE(3, 10), info)],
])('client info %s is refused', (_what, change) => {
  expect(() => rewriteClientInfo(change(clientInfo()), undefined, { program: true })).toThrow(RdpFormatError);
});

test('an update is one that draws, or not, and nothing encrypted or compressed passes', () => {
  expect(drawsAnything(Buffer.from('0008010300000000', 'hex'))).toBe(true);
  expect(drawsAnything(Buffer.from('0005030000', 'hex'))).toBe(false);
  expect(drawsAnything(Buffer.from('0008030000040000', 'hex'))).toBe(true);
  for (const hex of ['8005010000', '0005410000', '0005010100', '000401ff']) expect(() => drawsAnything(Buffer.from(hex, 'hex'))).toThrow(RdpFormatError);
});

test('names of accounts are read as Windows means them', () => {
  expect(splitAccountName('LAB\\ann')).toEqual({ domain: 'LAB', userName: 'ann' });
  expect(splitAccountName('ann@lab.example')).toEqual({ domain: '', userName: 'ann@lab.example' });
  expect(splitAccountName('ann')).toEqual({ domain: '', userName: 'ann' });
});

test('DER is read only as it is written: least lengths, order, bounds', () => {
  expect(readDerUnsigned(derInteger(0))).toBe(0);
  expect(readDerUnsigned(derInteger(0x80))).toBe(0x80);
  expect(readDerUnsigned(Buffer.from('0204c000006d', 'hex'))).toBe(0xc000_006d);
  expect(readDerFields(Buffer.concat([derContext(0, derInteger(3390)), derContext(3, derInteger(1))]), 4).get(0)).toEqual(Buffer.from(derInteger(3390)));
  expect(derLength(Buffer.from('30', 'hex'), 10)).toBe(false);
  expect(derLength(Buffer.from('3003', 'hex'), 10)).toBe(5);
  for (const hex of ['308003', '30820003', '3081050102030405', '3084ffffffff', '1f810100']) expect(() => derLength(Buffer.from(hex, 'hex'), 1000)).toThrow(DerError);
  expect(() => derLength(Buffer.from('3082ffff', 'hex'), 1000)).toThrow(DerError);
  expect(() => readDerFields(Buffer.concat([derContext(3, derInteger(1)), derContext(0, derInteger(1))]), 4)).toThrow(DerError);
  expect(() => readDerOnly(Buffer.from('3003020101ff', 'hex'), 0x30)).toThrow(DerError);
});
