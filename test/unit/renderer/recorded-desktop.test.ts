import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { RdpFormatError } from '../../../shared/rdp/rdp-format-error.ts';
import { DrawnTiles } from '../../../src-gateway/rdp/drawn-tiles.ts';
import { WatchedDesktop } from '../../../src-gateway/rdp/watched-desktop.ts';
import { frameKind } from '../../../shared/recording/recording-frame.ts';
import { mcs } from '../../../shared/rdp/pdu-kinds.ts';
import { encodeChannelData } from '../../../src-gateway/rdp/wire/mcs.ts';
import { encodeConnectionConfirm, encodeConnectionFailure, negotiationFailure } from '../../../shared/rdp/connection-pdus.ts';
import { endsHandshake, readTargetPdu, shareKindsOf } from '../../../src-renderer/desktop/rdp/target-pdu.ts';
import { RecordedDesktop } from '../../../src-renderer/recordings/rdp/recorded-desktop.ts';
import { ManualClock } from '../../fixtures/manual-clock.ts';
import { installRdpEngine } from '../../fixtures/rdp-engine.ts';
import { rdpConnectionLog, remoteFxSession } from '../../fixtures/rdp-connection-log.ts';

type Server = Parameters<typeof rdpConnectionLog>[0];
const CONFIRM = Buffer.from(encodeConnectionConfirm(1, 0));
const RED_GREEN = [0xf800, 0x07e0];

afterAll(() => void vi.unstubAllGlobals());
// Compiling the engine takes a busy machine its time.
beforeAll(() => installRdpEngine((name, value) => void vi.stubGlobal(name, value)), 60_000);

const desktops: RecordedDesktop[] = [];
afterEach(() => {
  for (const desktop of desktops.splice(0)) desktop.close();
});

/** As a page has bytes: an array of their own, and no buffer of Node's. */
function bytesOf(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}

/** A player with what it drew, as `x,y RRGGBB…`, and the sizes of its pictures. */
function player() {
  const sizes: string[] = [];
  const drawn: string[] = [];
  const desktop = new RecordedDesktop({
    onSize: (width, height) => sizes.push(`${width}x${height}`),
    onPixels: (x, y, width, height, pixels) => drawn.push(`${x},${y} ${width}x${height} ${colours(pixels)}`),
  });
  desktops.push(desktop);
  return { desktop, sizes, drawn };
}

/** The colours one by one; of a large picture their hash. */
function colours(pixels: Uint8ClampedArray): string {
  if (pixels.length > 4096) return createHash('sha256').update(pixels).digest('hex');
  return Array.from({ length: pixels.length / 4 }, (_, at) => Buffer.from(pixels.subarray(at * 4, at * 4 + 3)).toString('hex')).join(' ');
}

/** What a target sent from its answer to the first request until it would draw, as the gateway records it. */
function handshake(server: Server = 'xrdp'): Buffer {
  return Buffer.concat([CONFIRM, ...rdpConnectionLog(server).filter(({ from }) => from === 'target').map(({ pdu }) => pdu.bytes)]);
}

/** A fast-path bitmap update (MS-RDPBCGR 2.2.9.1.2.1.2) of one row of two points, of 16 bits each. */
function picture(x: number, y: number, points: readonly number[] = RED_GREEN): Buffer {
  const head = [1, 1, x, y, x + 1, y, 2, 1, 16, 0, 4, ...points];
  const body = Buffer.alloc(head.length * 2);
  for (const [place, value] of head.entries()) body.writeUInt16LE(value, place * 2);
  return Buffer.concat([Buffer.from([0, 5 + body.length, 1, body.length, 0]), body]);
}

/** A session's pictures as the gateway shows them to watchers, on a clock that is moved. */
function watched() {
  const clock = new ManualClock();
  const asked: string[] = [];
  const watchers = new WatchedDesktop({ clock, ask: (pdus) => asked.push(...pdus.map((pdu) => pdu.toString('hex'))), lost: () => asked.push('lost') });
  return { clock, asked, watchers };
}

/** A watcher with a player of his own. */
async function enter(watchers: WatchedDesktop) {
  const made = player();
  const came: Uint8Array[] = [];
  const leave = watchers.join((kind, payload) => {
    if (kind === frameKind.output) came.push(bytesOf(payload));
  });
  const show = async (): Promise<void> => {
    for (const bytes of came.splice(0)) await made.desktop.receive(bytes);
  };
  await show();
  return { ...made, show, leave, came };
}

describe('S58: a recorded RDP desktop, decoded by the engine of its sessions', () => {
  test.each<Server>(['xrdp', 'freerdpShadow'])('of %s: goes through the recorded handshake by itself and draws what was drawn', async (server) => {
    const { desktop, sizes, drawn } = player();
    await desktop.receive(bytesOf(handshake(server), picture(8, 6)));
    expect(sizes).toHaveLength(1);
    expect(drawn.at(-1)).toBe('8,6 2x1 ff0000 00ff00');
    await desktop.receive(bytesOf(picture(0, 1, [0x001f, 0xffff])));
    expect(drawn.at(-1)).toBe('0,1 2x1 0000ff ffffff');
  });

  test('its bytes come in any pieces', async () => {
    const { desktop, drawn } = player();
    const whole = bytesOf(handshake(), picture(8, 6));
    for (let at = 0; at < whole.length; at += 11) await desktop.receive(whole.slice(at, at + 11));
    expect(drawn.at(-1)).toBe('8,6 2x1 ff0000 00ff00');
  });

  test('rule 24: a connection made anew is played by another engine, whose picture replaces the one before; a refused one changes nothing', async () => {
    const { desktop, sizes, drawn } = player();
    await desktop.receive(bytesOf(handshake('xrdp'), picture(0, 0), encodeConnectionFailure(negotiationFailure.none), picture(2, 0)));
    expect(sizes).toHaveLength(1);
    expect(drawn.at(-1)).toBe('2,0 2x1 ff0000 00ff00');
    await desktop.receive(bytesOf(handshake('freerdpShadow')));
    await desktop.receive(bytesOf(picture(4, 0)));
    expect(sizes).toHaveLength(2);
    expect(drawn.at(-1)).toBe('4,0 2x1 ff0000 00ff00');
  });

  test('a licence of the recorded session, the clipboard and a lost connection are not played', async () => {
    const { desktop, drawn } = player();
    const licenceOfAnother = rdpConnectionLog('xrdp').filter(({ from, pdu }) => from === 'target' && pdu.bytes.length === 337);
    expect(licenceOfAnother).toHaveLength(1);
    const clipboard = Buffer.from('0300002202f08068000403ec70140c000000ffffffff0300010000000000', 'hex');
    clipboard.writeUInt16BE(clipboard.length, 2);
    const disconnect = Buffer.from('0300000902f0802180', 'hex');
    await desktop.receive(bytesOf(handshake(), clipboard, disconnect, picture(8, 6)));
    expect(drawn.at(-1)).toBe('8,6 2x1 ff0000 00ff00');
  });
});

describe('A13: a recording of a hostile target', () => {
  test.each([
    ['is no RDP', Buffer.from('RFB 003.008\n')],
    ['a handshake without an end', Buffer.concat([CONFIRM, ...Array.from({ length: 600 }, () => Buffer.from('0300000902f0802180', 'hex'))])],
    ['a handshake without a beginning', Buffer.concat([CONFIRM, ...rdpConnectionLog('xrdp').filter(({ from, pdu }) => from === 'target' && pdu.bytes[7] === 0x68).map(({ pdu }) => pdu.bytes)])],
  ])('%s: is told, and nothing waits for ever', async (_, bytes) => {
    await expect(player().desktop.receive(bytesOf(bytes))).rejects.toThrow(RdpFormatError);
  });

  test('any bytes at all are read as something, and as no more than they can be', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, slow) => {
        const pdu = slow ? Uint8Array.of(3, 0, 0, 0, 2, 0xf0, 0x80, 0x68, ...bytes) : bytes;
        const read = readTargetPdu(pdu);
        endsHandshake(read);
        expect(shareKindsOf(bytes).length).toBeLessThanOrEqual(bytes.length / 6);
      }),
      { numRuns: 300 },
    );
  });

  test('a desktop larger than any target has takes no memory', async () => {
    const bytes = handshake();
    // Width and height in the set of bitmap capabilities (MS-RDPBCGR 2.2.7.1.2).
    const at = bytes.indexOf(Buffer.from('02001c00', 'hex'));
    expect(at).toBeGreaterThan(0);
    bytes.writeUInt16LE(0xffff, at + 12);
    await expect(player().desktop.receive(bytesOf(bytes))).rejects.toThrow('too large');
  });

  test('an update that nobody can read ends the playing with a word, and another player is as good as before', async () => {
    const broken = player();
    const bad = picture(8, 6);
    bad.writeUInt16LE(0xffff, 3);
    await broken.desktop.receive(bytesOf(handshake()));
    await expect(broken.desktop.receive(bytesOf(bad, picture(8, 6)))).rejects.toThrow(Error);
    expect(broken.drawn.filter((piece) => piece.startsWith('8,6'))).toEqual([]);
    const { desktop, drawn } = player();
    await desktop.receive(bytesOf(handshake(), picture(8, 6)));
    expect(drawn.at(-1)).toBe('8,6 2x1 ff0000 00ff00');
  });
});

describe('S58: watching a running RDP desktop', () => {
  const target = (server: Server): Buffer[] => rdpConnectionLog(server).filter(({ from }) => from === 'target').map(({ pdu }) => pdu.bytes);

  test.each<Server>(['xrdp', 'freerdpShadow'])('on %s: who comes late goes through the handshake of before and sees what is drawn from then on; the target is asked for the whole picture', async (server) => {
    const { watchers, asked } = watched();
    watchers.began(CONFIRM);
    watchers.went(target(server));
    watchers.went([picture(8, 6)]);
    const late = await enter(watchers);
    expect(late.drawn).toEqual([]);
    watchers.went([picture(0, 1, [0x001f, 0xffff])]);
    await late.show();
    expect(late.drawn).toEqual(['0,1 2x1 0000ff ffffff']);
    // Refresh Rect (MS-RDPBCGR 2.2.11.2) in one data PDU: one area, all of the desktop.
    expect(asked).toEqual([expect.stringMatching(/^0300002d02f080640004[0-9a-f]{4}70801e1e001700.*2100000001000000(00000000ff03ff02)$/)]);
  });

  test('what RemoteFX has drawn before comes to him at once, and what it draws then is what all others see, though its headers are sent once', async () => {
    const [confirm = Buffer.alloc(0), ...pdus] = remoteFxSession();
    const again = pdus.splice(-1);
    const first = pdus.splice(-1);
    const { watchers, clock } = watched();
    watchers.began(confirm);
    watchers.went(pdus);
    const early = await enter(watchers);
    watchers.went(first);
    clock.advance(2000);
    const late = await enter(watchers);
    await early.show();
    expect(late.drawn).toEqual([expect.stringMatching(/^0,0 1024x768 /)]);
    expect(late.drawn).toEqual(early.drawn);
    watchers.went(again);
    await Promise.all([early.show(), late.show()]);
    expect(late.drawn).toHaveLength(2);
    expect(late.drawn).toEqual(early.drawn);
    expect(late.sizes).toEqual(early.sizes);
  });

  test('what is drawn over the tiles by other means makes them worthless: he is shown none of them', async () => {
    const [confirm = Buffer.alloc(0), ...pdus] = remoteFxSession();
    const { watchers } = watched();
    watchers.began(confirm);
    watchers.went([...pdus, picture(8, 6)]);
    const late = await enter(watchers);
    expect(late.drawn.filter((drawn) => /\d{3,}x\d{3,}/.test(drawn))).toEqual([]);
    watchers.went([picture(0, 1, [0x001f, 0xffff])]);
    await late.show();
    expect(late.drawn.at(-1)).toBe('0,1 2x1 0000ff ffffff');
  });

  test('nobody enters in the middle of an update, and the target is asked once in two seconds; a connection in another size is seen by all', async () => {
    const { watchers, asked, clock } = watched();
    watchers.began(CONFIRM);
    watchers.went(target('xrdp'));
    const [beginning, ending] = [picture(8, 6), picture(8, 6)];
    // Its fragmentation: the first of several, then the last (MS-RDPBCGR 2.2.9.1.2.1).
    beginning.writeUInt8(1 | (2 << 4), 2);
    ending.writeUInt8(1 | (1 << 4), 2);
    watchers.went([beginning]);
    const first = await enter(watchers);
    expect(first.came).toEqual([]);
    expect(asked).toEqual([]);
    watchers.went([ending]);
    const second = await enter(watchers);
    expect(asked).toHaveLength(1);
    clock.advance(2000);
    expect(asked).toHaveLength(2);
    watchers.began(CONFIRM);
    watchers.went([...target('freerdpShadow'), picture(0, 1, [0x001f, 0xffff])]);
    second.leave();
    watchers.went([picture(0, 2)]);
    await Promise.all([first.show(), second.show()]);
    expect([first.drawn.at(-1), second.drawn.at(-1)]).toEqual(['0,2 2x1 ff0000 00ff00', '0,1 2x1 0000ff ffffff']);
    watchers.stop();
  });

  test('A13: a beginning that is none, or has no end, takes only the watchers: they are told, and the session goes on', () => {
    const endless = encodeChannelData(mcs.sendIndication, { initiator: 1, channelId: 1004, data: Buffer.from([0x80, 0, 0, 0, 0xff, 3, 16, 0, 7, 0, 0, 0, 2, 0, 0, 0, 0x28, 0x14, 0, 0]) });
    const cut = encodeChannelData(mcs.sendIndication, { initiator: 1, channelId: 1004, data: Buffer.from([8, 0, 0x11, 0, 0, 0, 0, 0]) });
    for (const pdus of [Array.from({ length: 10_000 }, () => endless), [cut]]) {
      const { watchers, asked } = watched();
      watchers.began(CONFIRM);
      watchers.went(pdus);
      watchers.went(pdus);
      expect(asked).toEqual(['lost']);
      expect(watchers.enterable).toBe(false);
    }
  });

  test('A13: a picture of which nothing can be read is not kept, whatever its bytes, and takes nothing else', () => {
    const [, ...pdus] = remoteFxSession();
    const drawn = pdus.slice(-2);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 12 }), fc.nat(), (flips, cut) => {
        const tiles = new DrawnTiles();
        for (const whole of drawn) {
          const bytes = Buffer.from(whole);
          // Most of what means something stands at its beginning.
          for (const [place, value] of flips) bytes[3 + (place % (place % 2 === 0 ? 200 : bytes.length - 3))] = value;
          tiles.take(bytes.subarray(0, 3 + (cut % bytes.length)));
          tiles.take(bytes);
        }
        for (const pdu of tiles.pdus({ width: 1024, height: 768 })) expect(pdu.length).toBeLessThan(0x8000);
      }),
      { numRuns: 60 },
    );
  });
});
