import { afterEach, expect, test } from 'vitest';
import { rdpConnectionLog } from '../../fixtures/rdp-connection-log.ts';
import { derContext, derInteger, DerError, derOctets, der, derTag } from '../../../shared/der/der.ts';
import { BridgeSocket } from '../../../src-renderer/desktop/rdp/bridge-socket.ts';
import { cleanPathRefusal, cleanPathResponse, readCleanPathRequest } from '../../../src-renderer/desktop/rdp/clean-path.ts';
import { ownLayout, tellingKeyboard } from '../../../src-renderer/desktop/rdp/keyboard-layout.ts';
import { RdpStream } from '../../../src-renderer/desktop/rdp/rdp-stream.ts';
import { scanCodes } from '../../../src-renderer/desktop/rdp/scan-codes.ts';
import { wishedSize } from '../../../src-renderer/desktop/rdp/wished-size.ts';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
const REQUEST = hex('030000130ee00000000000010008000b000000');
const AGREED = hex('030000130ed000000000000200080001000000');
const REFUSED = hex('030000130ed000000000000300080004000000');
const FAST = hex('0005030000');
const CERTIFICATE = hex('3003020101');

const sockets: BridgeSocket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close();
});

/** RDCleanPath's request around an X.224 request, as IronRDP writes it. */
function cleanPath(x224: Uint8Array): ArrayBuffer {
  const text = (value: string): Uint8Array => der(derTag.utf8String, Buffer.from(value));
  return der(derTag.sequence, derContext(0, derInteger(3390)), derContext(2, text('target:3389')), derContext(3, text('-')), derContext(6, derOctets(x224))).slice().buffer;
}

async function openEngine(stream: RdpStream): Promise<{ socket: BridgeSocket; received: Uint8Array[]; closed: () => boolean }> {
  const socket = new BridgeSocket(stream.address());
  sockets.push(socket);
  const received: Uint8Array[] = [];
  socket.addEventListener('message', (event) => {
    if (event instanceof MessageEvent && event.data instanceof ArrayBuffer) received.push(new Uint8Array(event.data));
  });
  await new Promise((resolve) => socket.addEventListener('open', resolve, { once: true }));
  return { socket, received, closed: () => socket.readyState === 3 };
}

test('the request of IronRDP\'s own test vector is read, and what is none is refused', () => {
  const vector = hex('3032a00402020d3ea20d0c0b64657374696e6174696f6ea30c0c0a70726f78792061757468a5050c03504342a6060404deadbeff');
  expect(Buffer.from(readCleanPathRequest(vector)).toString('hex')).toBe('deadbeff');
  for (const bad of ['', '3000', '3006a00402020d3e', '160301']) expect(() => readCleanPathRequest(hex(bad))).toThrow(DerError);
  // Another version has nothing that would go on.
  expect(readCleanPathRequest(hex('3006a00402020d3f'))).toHaveLength(0);
});

test('answers are written as IronRDP\'s test vectors have them', () => {
  expect(Buffer.from(cleanPathResponse(hex('deadbeff'), hex('deadbeff'))).toString('hex')).toBe('3022a00402020d3ea6060404deadbeffa70830060404deadbeffa9080c06746172676574');
  expect(Buffer.from(cleanPathRefusal(hex('deadbeff'))).toString('hex')).toBe('3017a00402020d3ea1073005a003020102a6060404deadbeff');
});

test('an engine\'s request goes out as X.224, and its answer comes with the certificate', async () => {
  const sent: Uint8Array[] = [];
  const stream = new RdpStream((bytes) => sent.push(bytes), CERTIFICATE);
  const engine = await openEngine(stream);
  engine.socket.send(new Blob([cleanPath(REQUEST)]));
  await expect.poll(() => sent).toEqual([REQUEST]);
  for (const byte of AGREED) stream.receive(Uint8Array.of(byte));
  expect(engine.received).toEqual([cleanPathResponse(AGREED, CERTIFICATE)]);
  stream.receive(Uint8Array.from([...FAST, ...FAST, 0]));
  expect(engine.received[1]).toEqual(Uint8Array.from([...FAST, ...FAST]));
  engine.socket.send(FAST.slice().buffer);
  await expect.poll(() => sent.length).toBe(2);
});

test('rule 24: until the answer the old engine goes on being fed, and not heard; then the new one has the stream', async () => {
  const sent: Uint8Array[] = [];
  const stream = new RdpStream((bytes) => sent.push(bytes), CERTIFICATE);
  const first = await openEngine(stream);
  first.socket.send(cleanPath(REQUEST));
  await expect.poll(() => sent.length).toBe(1);
  stream.receive(AGREED);
  const second = await openEngine(stream);
  second.socket.send(cleanPath(REQUEST));
  await expect.poll(() => sent.length).toBe(2);
  first.socket.send(FAST.slice().buffer);
  stream.receive(FAST);
  expect(first.received.at(-1)).toEqual(FAST);
  // The last of the old and the first of the new in one piece.
  stream.receive(Uint8Array.from([...FAST, ...AGREED, ...FAST]));
  expect(first.closed()).toBe(true);
  expect(second.received).toEqual([cleanPathResponse(AGREED, CERTIFICATE), FAST]);
  expect(sent).toHaveLength(2);
});

test('S20: what comes behind the end of the handshake is held until the engine runs: it would lose it', async () => {
  const stream = new RdpStream(() => undefined, CERTIFICATE);
  const engine = await openEngine(stream);
  engine.socket.send(cleanPath(REQUEST));
  const fontMap = rdpConnectionLog('xrdp').filter(({ from, pdu }) => from === 'target' && pdu.path === 'slow')[11]?.pdu.bytes ?? Buffer.alloc(0);
  await expect.poll(() => {
    stream.receive(AGREED);
    return engine.received.length;
  }).toBe(1);
  stream.receive(Uint8Array.from([...FAST, ...fontMap, ...FAST]));
  stream.receive(FAST);
  expect(engine.received.slice(1)).toEqual([Uint8Array.from([...FAST, ...fontMap])]);
  stream.running();
  expect(engine.received[2]).toEqual(Uint8Array.from([...FAST, ...FAST]));
  stream.receive(FAST);
  expect(engine.received[3]).toEqual(FAST);
});

const [connectInitial = new Uint8Array(0)] = rdpConnectionLog('xrdp').filter(({ from }) => from === 'client').map(({ pdu }) => Uint8Array.from(pdu.bytes));
/** Layout, type and subtype of the keyboard in the core data of a Connect Initial. */
function keyboardIn(bytes: Uint8Array): readonly number[] {
  const core = Buffer.from(bytes).indexOf(Buffer.from('01c0', 'hex'), Buffer.from(bytes).indexOf('Duca'));
  return [16, 56, 60].map((at) => Buffer.from(bytes).readUInt32LE(core + at));
}

test('S20: the first that an engine says tells the target the user\u2019s keyboard, of which it knows nothing itself; what it says then stays as it is', async () => {
  const sent: Uint8Array[] = [];
  const stream = new RdpStream((bytes) => sent.push(bytes), CERTIFICATE);
  stream.keyboard = { layout: 0x411, type: 7, subtype: 2 };
  const engine = await openEngine(stream);
  engine.socket.send(cleanPath(REQUEST));
  await expect.poll(() => sent.length).toBe(1);
  stream.receive(AGREED);
  for (let times = 0; times < 2; times += 1) engine.socket.send(connectInitial.slice().buffer);
  await expect.poll(() => sent.length).toBe(3);
  expect(keyboardIn(connectInitial)).toEqual([0, 4, 0]);
  expect(sent.slice(1).map(keyboardIn)).toEqual([[0x411, 7, 2], [0, 4, 0]]);
  expect(sent[1]?.length).toBe(connectInitial.length);
});

test.each([
  ['Japanese', { BracketLeft: '@', BracketRight: '[', KeyQ: 'q', Semicolon: ';' }, 0x411],
  ['German', { KeyY: 'z', BracketLeft: 'ü', Minus: 'ß' }, 0x407],
  ['French', { KeyQ: 'a', KeyW: 'z', Minus: ')', Equal: '=' }, 0x40c],
  ['American', { KeyQ: 'q', BracketLeft: '[', Backslash: '\\', Semicolon: ';' }, 0x409],
  ['Russian', { KeyQ: 'й', KeyS: 'ы', BracketRight: 'ъ' }, 0x419],
  ['Ukrainian', { KeyQ: 'й', KeyS: 'і', BracketRight: 'ї' }, undefined],
  ['Belarusian', { KeyQ: 'й', KeyS: 'ы', BracketRight: "'" }, undefined],
  ['Spanish', { KeyQ: 'q', Semicolon: 'ñ', Minus: "'", Equal: '¡', BracketLeft: '`' }, 0x40a],
  ['Latin American', { KeyQ: 'q', Semicolon: 'ñ', Minus: "'", Equal: '¿', BracketLeft: '´' }, undefined],
  ['one that nobody knows', { KeyQ: 'x' }, undefined],
])('a keyboard that writes as a %s one does is told as that', async (_what, letters, layout) => {
  const map = new Map(Object.entries(letters));
  expect((await ownLayout({ keyboard: { getLayoutMap: () => Promise.resolve(map) } }))?.layout).toBe(layout);
});

test('where a browser tells nothing of the keyboard, nothing is told, and bytes that are no Connect Initial stay as they are', async () => {
  for (const browser of [{}, { keyboard: null }, { keyboard: {} }, { keyboard: { getLayoutMap: () => Promise.reject(new Error('denied')) } }, { keyboard: { getLayoutMap: () => Promise.resolve('none') } }, { keyboard: { getLayoutMap: () => new Promise(() => undefined) } }]) expect(await ownLayout(browser)).toBeUndefined();
  for (const bytes of [hex(''), FAST, hex('44756361'), hex(`4475636181${'00'.repeat(80)}`), connectInitial.slice(0, 150)]) expect(tellingKeyboard(bytes, { layout: 0x411, type: 7, subtype: 2 })).toEqual(bytes);
});

test('where there is no other connection to be had, the engine before keeps the stream', async () => {
  const sent: Uint8Array[] = [];
  const stream = new RdpStream((bytes) => sent.push(bytes), CERTIFICATE);
  const first = await openEngine(stream);
  first.socket.send(cleanPath(REQUEST));
  await expect.poll(() => sent.length).toBe(1);
  stream.receive(AGREED);
  const second = await openEngine(stream);
  second.socket.send(cleanPath(REQUEST));
  await expect.poll(() => sent.length).toBe(2);
  stream.receive(REFUSED);
  expect(second.received).toEqual([cleanPathRefusal(REFUSED)]);
  expect([first.closed(), second.closed()]).toEqual([false, true]);
  stream.receive(FAST);
  expect(first.received.at(-1)).toEqual(FAST);
});

test('a socket to anything but a bridge of this page is refused', () => {
  for (const url of ['wss://example.com/', 'bridge:0', 'ws://127.0.0.1:3389/']) expect(() => new BridgeSocket(url)).toThrow(/no such bridge/);
});

test('a size is asked for in points of the screen, within what targets take', () => {
  expect(wishedSize({ width: 1001.5, height: 701 }, 1)).toEqual({ width: 1000, height: 700 });
  expect(wishedSize({ width: 1000, height: 700 }, 1.5)).toEqual({ width: 1500, height: 1050 });
  expect(wishedSize({ width: 0, height: 10 }, 1)).toEqual({ width: 200, height: 200 });
  expect(wishedSize({ width: 9000, height: 9000 }, 2)).toEqual({ width: 8192, height: 8192 });
});

test('each key has a scan code of its own, the Japanese ones too', () => {
  const codes = Object.values(scanCodes);
  expect(new Set(codes).size).toBe(codes.length);
  expect([scanCodes['IntlRo'], scanCodes['IntlYen'], scanCodes['Convert'], scanCodes['KanaMode'], scanCodes['Delete'], scanCodes['ControlRight']]).toEqual([0x73, 0x7d, 0x79, 0x70, 0xe053, 0xe01d]);
});
