import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toBase64url } from '../../../shared/recording/base64url.ts';
import { MAX_BLOCK_PLAIN_BYTES } from '../../../shared/recording/container.ts';
import { decodeIndexEntries, IndexBuilder, MAX_INDEX_ENTRIES, MAX_INDEX_LETTERS, searchableText } from '../../../shared/recording/recording-index.ts';
import { encodeResize, frameKind } from '../../../shared/recording/recording-frame.ts';
import { TerminalText } from '../../../shared/recording/terminal-text.ts';
import { decodeUtf8, encodeUtf8, Utf8Decoder } from '../../../shared/recording/utf8.ts';

const platform = (bytes: Uint8Array): string => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);

describe('UTF-8', () => {
  test('is read as the platform reads it, whatever the bytes and however they are cut', () => {
    const awkward = fc.uint8Array({ maxLength: 60 });
    const likely = fc.array(fc.constantFrom(0x41, 0x80, 0xbf, 0xc0, 0xc2, 0xe0, 0xa0, 0xe6, 0x97, 0xa5, 0xed, 0x9f, 0xf0, 0x9f, 0x98, 0x80, 0xf4, 0x8f, 0xf5, 0xff), { maxLength: 30 }).map((bytes) => Uint8Array.from(bytes));
    fc.assert(
      fc.property(fc.oneof(awkward, likely), fc.integer({ min: 1, max: 7 }), (bytes, step) => {
        const decoder = new Utf8Decoder();
        let text = '';
        for (let at = 0; at < bytes.length; at += step) text += decoder.push(bytes.subarray(at, at + step));
        expect(text + decoder.end()).toBe(platform(bytes));
      }),
      { numRuns: 2000 },
    );
  });

  test('is written as the platform writes it', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(Buffer.from(encodeUtf8(text)).toString('hex')).toBe(Buffer.from(text).toString('hex'));
    }));
  });

  test('that is none is known as none', () => {
    expect(decodeUtf8(Uint8Array.of(0x83, 0x65))).toBeUndefined();
    expect(decodeUtf8(encodeUtf8('テスト'))).toBe('テスト');
  });
});

test('base64url is as Node writes it', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
    expect(toBase64url(bytes)).toBe(Buffer.from(bytes).toString('base64url'));
  }));
});

describe('the text of a terminal', () => {
  test.each([
    ['colours', '\u001b[1;31mred\u001b[0m', 'red'],
    ['text made invisible', '\u001b[8msecret plan\u001b[28m', 'secret plan'],
    ['a title', '\u001b]0;title\u0007shown', 'shown'],
    ['a title ended by ST', '\u001b]0;title\u001b\\shown', 'shown'],
    ['a device control string', '\u001bPq#0;2;0;0;0\u001b\\shown', 'shown'],
    ['a character set', '\u001b(Bshown', 'shown'],
    ['new lines, tabs and carriage returns', 'a\tb\r\nc', 'a\tb\nc'],
    ['a title that never ends', `\u001b]0;${'x'.repeat(5000)}shown`, 'shown'],
  ])('of %s', (_, output, text) => {
    expect(new TerminalText().push(encodeUtf8(output)).endsWith(text)).toBe(true);
    const bytewise = new TerminalText();
    const pieces = Array.from(encodeUtf8(output), (byte) => bytewise.push(Uint8Array.of(byte)));
    expect(pieces.join('')).toBe(new TerminalText().push(encodeUtf8(output)));
  });
});

describe('the index', () => {
  test('stays within a block whatever is recorded, and says where text was cut', () => {
    const index = new IndexBuilder();
    for (let at = 0; at < 5000; at += 1) {
      index.output(encodeUtf8('日本"\\\n'.repeat(20)), at);
      index.frame({ kind: frameKind.resize, microseconds: at, payload: encodeResize({ columns: 80, rows: at % 50, widthPx: 0, heightPx: 0 }) });
    }
    expect(index.due(5000)).toBe(true);
    const plain = index.take(null);
    expect(plain?.length).toBeLessThan(MAX_BLOCK_PLAIN_BYTES);
    const { entries } = decodeIndexEntries(plain ?? new Uint8Array());
    expect(entries.length).toBeLessThanOrEqual(MAX_INDEX_ENTRIES + 1);
    const letters = entries.reduce((sum, entry) => sum + (entry.kind === 'text' ? entry.text.length : 0), 0);
    expect(letters).toBe(MAX_INDEX_LETTERS);
    expect(entries.some((entry) => entry.kind === 'text' && entry.cut)).toBe(true);
    expect(index.take(5)).toBeUndefined();
  });

  test('points at the blocks, one entry a second', () => {
    const index = new IndexBuilder();
    for (let block = 0; block < 100; block += 1) index.block(block * 100, block, block * 100_000);
    const entries = decodeIndexEntries(index.take(7) ?? new Uint8Array());
    expect(entries.previous).toBe(7);
    expect(entries.entries).toHaveLength(10);
    expect(entries.entries[1]).toEqual({ kind: 'block', microseconds: 1_000_000, offset: 1000, block: 10 });
  });

  test('is searched without regard to case and space', () => {
    expect(searchableText('  SUDO\n\trm')).toBe(' sudo rm');
  });
});
