import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { type ClipboardEnd, ClipboardFilter, ClipboardNames, ClipboardOffers } from '../../../src-gateway/rdp/filters/clipboard-filter.ts';
import { RdpFormatError } from '../../../shared/rdp/rdp-format-error.ts';
import { content, format, pieces, take } from '../../fixtures/clipboard-messages.ts';

function filterWith(mayOffer: boolean, long = true, from: ClipboardEnd = 'target', offers = new ClipboardOffers()) {
  const names = new ClipboardNames();
  names.tell('client', long);
  names.tell('target', long);
  const events = { carried: vi.fn<(bytes: number) => void>(), refused: vi.fn<(of: ClipboardEnd) => void>() };
  return { filter: new ClipboardFilter({ from, names, offers, mayOffer, stands: () => true, answer, ...events }), events };
}

/** No test here asks for a file. */
const answer = (): void => undefined;

const TEXT = Buffer.from('a text of the target, 日本語\0'.repeat(200), 'utf16le');

describe('where the clipboard may go this way', () => {
  test('text passes as it is, in as many pieces as it came, and is counted', () => {
    const { filter, events } = filterWith(true);
    const made = pieces(5, 1, TEXT);
    expect(made.length).toBeGreaterThan(2);
    expect(take(filter, made)).toEqual(made);
    expect(events.carried).toHaveBeenCalledWith(TEXT.length);
  });

  test('text, pictures and documents are offered, files and whatever else are not', () => {
    const { filter } = filterWith(true);
    const offered = [format(13), format(8), format(0xc0a1, 'HTML Format'), format(0xc0bc, 'FileGroupDescriptorW'), format(0xc0ba, 'FileContents'), format(15), format(0xc123, 'Ole Private Data')];
    expect(content(take(filter, pieces(2, 0, Buffer.concat(offered), 30))).subarray(8)).toEqual(Buffer.concat(offered.slice(0, 3)));
  });

  test('names of 32 bytes are read where an end knows no others', () => {
    const { filter } = filterWith(true, false);
    const short = (id: number, name = ''): Buffer => {
      const made = Buffer.alloc(36);
      made.writeUInt32LE(id);
      made.write(name, 4, 'utf16le');
      return made;
    };
    const body = Buffer.concat([short(13), short(0xc0bc, 'FileGroupDescr'), short(1)]);
    expect(content(take(filter, pieces(2, 0, body))).subarray(8)).toEqual(Buffer.concat([short(13), short(1)]));
  });

  test.each([
    ['long before the other has said anything', undefined, true],
    ['short once the other knows no long ones', false, false],
  ])('names of an end that said long are %s', (_what, other, long) => {
    const names = new ClipboardNames();
    names.tell('target', true);
    if (other !== undefined) names.tell('client', other);
    const filter = new ClipboardFilter({ from: 'target', names, offers: new ClipboardOffers(), stands: () => true, mayOffer: true, answer });
    const list = (): Buffer[] => take(filter, pieces(2, 0, format(13)));
    if (long) expect(content(list()).subarray(8)).toEqual(format(13));
    else expect(list).toThrow(RdpFormatError);
  });

  test('where no files cross nothing of them is agreed on, and none of their messages passes', () => {
    const { filter, events } = filterWith(true);
    const capabilities = Buffer.from('0100000001000c00020000001e000000', 'hex');
    expect(content(take(filter, pieces(7, 0, capabilities))).toString('hex')).toBe('07000000100000000100000001000c000200000002000000');
    for (const kind of [6, 8, 9, 10, 11, 99]) expect(take(filter, pieces(kind, 0, Buffer.alloc(24)))).toEqual([]);
    expect(events.refused).toHaveBeenCalledTimes(2);
  });
});

describe('rule 21: what may be asked for', () => {
  const asks = (id: number): Buffer[] => {
    const asked = Buffer.alloc(4);
    asked.writeUInt32LE(id);
    return pieces(4, 0, asked);
  };
  const FILES = 0xc0bc;
  const HTML = 0xc0a1;

  test('text and pictures at any time, documents once they are offered', () => {
    const offers = new ClipboardOffers();
    const target = filterWith(true, true, 'target', offers);
    const client = filterWith(true, true, 'client', offers);
    for (const id of [1, 7, 8, 13, 16, 17]) expect(take(client.filter, asks(id))).toEqual(asks(id));
    expect(take(client.filter, asks(HTML))).toEqual(asks(0));
    take(target.filter, pieces(2, 0, Buffer.concat([format(HTML, 'HTML Format'), format(FILES, 'FileGroupDescriptorW')])));
    expect(take(client.filter, asks(HTML))).toEqual(asks(HTML));
    // The same number means something else at the other end.
    expect(take(target.filter, asks(HTML))).toEqual(asks(0));
    take(target.filter, pieces(2, 0, format(13)));
    expect(take(client.filter, asks(HTML))).toEqual(asks(0));
  });

  test('files never: a client that guesses their number asks for nothing', () => {
    const offers = new ClipboardOffers();
    const target = filterWith(true, true, 'target', offers);
    const client = filterWith(true, true, 'client', offers);
    take(target.filter, pieces(2, 0, format(FILES, 'FileGroupDescriptorW')));
    for (const id of [FILES, 15, 0xffff_ffff]) expect(take(client.filter, asks(id))).toEqual(asks(0));
    expect(client.events.refused).toHaveBeenCalledTimes(3);
  });

  test('a client does not say that the clipboard is there: that is the target’s to say', () => {
    expect(take(filterWith(true, true, 'client').filter, pieces(1, 0, Buffer.alloc(0)))).toEqual([]);
  });
});

test('a target asks a client only once it has taken an offer of it: one that reattaches may not ask for what another connection offered', () => {
  const filter = new ClipboardFilter({ from: 'target', names: new ClipboardNames(), offers: new ClipboardOffers(), stands: () => true, mayOffer: true, asksOnlyOnceReady: true, answer });
  const question = pieces(4, 0, Buffer.from([13, 0, 0, 0]));
  expect(take(filter, question)).toEqual([]);
  take(filter, pieces(3, 1, Buffer.alloc(0)));
  expect(take(filter, question)).toEqual(question);
});

describe('where it may not', () => {
  test('an offer becomes empty, so that nothing is there to be asked for', () => {
    const { filter } = filterWith(false);
    expect(content(take(filter, pieces(2, 0, format(13)))).toString('hex')).toBe('0200000000000000');
  });

  test('an answer becomes a refusal, whatever its size, and not a byte of it passes', () => {
    const { filter, events } = filterWith(false);
    const taken = take(filter, pieces(5, 1, TEXT));
    expect(content(taken).toString('hex')).toBe('0500020000000000');
    expect(taken).toHaveLength(1);
    expect(events.refused).toHaveBeenCalledTimes(1);
    expect(events.carried).not.toHaveBeenCalled();
  });

  test('what asks and answers without contents still passes, so that both ends stay in step', () => {
    const { filter } = filterWith(false);
    for (const made of [pieces(1, 0, Buffer.alloc(0)), pieces(3, 1, Buffer.alloc(0)), pieces(4, 0, Buffer.from([13, 0, 0, 0]))]) expect(take(filter, made)).toEqual(made);
  });

  test.each([
    ['that the clipboard is there', 1, '0100000000000000'],
    ['that an offer was taken', 3, '0300020000000000'],
    ['a question', 4, '04000000040000000d000000'],
    ['an empty offer', 2, '0200040000000000'],
  ])('rule 21: no contents go along with the message that says %s', (_what, kind, bare) => {
    const { filter } = filterWith(false);
    expect(content(take(filter, pieces(kind, 0xff7e & ~1, Buffer.concat([Buffer.from([13, 0, 0, 0]), TEXT])))).toString('hex')).toBe(bare);
  });
});

describe('A16: what is no clipboard ends the connection', () => {
  const first = pieces(2, 0, format(13))[0] ?? Buffer.alloc(0);
  const changed = (at: number, value: number): Buffer => {
    const made = Buffer.from(first);
    made.writeUInt32LE(value, at);
    return made;
  };
  test.each([
    ['a piece cut off', [first.subarray(0, 7)]],
    ['a header cut off', [pieces(2, 0, Buffer.alloc(0), 4)[0] ?? first]],
    ['a length over the bound', [changed(0, 64 * 1024 * 1024)]],
    ['a compressed piece', [changed(4, 0x20_0003)]],
    ['a message that ends early', [changed(0, 500)]],
    ['more than was announced', [changed(0, 9)]],
    ['a message within a message', [pieces(5, 1, TEXT)[0] ?? first, pieces(5, 1, TEXT)[0] ?? first]],
    ['a piece of nothing', [pieces(5, 1, TEXT)[1] ?? first]],
    ['a name that is not closed', pieces(2, 0, format(0xc001, 'HTML Format').subarray(0, -2))],
    ['a list over the bound', pieces(2, 0, Buffer.alloc(70_000))],
    ['capabilities that are none', pieces(7, 0, Buffer.alloc(300))],
    ['a question for nothing', pieces(4, 0, Buffer.alloc(3))],
  ])('%s', (_what, made) => {
    expect(() => take(filterWith(true).filter, made)).toThrow(RdpFormatError);
  });

  test('any bytes give an answer or that one error', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }), fc.nat(11), fc.nat(300), fc.boolean(), (noise, kind, total, mayOffer) => {
        const { filter } = filterWith(mayOffer);
        const header = Buffer.alloc(16);
        header.writeUInt32LE(total);
        header.writeUInt32LE(3, 4);
        header.writeUInt16LE(kind, 8);
        for (const bytes of noise) {
          try {
            filter.take(Buffer.concat([header, bytes]));
          } catch (error) {
            expect(error).toBeInstanceOf(RdpFormatError);
          }
        }
      }),
      { seed: 16, numRuns: 2000 },
    );
  });
});
