import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ConnectAnswer, ConnectAnswerParser, MAX_HEADER_BYTES } from '../../../../src-main/network/connect-answer.ts';

const parse = (text: string): ConnectAnswer | undefined => new ConnectAnswerParser().push(Buffer.from(text, 'latin1'));
const cases: readonly [string, number, string[], string][] = [
  ['HTTP/1.1 200 Connection established\r\n\r\n', 200, [], ''],
  ['HTTP/1.0 200\r\nVia: x\r\n\r\n', 200, [], ''],
  ['HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\nhello', 200, [], 'hello'],
  ['HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\n\r\n', 302, [], ''],
  ['HTTP/1.1 407 x\r\nproxy-AUTHENTICATE: Basic realm="a, NTLM"\r\n\r\n', 407, ['basic'], ''],
  ['HTTP/1.1 407 x\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: NTLM\r\nProxy-Authenticate: Basic realm="x"\r\n\r\n', 407, ['negotiate', 'ntlm', 'basic'], ''],
  ['HTTP/1.1 407 x\r\nProxy-Authenticate: Digest realm="r", nonce="n,Basic x", qop=auth, Basic realm="z"\r\n\r\n', 407, ['digest', 'basic'], ''],
];

describe('the answer of a proxy to CONNECT', () => {
  test.each(cases)('%j', (text, status, schemes, rest) => {
    expect(parse(text)).toMatchObject({ status, schemes });
    expect(parse(text)?.rest.toString()).toBe(rest);
  });

  test('is the same byte by byte', () => {
    for (const [text, status, schemes] of cases) {
      const parser = new ConnectAnswerParser();
      const header = text.slice(0, text.indexOf('\r\n\r\n') + 4);
      for (const [index, letter] of [...header].entries()) {
        const answer = parser.push(Buffer.from(letter, 'latin1'));
        if (index < header.length - 1) expect(answer).toBeUndefined();
        else expect(answer).toMatchObject({ status, schemes });
      }
    }
  });

  test.each(['SSH-2.0-OpenSSH\r\n', 'HTTP/2 200\r\n\r\n', 'HTTP/1.1 20\r\n\r\n', 'HTTP/1.1 200x\r\n\r\n', 'http/1.1 200 OK\r\n\r\n', '\r\n\r\n', '\x16\x03\x03'])('%j is none', (text) => {
    expect(() => parse(text)).toThrow(RangeError);
  });

  test('a header without an end is given up at 16 KiB, in whatever pieces it comes', () => {
    for (const size of [1, 100, 5000, 40_000]) {
      const parser = new ConnectAnswerParser();
      const text = `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(40_000)}`;
      let taken = 0;
      expect(() => {
        for (let at = 0; at < text.length; at += size) {
          parser.push(Buffer.from(text.slice(at, at + size)));
          taken = at + size;
        }
      }).toThrow(RangeError);
      expect(taken).toBeLessThanOrEqual(MAX_HEADER_BYTES + size);
    }
  });

  test('no bytes make it throw anything but RangeError', () => {
    const anything = fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.string({ maxLength: 200 }).map((text) => Buffer.from(`HTTP/1.1 407 x\r\nProxy-Authenticate: ${text}\r\n\r\n`)));
    fc.assert(
      fc.property(anything, (bytes) => {
        try {
          new ConnectAnswerParser().push(Buffer.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
