import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MavisError } from '../../../shared/errors/mavis-error.ts';
import { clientMessages, type ClientRules } from '../../../src-gateway/vnc/client-messages.ts';
import { PackedTexts } from '../../../src-gateway/vnc/cut-text.ts';
import { FilterStream } from '../../../src-gateway/vnc/filter-stream.ts';
import { type Grammar, RfbStream } from '../../../src-gateway/vnc/rfb-stream.ts';
import { chooseSecurityType, chooseSubtype } from '../../../src-gateway/vnc/security-choice.ts';
import { serverMessages, type ServerRules } from '../../../src-gateway/vnc/server-messages.ts';
import { ManualClock } from '../../fixtures/manual-clock.ts';
import { messages } from '../../fixtures/rfb-client.ts';

const u16 = (value: number): number[] => [(value >> 8) & 255, value & 255];
const u32 = (value: number): number[] => [(value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
const bytes = (count: number): number[] => Array.from({ length: count }, (_, place) => (place * 7) & 255);
const rect = (x: number, y: number, width: number, height: number, encoding: number, data: readonly number[] = []): number[] => [...u16(x), ...u16(y), ...u16(width), ...u16(height), ...u32(encoding), ...data];
const update = (...rects: readonly number[][]): Buffer => Buffer.from([0, 0, ...u16(rects.length), ...rects.flat()]);
const cutText = (text: string): Buffer => Buffer.from([3, 0, 0, 0, ...u32(text.length), ...Buffer.from(text, 'latin1')]);
const extended = (type: number, actions: number, formats: number, data: Buffer = Buffer.alloc(0)): Buffer => Buffer.from([type, 0, 0, 0, ...u32(-(4 + data.length)), actions, 0, 0, formats, ...data]);
const provided = (text: string): Buffer => deflateSync(Buffer.from([...u32(text.length + 1), ...Buffer.from(`${text}\0`)]));

/** One message of each kind and one rectangle of each encoding, on a desktop of 64 by 48. */
const everything: readonly Buffer[] = [
  update(
    rect(0, 0, 4, 2, 0, bytes(32)),
    rect(1, 1, 3, 3, 1, [0, 0, 0, 0]),
    rect(0, 0, 8, 8, 2, [...u32(2), ...bytes(4), ...bytes(24)]),
    // Hextile: a raw tile, one with background and coloured subrectangles, one that is as the last.
    rect(0, 0, 40, 8, 5, [1, ...bytes(16 * 8 * 4), 2 | 8 | 16, ...bytes(4), 3, ...bytes(18), 0]),
    rect(0, 0, 10, 10, 6, [...u32(9), ...bytes(9)]),
    rect(0, 0, 10, 10, 16, [...u32(300), ...bytes(300)]),
    // Tight: one colour; three pixels unpacked; a packed copy; a palette of two; a gradient; a JPEG whose length takes three bytes.
    rect(0, 0, 9, 9, 7, [0x80, 1, 2, 3]),
    rect(0, 0, 3, 1, 7, [0x00, ...bytes(9)]),
    rect(0, 0, 9, 9, 7, [0x10, 5, ...bytes(5)]),
    rect(0, 0, 16, 4, 7, [0x40, 1, 1, ...bytes(6), ...bytes(8)]),
    rect(0, 0, 16, 4, 7, [0x60, 2, 0x81, 0x01, ...bytes(129)]),
    rect(0, 0, 64, 48, 7, [0x90, 0x80, 0x80, 0x01, ...bytes(16_384)]),
    rect(2, 3, 9, 4, -239, bytes(9 * 4 * 4 + 2 * 4)),
    rect(0, 0, 2, 2, 0x574d_5664, [1, 0, ...bytes(16)]),
    rect(0, 0, 0, 0, -307, [...u32(4), ...Buffer.from('name')]),
    rect(0, 0, 0, 0, -261, [2]),
    rect(0, 0, 0, 0, -258),
  ),
  update(rect(0, 0, 80, 60, -308, [1, 0, 0, 0, ...bytes(16)])),
  Buffer.from([0, 0, 0xff, 0xff, ...rect(0, 0, 1, 1, 0, bytes(4)), ...rect(0, 0, 0, 0, -224)]),
  Buffer.of(2),
  cutText('text'),
  extended(3, 0x1f, 1, Buffer.from(u32(100))),
  extended(3, 0x10, 1, provided('unicode')),
  Buffer.from([248, 0, 0, 0, ...u32(0x8000_0003), 3, 1, 2, 3]),
  Buffer.of(150),
];

function server(changes: Partial<ServerRules> = {}) {
  const noted: string[] = [];
  const stream = new RfbStream((send) => serverMessages({ size: { width: 64, height: 48 }, clipboardIn: true, clipboardOut: true, updated: () => undefined, resized: ({ width, height }) => noted.push(`size ${width}x${height}`), clipboard: (count, allowed) => noted.push(`${allowed ? 'passed' : 'kept'} ${count}`), packed: { took: () => undefined, reset: () => undefined }, texts: new PackedTexts(new ManualClock()), ...changes }, send));
  return { noted, push: (piece: Uint8Array) => Buffer.concat(stream.push(Buffer.from(piece))) };
}

function client(changes: Partial<ClientRules> = {}) {
  const noted: string[] = [];
  const stream = new RfbStream((send) => clientMessages({ viewOnly: false, clipboardIn: true, clipboardOut: true, size: () => ({ width: 64, height: 48 }), asked: (what) => noted.push(`asked ${what}`), activity: () => noted.push('activity'), keyPressed: () => noted.push('key'), clipboard: (count, allowed) => noted.push(`${allowed ? 'passed' : 'kept'} ${count}`), refused: (what) => noted.push(`refused ${what}`), texts: new PackedTexts(new ManualClock()), ...changes }, send));
  return { noted, push: (piece: Uint8Array) => Buffer.concat(stream.push(Buffer.from(piece))) };
}

const codeOf = (run: () => unknown): string => {
  try {
    run();
    return 'nothing';
  } catch (error) {
    return error instanceof MavisError ? error.code : String(error);
  }
};

describe('what a VNC server sends', () => {
  const whole = Buffer.concat(everything);

  test('goes on unchanged, in one piece, byte by byte, and in pieces of any size', () => {
    expect(server().push(whole).equals(whole)).toBe(true);
    const one = server();
    expect(Buffer.concat([...whole].map((byte) => one.push(Uint8Array.of(byte)))).equals(whole)).toBe(true);
    expect(one.noted).toEqual(['size 80x60', 'passed 4', 'passed 8']);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 40 }), (sizes) => {
        const other = server();
        const out: Buffer[] = [];
        let at = 0;
        for (let turn = 0; at < whole.length; turn += 1) {
          const size = sizes[turn % sizes.length] ?? 1;
          out.push(other.push(whole.subarray(at, at + size)));
          at += size;
        }
        return Buffer.concat(out).equals(whole);
      }),
      { numRuns: 50 },
    );
  });

  test('without the clipboard’s text where the rule does not let it out, and otherwise whole', () => {
    const kept = server({ clipboardOut: false });
    const without = Buffer.concat(everything.filter((_, place) => place !== 4 && place !== 6));
    expect(kept.push(whole).equals(without)).toBe(true);
    // What is packed and kept back is counted as it came: it is not unpacked.
    expect(kept.noted).toEqual(['size 80x60', 'kept 4', 'kept 24']);
    // A wish for the user's own text is one of the clipboard's way in.
    expect(server({ clipboardIn: false }).push(extended(3, 0x02, 1))).toHaveLength(0);
    expect(server({ clipboardOut: false }).push(extended(3, 0x02, 1))).toHaveLength(12);
  });

  test('A14: text of any length beyond a mebibyte is skipped, of gigabytes an end; a packed one that unfolds to more goes nowhere', () => {
    const long = server();
    const bell = Buffer.of(2);
    expect(long.push(Buffer.concat([Buffer.from([3, 0, 0, 0, ...u32(2_000_000)]), Buffer.alloc(2_000_000), bell])).equals(bell)).toBe(true);
    expect(codeOf(() => server().push(Buffer.from([3, 0, 0, 0, ...u32(0x7fff_ffff)])))).toBe('target.protocol-error');
    expect(codeOf(() => server().push(Buffer.from([3, 0, 0, 0, ...u32(0x8000_0000)])))).toBe('target.protocol-error');
    const bomb = deflateSync(Buffer.concat([Buffer.from(u32(64 * 1024 * 1024)), Buffer.alloc(64 * 1024 * 1024)]));
    expect(server().push(extended(3, 0x10, 1, bomb))).toHaveLength(0);
    // One that says it is longer than it is would have its reader take memory for what never comes.
    expect(server().push(extended(3, 0x10, 1, deflateSync(Buffer.from([...u32(0x7fff_ffff), 1]))))).toHaveLength(0);
  });

  test.each([
    ['A13: a rectangle outside of the desktop', update(rect(60, 0, 5, 1, 0))],
    ['A13: a rectangle larger than the desktop', update(rect(0, 0, 64, 49, 7))],
    ['A13: a copy from outside of the desktop', update(rect(0, 0, 8, 8, 1, [...u16(57), ...u16(0)]))],
    ['A13: a copy from below the desktop', update(rect(0, 0, 8, 8, 1, [...u16(0), ...u16(41)]))],
    ['A13: a pointer of a thousand screens', update(rect(0, 0, 0xffff, 0xffff, -239))],
    ['A13: a desktop of 65535 by 65535', update(rect(0, 0, 0xffff, 0xffff, -223))],
    ['A13: a desktop without a pixel', update(rect(0, 0, 0, 0, -308, [1, 0, 0, 0, ...bytes(16)]))],
    ['packed pixels that are longer than the picture could be', update(rect(0, 0, 1, 1, 16, u32(0x7fff_ffff)))],
    ['more subrectangles than pixels', update(rect(0, 0, 2, 2, 2, u32(5)))],
    ['a kind of Tight that is none', update(rect(0, 0, 2, 2, 7, [0xb0]))],
    ['a filter of Tight that is none', update(rect(0, 0, 2, 2, 7, [0x40, 9]))],
    ['an encoding that nobody asked for', update(rect(0, 0, 1, 1, 50))],
    ['a name of a gigabyte', update(rect(0, 0, 0, 0, -307, u32(0x4000_0000)))],
    ['a fence that is too long', Buffer.from([248, 0, 0, 0, ...u32(0), 65])],
    ['colours for a palette that nobody has', Buffer.from([1, 0, 0, 0, 0, 1])],
    ['a message of no known kind', Buffer.of(99)],
  ])('%s ends the session', (_what, message) => {
    expect(codeOf(() => server().push(message))).toBe('target.protocol-error');
  });

  test('a size that the server refused to take changes nothing', () => {
    const one = server();
    one.push(update(rect(1, 3, 2000, 2000, -308, [1, 0, 0, 0, ...bytes(16)])));
    expect(one.noted).toEqual([]);
  });

  test('of bytes that were damaged anywhere none makes anything but a clear end, and never more goes on than came', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }), fc.nat(3), (damages, moves) => {
        const damaged = Buffer.concat([whole, whole.subarray(0, moves * 1000)]);
        for (const [place, value] of damages) damaged[place] = value;
        const one = server();
        let out = 0;
        try {
          for (let at = 0; at < damaged.length; at += 777) out += one.push(damaged.subarray(at, at + 777)).length;
        } catch (error) {
          if (!(error instanceof MavisError) || error.code !== 'target.protocol-error') throw error;
        }
        expect(out).toBeLessThanOrEqual(damaged.length);
      }),
      { numRuns: 300 },
    );
  });
});

describe('what a VNC client sends', () => {
  const wishes = [
    messages.pixelFormat(), messages.updateRequest(true, 64, 48), messages.key(0x61, true), messages.key(0x61, false), messages.pointer(3, 4, 1), messages.cutText('text'), extended(6, 0x10, 1, provided('text')),
    Buffer.from([150, 1, 0, 0, 0, 0, 0, 64, 0, 48]), Buffer.from([248, 0, 0, 0, ...u32(3), 2, 1, 2]), messages.desktopSize(80, 60), Buffer.from([255, 0, 0, 1, ...u32(0x61), ...u32(30)]),
  ];
  const whole = Buffer.concat(wishes);

  test('goes on unchanged where the rule allows it, in pieces of any size; what the user does is activity', () => {
    const one = client();
    expect(Buffer.concat([...whole].map((byte) => one.push(Uint8Array.of(byte)))).equals(whole)).toBe(true);
    expect(one.noted.filter((what) => what === 'key')).toHaveLength(2);
    // Keys twice, pointer, two texts, QEMU's key; asking for updates is none.
    expect(one.noted.filter((what) => what === 'activity')).toHaveLength(6);
  });

  test('rule 19: of the whole desktop or not at all, so that the recording shows what it does', () => {
    const one = client();
    const corner = Buffer.from([3, 1, 0, 5, 0, 5, 0, 1, 0, 1]);
    expect(one.push(corner).equals(messages.updateRequest(true, 64, 48))).toBe(true);
    expect(one.push(Buffer.from([150, 1, 0, 5, 0, 5, 0, 1, 0, 1])).equals(Buffer.from([150, 1, 0, 0, 0, 0, 0, 64, 0, 48]))).toBe(true);
    one.push(Buffer.from([150, 0, 0, 0, 0, 0, 0, 64, 0, 48]));
    expect(one.noted).toEqual(['asked once', 'asked on', 'asked off']);
  });

  test('goes on whole: nothing of a message goes on before its last byte', () => {
    const one = client();
    for (const wish of wishes) {
      expect(one.push(wish.subarray(0, -1))).toHaveLength(0);
      expect(one.push(wish.subarray(-1)).equals(wish)).toBe(true);
    }
  });

  test('of encodings only those that the player draws (rule 23)', () => {
    const asked = [7, 16, 50, 21, -260, 0, -309, -316, -26, -250, 0x574d_5664, -1_063_131_698];
    expect(client().push(messages.encodings(asked)).equals(messages.encodings([7, 16, 0, -26, -250, 0x574d_5664, -1_063_131_698]))).toBe(true);
  });

  test('view only: nothing that changes the target, and no text', () => {
    const one = client({ viewOnly: true });
    const left = Buffer.concat([0, 1, 7, 8].map((place) => wishes[place] ?? Buffer.alloc(0)));
    expect(one.push(whole).equals(left)).toBe(true);
    expect(one.noted).not.toContain('activity');
    expect(one.noted).not.toContain('key');
  });

  test('text that may not go in does not; that the target may ask for it, neither', () => {
    const one = client({ clipboardIn: false });
    expect(one.push(Buffer.concat([messages.cutText('canary'), extended(6, 0x10, 1, provided('canary')), extended(6, 0x08, 1)]))).toHaveLength(0);
    expect(client({ clipboardOut: false }).push(extended(6, 0x02, 1))).toHaveLength(0);
    expect(client({ clipboardIn: false }).push(extended(6, 0x02, 1))).toHaveLength(12);
  });

  test('of bytes that were damaged anywhere none makes anything but a clear end, and never more goes on than came', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }), (damages) => {
        const damaged = Buffer.concat([whole, whole]);
        for (const [place, value] of damages) damaged[place] = value;
        const one = client();
        let out = 0;
        try {
          for (let at = 0; at < damaged.length; at += 13) out += one.push(damaged.subarray(at, at + 13)).length;
        } catch (error) {
          if (!(error instanceof MavisError) || error.code !== 'session.protocol-violation') throw error;
        }
        expect(out).toBeLessThanOrEqual(damaged.length);
      }),
      { numRuns: 500 },
    );
  });
});

describe('A14: packed texts of the clipboard that unpack to megabytes of nothing', () => {
  const bomb = deflateSync(Buffer.from([...u32(4 * 1024 * 1024 - 4), ...Buffer.alloc(4 * 1024 * 1024 - 4)]), { level: 9 });

  test.each([
    ['a client whose text may not go in', client, 6, { clipboardIn: false }],
    ['a client that may only look', client, 6, { viewOnly: true }],
    ['a target whose text may not go out', server, 3, { clipboardOut: false }],
  ] as const)('are not unpacked for %s', (_, side, type, forbidden) => {
    let looked = 0;
    const one = side({ ...forbidden, texts: { providedBytes: () => (looked += 1) } });
    expect(one.push(Buffer.concat([extended(type, 0x10, 1, bomb), extended(type, 0x10, 1, provided('canary'))]))).toHaveLength(0);
    expect(one.noted.filter((line) => line.startsWith('kept'))).toHaveLength(2);
    expect(looked).toBe(0);
  });

  test('cost no more than some long texts, however many come; later a text goes through again', () => {
    const clock = new ManualClock();
    const texts = new PackedTexts(clock);
    const payload = Buffer.concat([Buffer.of(0x10, 0, 0, 1), bomb]);
    const text = Buffer.concat([Buffer.of(0x10, 0, 0, 1), provided('text')]);
    expect(Array.from({ length: 200 }, () => texts.providedBytes(payload)).filter((found) => found !== undefined)).toHaveLength(2);
    expect(texts.providedBytes(text)).toBeUndefined();
    clock.advance(1000);
    expect(texts.providedBytes(text)).toBe(5);
    // What is no packed text costs what it may have taken to find out.
    const broken = Buffer.concat([payload.subarray(0, -8), Buffer.alloc(8, 0xff)]);
    for (let count = 0; count < 3; count += 1) expect(texts.providedBytes(broken)).toBeUndefined();
    expect(texts.providedBytes(text)).toBeUndefined();
  });
});

describe('A13: messages of the smallest parts', () => {
  test.each([
    ['Hextile of empty tiles', Buffer.concat([update(rect(0, 0, 8192, 8192, 5)), Buffer.alloc(512 * 512)])],
    ['a bell at each byte', Buffer.alloc(256 * 1024, 2)],
  ])('%s let others have their turn: 256 KiB take many turns of the event loop, and go on whole', async (_, flood) => {
    const filter = new FilterStream(new RfbStream((send) => serverMessages({ size: { width: 8192, height: 8192 }, clipboardIn: true, clipboardOut: true, updated: () => undefined, resized: () => undefined, clipboard: () => undefined, texts: { providedBytes: () => 0 }, packed: { took: () => undefined, reset: () => undefined } }, send)));
    let [turns, passed] = [0, 0];
    filter.on('data', (part: Buffer) => (passed += part.length));
    const written = Promise.withResolvers<void>();
    filter.write(flood, () => written.resolve());
    const turn = (): void => {
      turns += 1;
      next = setImmediate(turn);
    };
    let next = setImmediate(turn);
    await written.promise;
    clearImmediate(next);
    expect(passed).toBe(flood.length);
    expect(turns).toBeGreaterThan(100);
  });
});

describe('the stream under both', () => {
  test('holds no more than its grammar looks at, however much goes on', () => {
    const grammar = function* grammar(): Grammar {
      for (;;) yield { want: 'pass', bytes: 1024 * 1024 * 1024 };
    };
    const stream = new RfbStream(grammar);
    const piece = Buffer.alloc(64 * 1024);
    for (let turn = 0; turn < 100; turn += 1) {
      const [out] = stream.push(piece);
      // The very memory that came, not a copy of it.
      expect(out?.buffer).toBe(piece.buffer);
    }
  });
});

describe('how a target is signed on to', () => {
  const known = { identities: [`SHA256:${'A'.repeat(43)}`], allowAnonymousTls: false, identityRequired: true, allowUnencrypted: true };
  const unknown = { identities: [], allowAnonymousTls: false, identityRequired: true, allowUnencrypted: true };

  test.each([
    ['a password before none', [1, 2], unknown, 2],
    ['VncAuth before a VeNCrypt whose certificate nobody confirmed', [19, 2], unknown, 2],
    ['VeNCrypt where it may be without a certificate', [2, 19], { ...unknown, allowAnonymousTls: true }, 19],
    ['VeNCrypt where the certificate is known', [2, 19], known, 19],
    ['a password where what is known may be the host key of another protocol', [19, 2], { ...known, identityRequired: false }, 2],
    ['none where nothing else is there', [1], unknown, 1],
    ['VeNCrypt where nothing may run in clear', [2, 1, 19], { ...unknown, allowUnencrypted: false }, 19],
  ])('%s', (_what, offered, rules, chosen) => {
    expect(chooseSecurityType(offered, rules)).toBe(chosen);
  });

  test('rule 8: by none that runs in clear where nothing may', () => {
    for (const offered of [[2], [1], [1, 2, 5]]) expect(codeOf(() => chooseSecurityType(offered, { ...unknown, allowUnencrypted: false }))).toBe('tunnel.unencrypted-target');
    expect(codeOf(() => chooseSecurityType([5], { ...unknown, allowUnencrypted: false }))).toBe('target.security-unsupported');
  });

  test('A15: never without a certificate where one is known, and never by a way that nobody knows', () => {
    expect(codeOf(() => chooseSecurityType([1, 2], known))).toBe('target.identity-not-shown');
    expect(codeOf(() => chooseSecurityType([5, 30, 129], unknown))).toBe('target.security-unsupported');
    expect(chooseSubtype([258, 256], known)).toBeUndefined();
    expect(chooseSubtype([258, 256], unknown)).toBeUndefined();
    expect(chooseSubtype([256], { ...unknown, allowAnonymousTls: true })).toBeUndefined();
    expect(chooseSubtype([258, 262, 261], { ...unknown, allowAnonymousTls: true })?.subtype).toBe(262);
  });
});
