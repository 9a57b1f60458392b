import { setImmediate } from 'node:timers/promises';
import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { asciiBytes, encodeUtf8 } from '../../../shared/recording/utf8.ts';
import { encodeFileName, printableFileName } from '../../../shared/sftp/file-name-bytes.ts';
import { GatheredPackets } from '../../../src-gateway/sftp/gathered-packets.ts';

function gathered(): { packets: GatheredPackets; pieces: Buffer[] } {
  const pieces: Buffer[] = [];
  const channel = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      pieces.push(Buffer.from(chunk));
      done();
    },
  });
  return { packets: new GatheredPackets(channel, new Writable()), pieces };
}

test('S20: small packets of one turn go as one piece, in their order, and those of the next as another', async () => {
  const { packets, pieces } = gathered();
  for (const byte of [1, 2, 3]) packets.write(Uint8Array.of(byte, byte));
  expect(pieces).toEqual([]);
  await setImmediate();
  packets.write(Uint8Array.of(4));
  await setImmediate();
  expect(pieces).toEqual([Buffer.of(1, 1, 2, 2, 3, 3), Buffer.of(4)]);
});

test('S20: a large packet waits for no turn and overtakes none, and no piece grows beyond an SSH packet', () => {
  const { packets, pieces } = gathered();
  packets.write(Uint8Array.of(1));
  packets.write(Buffer.alloc(64 * 1024, 2));
  for (let count = 0; count < 5; count += 1) packets.write(Buffer.alloc(10 * 1024, 3));
  expect(pieces.map(({ length }) => length)).toEqual([1, 64 * 1024, 30 * 1024]);
});

test.each(['', 'plain-name.txt', '/srv/a b/~c', 'tab\there', 'é', '日本語', '\u{1f600}', 'a\udc80b', 'x\ud800'])('names and texts are encoded as ever, ASCII or not: %j', (text) => {
  const wellFormed = text.toWellFormed();
  expect(Buffer.from(encodeUtf8(text)).toString('utf8')).toBe(wellFormed);
  expect(asciiBytes(text)?.length).toBe(Buffer.byteLength(text) === text.length ? text.length : undefined);
  if (!text.includes('\udc80')) expect(Buffer.from(encodeFileName(text)).toString('utf8')).toBe(wellFormed);
  expect(printableFileName(text)).toBe(text === 'tab\there' ? 'tab\\x09here' : text === 'a\udc80b' ? 'a\\x80b' : text === 'x\ud800' ? 'x\\u{d800}' : text);
});
