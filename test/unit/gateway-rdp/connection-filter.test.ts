import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { type ConnectionEvents, ConnectionFilter, type ConnectionFilterParts, RedirectedError } from '../../../src-gateway/rdp/filters/connection-filter.ts';
import { sessionPolicy } from '../../../shared/policy/session-policy.ts';
import { RdpFormatError } from '../../../shared/rdp/rdp-format-error.ts';
import { conferenceBlocks } from '../../../src-gateway/rdp/wire/conference.ts';
import { mcs } from '../../../shared/rdp/pdu-kinds.ts';
import { encodeChannelData, mcsOf, readChannelData } from '../../../src-gateway/rdp/wire/mcs.ts';
import { type Pdu, PduFramer } from '../../../src-gateway/rdp/wire/tpkt.ts';
import { type LoggedPdu, rdpConnectionLog } from '../../fixtures/rdp-connection-log.ts';

const open = sessionPolicy.parse({});
const account = { domain: 'LAB', userName: 'ann', password: 'Lab-Pass1' };
/** Channels of the recorded connections: the target numbers them from 1003, the clipboard's is the only one asked for. */
const IO = 1003;
const CLIPBOARD = 1004;
const USER = 1005;

function filterWith(parts: Partial<ConnectionFilterParts> = {}) {
  const events = { drawn: vi.fn<ConnectionEvents['drawn']>(), activity: vi.fn<ConnectionEvents['activity']>(), refused: vi.fn<ConnectionEvents['refused']>(), clipboard: vi.fn<ConnectionEvents['clipboard']>(), ending: vi.fn<ConnectionEvents['ending']>(), filesListed: vi.fn<ConnectionEvents['filesListed']>(), file: vi.fn<ConnectionEvents['file']>(), size: vi.fn<ConnectionEvents['size']>() };
  const answers: { readonly end: string; readonly pdus: readonly Buffer[] }[] = [];
  return { filter: new ConnectionFilter({ protocol: 1, clientProtocols: 0x0b, account, policy: open, events, answer: (end, pdus) => void answers.push({ end, pdus }), ...parts }), events, answers };
}

function pass(filter: ConnectionFilter, { from, pdu }: LoggedPdu): Buffer[] {
  return from === 'client' ? filter.fromClient(pdu) : filter.fromTarget(pdu);
}

/** A filter behind a whole recorded sign-on, ready for what a test sends. */
function connected(parts: Partial<ConnectionFilterParts> = {}) {
  const made = filterWith(parts);
  for (const logged of rdpConnectionLog('xrdp')) pass(made.filter, logged);
  for (const event of Object.values(made.events)) event.mockClear();
  return made;
}

function slow(bytes: Buffer): Pdu {
  return { path: 'slow', bytes };
}

function indication(channelId: number, data: Buffer): Pdu {
  return slow(encodeChannelData(mcs.sendIndication, { initiator: 1002, channelId, data }));
}

function request(channelId: number, data: Buffer): Pdu {
  return slow(encodeChannelData(mcs.sendRequest, { initiator: USER, channelId, data }));
}

/** A data PDU of the share. */
function shareData(kind: number, body: Buffer, compressed = 0): Buffer {
  const header = Buffer.alloc(18);
  header.writeUInt16LE(18 + body.length);
  header.writeUInt16LE(0x17, 2);
  header[14] = kind;
  header[15] = compressed;
  return Buffer.concat([header, body]);
}

describe.each(['xrdp', 'freerdpShadow'] as const)('S20: a real connection to %s', (server) => {
  test('goes through, is told to be connected at the first picture, and only what must agree is changed', () => {
    const { filter, events } = filterWith(server === 'xrdp' ? {} : { protocol: 2, account: undefined });
    const changed: string[] = [];
    for (const logged of rdpConnectionLog(server)) {
      const before = Buffer.from(logged.pdu.bytes);
      const after = Buffer.concat(pass(filter, logged));
      if (!after.equals(before)) changed.push(`${logged.from} ${before.length}`);
    }
    // Toward xrdp, which does TLS alone: Client Info, the clipboard's capabilities and folder, and one whose length is written in two bytes. Toward the other: the protocol that was chosen, and the account.
    expect(changed.filter((one) => one.startsWith('client'))).toEqual(server === 'xrdp' ? ['client 321', 'client 46', 'client 551', 'client 30'] : ['client 403', 'client 321']);
    expect(events.size).toHaveBeenCalledWith(expect.objectContaining({ width: 1024, height: 768 }));
    if (server === 'xrdp') expect(events.drawn).toHaveBeenCalledTimes(1);
  });
});

test('the client says what the target chose, the target what the client asked for', () => {
  const [initial, response] = rdpConnectionLog('freerdpShadow');
  if (initial === undefined || response === undefined) throw new Error('the log is empty');
  const { filter } = filterWith({ protocol: 8, clientProtocols: 0x21 });
  const toTarget = filter.fromClient(initial.pdu)[0] ?? Buffer.alloc(0);
  expect(conferenceBlocks('request', mcsOf(toTarget)).find(({ type }) => type === 0xc001)?.bytes.readUInt32LE(212)).toBe(8);
  const toClient = filter.fromTarget(response.pdu)[0] ?? Buffer.alloc(0);
  expect(conferenceBlocks('response', mcsOf(toClient)).find(({ type }) => type === 0x0c01)?.bytes.readUInt32LE(8)).toBe(0x21);
});

test('the account reaches the target, and what the client said of itself does not', () => {
  const { filter } = filterWith();
  const toTarget: Buffer[] = [];
  for (const logged of rdpConnectionLog('xrdp').slice(0, 12)) {
    const passed = pass(filter, logged);
    if (logged.from === 'client') toTarget.push(...passed);
  }
  expect(Buffer.concat(toTarget).includes(Buffer.from(account.password, 'utf16le'))).toBe(true);
});

test('A17, A18: a channel that is not allowed gets a name that no target knows, and nothing passes on it either way', () => {
  const { filter, events } = connected({ policy: { ...open, clipboardIn: false, clipboardOut: false } });
  const data = Buffer.from('100000000300000001000000080000000000000000000000', 'hex');
  expect(filter.fromClient(request(CLIPBOARD, data))).toEqual([]);
  expect(filter.fromTarget(indication(CLIPBOARD, data))).toEqual([]);
  expect(events.refused).toHaveBeenCalledWith('channel');
  const [initial] = rdpConnectionLog('xrdp');
  const sent = filterWith({ policy: { ...open, clipboardIn: false, clipboardOut: false } }).filter.fromClient(initial?.pdu ?? slow(Buffer.alloc(0)));
  expect(Buffer.concat(sent).includes('cliprdr')).toBe(false);
  expect(Buffer.concat(sent).includes('denied0')).toBe(true);
});

test('rule 21: who asks for a file that he may not have hears a no at once, from either end, as if the other had said it', () => {
  const { filter, answers } = connected();
  const asked = Buffer.from('1c0000001300000008000000180000000700000000000000020000000000000000000000ff000000', 'hex').fill(32, 0, 1);
  expect(filter.fromClient(request(CLIPBOARD, asked))).toEqual([]);
  expect(filter.fromTarget(indication(CLIPBOARD, asked))).toEqual([]);
  expect(answers.map(({ end, pdus }) => [end, pdus.map((pdu) => readChannelData(mcsOf(pdu)))])).toEqual([
    ['client', [expect.objectContaining({ initiator: 4, channelId: CLIPBOARD })]],
    ['target', [expect.objectContaining({ initiator: USER, channelId: CLIPBOARD })]],
  ]);
  for (const { pdus } of answers) expect(readChannelData(mcsOf(pdus[0] ?? Buffer.alloc(0))).data.subarray(8).toString('hex')).toBe('090002000400000007000000');
});

describe('rule 21: who may only look', () => {
  const policy = { ...open, viewOnly: true };
  const input = shareData(28, Buffer.alloc(16));

  test('sends no key and no move, whichever way they are written', () => {
    const { filter, events } = connected({ policy });
    expect(filter.fromClient({ path: 'fast', bytes: Buffer.from('04040030', 'hex') })).toEqual([]);
    expect(filter.fromClient(request(IO, input))).toEqual([]);
    expect(events.refused).toHaveBeenCalledTimes(2);
    expect(events.activity).not.toHaveBeenCalled();
  });

  test('sends none hidden behind another PDU of the same payload', () => {
    const { filter } = connected({ policy });
    const refresh = shareData(33, Buffer.alloc(12));
    const sent = filter.fromClient(request(IO, Buffer.concat([refresh, input, refresh])));
    expect(sent.map((pdu) => readChannelData(mcsOf(pdu)).data)).toEqual([Buffer.concat([refresh, refresh])]);
  });

  test('who may do more is active with each input', () => {
    const { filter, events } = connected();
    const key: Pdu = { path: 'fast', bytes: Buffer.from('04040030', 'hex') };
    expect(filter.fromClient(key)).toEqual([key.bytes]);
    expect(filter.fromClient(request(IO, input))).toHaveLength(1);
    expect(events.activity).toHaveBeenCalledTimes(2);
  });
});

describe('rule 21: what a client that is not ours tries besides', () => {
  const CLIENT_INFO = 11;
  const log = (): LoggedPdu[] => rdpConnectionLog('xrdp');
  const untilLicensing = (parts: Partial<ConnectionFilterParts> = {}) => {
    const made = filterWith(parts);
    for (const logged of log().slice(0, CLIENT_INFO + 1)) pass(made.filter, logged);
    return made.filter;
  };
  /** The client's info of the log with a program to start in the desktop's place. */
  const withProgram = (): Pdu => {
    const { pdu } = log()[CLIENT_INFO] ?? { pdu: slow(Buffer.alloc(0)) };
    const data = Buffer.from(readChannelData(mcsOf(pdu.bytes)).data);
    const info = data.subarray(4);
    const texts = [8, 10, 12, 14, 16].map((at) => info.readUInt16LE(at));
    const before = 18 + texts.slice(0, 3).reduce((sum, length) => sum + length + 2, 0);
    const behind = before + (texts[3] ?? 0) + 2;
    const program = Buffer.from('/bin/sh -c id', 'utf16le');
    info.writeUInt16LE(program.length, 14);
    return request(IO, Buffer.concat([data.subarray(0, 4 + before), program, Buffer.alloc(2), info.subarray(behind)]));
  };

  test('who may only look starts no program: a command is input', () => {
    const sent = (viewOnly: boolean): Buffer => {
      const { filter } = filterWith({ policy: { ...open, viewOnly } });
      for (const logged of log().slice(0, CLIENT_INFO)) pass(filter, logged);
      return Buffer.concat(filter.fromClient(withProgram()));
    };
    expect(sent(false).includes(Buffer.from('/bin/sh', 'utf16le'))).toBe(true);
    expect(sent(true).includes(Buffer.from('/bin/sh', 'utf16le'))).toBe(false);
    expect(sent(true).includes(Buffer.from(account.password, 'utf16le'))).toBe(true);
  });

  test('who may only look puts nothing into the clipboard of the target, also where the rule would let others', () => {
    const offer = Buffer.from('0e0000001300000002000000060000000d0000000000', 'hex');
    const { filter } = connected({ policy: { ...open, viewOnly: true } });
    expect(filter.fromClient(request(CLIPBOARD, offer)).map((pdu) => readChannelData(mcsOf(pdu)).data.subarray(8).toString('hex'))).toEqual(['0200000000000000']);
    const alone = filterWith({ policy: { ...open, viewOnly: true, clipboardOut: false } }).filter.fromClient(log()[0]?.pdu ?? slow(Buffer.alloc(0)));
    expect(Buffer.concat(alone).includes('cliprdr')).toBe(false);
  });

  test('a second info in licensing’s clothes, by which another account would sign on, is refused', () => {
    const info = Buffer.alloc(64);
    info.writeUInt16LE(0x80 | 0x40);
    info.writeUInt16LE(info.length - 4, 6);
    expect(() => untilLicensing().fromClient(request(IO, info))).toThrow(RdpFormatError);
    info.writeUInt16LE(0x80 | 0x200);
    expect(untilLicensing().fromClient(request(IO, info))).toHaveLength(1);
  });

  test('a name of the conference that looks like the beginning of user data hides none', () => {
    const [initial] = log();
    if (initial === undefined) throw new Error('the log is empty');
    const real = Buffer.from(initial.pdu.bytes);
    const key = real.indexOf('Duca');
    const name = Buffer.from('Duca0000', 'latin1');
    const longer = Buffer.concat([real.subarray(0, key), name, real.subarray(key)]);
    longer.writeUInt16BE(longer.length, 2);
    expect(() => filterWith().filter.fromClient(slow(longer))).toThrow(RdpFormatError);
    const renamed = Buffer.from(real);
    renamed[key - 5] = 0x20;
    expect(() => filterWith().filter.fromClient(slow(renamed))).toThrow(RdpFormatError);
  });
});

describe('rule 22', () => {
  test('A19: a redirection ends the connection, before and after the picture', () => {
    const redirection = Buffer.alloc(20);
    redirection.writeUInt16LE(20);
    redirection.writeUInt16LE(0x1a, 2);
    expect(() => connected().filter.fromTarget(indication(IO, redirection))).toThrow(RedirectedError);
    const { filter } = filterWith();
    for (const logged of rdpConnectionLog('xrdp').slice(0, 14)) pass(filter, logged);
    const old = Buffer.alloc(20);
    old.writeUInt16LE(0x400);
    expect(() => filter.fromTarget(indication(IO, old))).toThrow(RedirectedError);
    // Nor one that says that it is of licensing, too.
    const both = Buffer.alloc(20);
    both.writeUInt16LE(0x480);
    both.writeUInt16LE(16, 6);
    expect(() => filter.fromTarget(indication(IO, both))).toThrow(RdpFormatError);
  });

  test('the cookie of an automatic reconnect does not reach the client, and other news of the session does', () => {
    const { filter } = connected();
    const cookie = Buffer.alloc(42);
    cookie.writeUInt32LE(3);
    cookie.writeUInt32LE(1, 6);
    const news = Buffer.alloc(12);
    expect(filter.fromTarget(indication(IO, shareData(38, cookie)))).toEqual([]);
    expect(filter.fromTarget(indication(IO, shareData(38, news)))).toHaveLength(1);
    const both = filter.fromTarget(indication(IO, Buffer.concat([shareData(38, news), shareData(38, cookie)])));
    expect(both.map((pdu) => readChannelData(mcsOf(pdu)).data)).toEqual([shareData(38, news)]);
  });
});

describe('rule 1: nothing is done that no recording would show', () => {
  const key: Pdu = { path: 'fast', bytes: Buffer.from('04040030', 'hex') };
  const picture: Pdu = { path: 'fast', bytes: Buffer.from('0008010300000000', 'hex') };
  /** A filter behind a sign-on of which the picture has not come yet. */
  const beforePicture = () => {
    const made = filterWith();
    for (const logged of rdpConnectionLog('xrdp')) {
      if (logged.from === 'target' && logged.pdu.path === 'fast') break;
      pass(made.filter, logged);
    }
    expect(made.events.drawn).not.toHaveBeenCalled();
    for (const event of Object.values(made.events)) event.mockClear();
    return made;
  };
  const text = Buffer.concat([Buffer.from('1000000013000000', 'hex'), Buffer.from('0500010008000000', 'hex'), Buffer.from('text', 'utf16le')]);

  test('before the first picture nobody types, and no contents of a clipboard go', () => {
    const { filter, events } = beforePicture();
    expect(filter.fromClient(key)).toEqual([]);
    expect(filter.fromClient(request(IO, shareData(28, Buffer.alloc(16))))).toEqual([]);
    for (const sent of [filter.fromClient(request(CLIPBOARD, text)), filter.fromTarget(indication(CLIPBOARD, text))]) expect(sent.map((pdu) => readChannelData(mcsOf(pdu)).data.subarray(8).toString('hex'))).toEqual(['0500020000000000']);
    expect(events.activity).not.toHaveBeenCalled();
    expect(events.clipboard).not.toHaveBeenCalled();
    filter.fromTarget(picture);
    expect(filter.fromClient(key)).toEqual([key.bytes]);
    expect(readChannelData(mcsOf(filter.fromClient(request(CLIPBOARD, text))[0] ?? Buffer.alloc(0))).data).toEqual(text);
  });

  test('a client has the target draw on, also where it wants no picture', () => {
    const { filter } = connected();
    const suppress = shareData(35, Buffer.alloc(4));
    const refresh = shareData(33, Buffer.alloc(12));
    expect(filter.fromClient(request(IO, suppress))).toEqual([]);
    expect(filter.fromClient(request(IO, Buffer.concat([suppress, refresh]))).map((pdu) => readChannelData(mcsOf(pdu)).data)).toEqual([refresh]);
  });
});

test('rule 23: a client confirms no orders, no codec but RemoteFX, no compression', () => {
  const { filter } = filterWith();
  let confirm = Buffer.alloc(0);
  for (const logged of rdpConnectionLog('xrdp')) {
    if (logged.from === 'client' && logged.pdu.bytes.length === 512) {
      const orders = logged.pdu.bytes.indexOf(Buffer.from([3, 0, 88, 0]));
      logged.pdu.bytes.fill(1, orders + 4 + 32, orders + 4 + 64);
      confirm = Buffer.concat(pass(filter, logged));
      expect(confirm.subarray(orders + 36, orders + 68)).toEqual(Buffer.alloc(32));
    } else pass(filter, logged);
  }
  expect(confirm).toHaveLength(512);
});

test.each([
  ['a compressed PDU', indication(IO, shareData(2, Buffer.alloc(8), 0x21))],
  ['a PDU longer than its payload', indication(IO, Buffer.from('ff0017000000', 'hex'))],
  ['an unknown channel', indication(2000, Buffer.alloc(12))],
  ['a request in place of an indication', request(IO, shareData(2, Buffer.alloc(8)))],
  ['another request for a connection', slow(Buffer.from('030000130ee00000000000010008000b000000', 'hex'))],
])('%s of a target ends the connection', (_what, pdu) => {
  expect(() => connected().filter.fromTarget(pdu)).toThrow(RdpFormatError);
});

test('a client that skips its info, or begins with something else, is refused', () => {
  expect(() => filterWith().filter.fromClient(request(IO, shareData(28, Buffer.alloc(8))))).toThrow(RdpFormatError);
  const { filter } = filterWith();
  for (const logged of rdpConnectionLog('xrdp').slice(0, 11)) pass(filter, logged);
  expect(() => filter.fromClient(request(IO, shareData(28, Buffer.alloc(8))))).toThrow(RdpFormatError);
});

/** A18: real streams with bytes flipped, cut and doubled; the seed stands, so that a finding comes again. */
test.each(['xrdp', 'freerdpShadow'] as const)('A18: whatever is done to a stream of %s, the filter gives an answer or one error, and no more bytes than it took', (server) => {
  const log = rdpConnectionLog(server);
  fc.assert(
    fc.property(fc.nat(log.length - 1), fc.array(fc.tuple(fc.nat(600), fc.nat(255)), { minLength: 1, maxLength: 8 }), fc.boolean(), fc.option(fc.nat(600)), (at, flips, both, cut) => {
      const { filter } = filterWith();
      const framers = { client: new PduFramer(), target: new PduFramer() };
      let [taken, given] = [0, 0];
      try {
        for (const [place, logged] of log.entries()) {
          const bytes = Buffer.from(logged.pdu.bytes);
          if (place === at || (both && place > at)) for (const [where, value] of flips) bytes[where % bytes.length] = value;
          const fed = place === at && cut !== null ? bytes.subarray(0, cut % bytes.length) : bytes;
          taken += fed.length;
          for (const pdu of framers[logged.from].take(fed)) given += Buffer.concat(pass(filter, { from: logged.from, pdu })).length;
        }
      } catch (error) {
        expect(error).toBeInstanceOf(RdpFormatError);
      }
      // An account and a header of the clipboard may be more than what they stand for.
      expect(given).toBeLessThanOrEqual(taken + 4096);
    }),
    { seed: 20_261_126, numRuns: 2000 },
  );
});
