import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { PacketPump } from '../../../src-gateway/sftp/packet-pump.ts';

/** A packet of so many bytes in all, filled with a value. */
function packetOf(bytes: number, value: number): Buffer {
  const packet = Buffer.alloc(bytes, value);
  packet.writeUInt32BE(bytes - 4, 0);
  return packet;
}

/** Bytes in memory of their own, as ssh2 gives what a channel brought: a few more stand around them. */
function pieceOf(bytes: Buffer): Buffer {
  const memory = new Uint8Array(bytes.length + 30);
  memory.set(bytes, 10);
  return Buffer.from(memory.buffer, 10, bytes.length);
}

function pump(ownsPieces: boolean): { from: PassThrough; taken: Uint8Array[] } {
  const from = new PassThrough({ readableHighWaterMark: 1024 * 1024, writableHighWaterMark: 1024 * 1024 });
  const taken: Uint8Array[] = [];
  const failed = (error: unknown): void => expect.fail(String(error));
  const to = new PassThrough();
  new PacketPump({ from, to, wire: to, take: (packet) => void taken.push(packet), hold: () => undefined, failed, signal: new AbortController().signal, ownsPieces }).start();
  return { from, taken };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the memory of what packets are put together of', () => {
  const [first, second] = [packetOf(100_000, 1), packetOf(40_000, 2)];
  const bytes = Buffer.concat([first, second]);

  test('goes back when it is copied, and not where a packet still lies in it', async () => {
    const { from, taken } = pump(true);
    // The second piece holds the end of one packet and the whole of the next.
    const pieces = [pieceOf(bytes.subarray(0, 60_000)), pieceOf(bytes.subarray(60_000))];
    for (const piece of pieces) {
      from.write(piece);
      await turn();
    }
    expect(pieces.map(({ length }) => length)).toEqual([0, 80_000]);
    expect(Buffer.concat(taken).equals(bytes)).toBe(true);
  });

  test('stays where it may be somebody else\'s', async () => {
    const { from, taken } = pump(false);
    const piece = pieceOf(bytes.subarray(0, 60_000));
    from.write(piece);
    from.write(pieceOf(bytes.subarray(60_000)));
    await turn();
    expect(piece.length).toBe(60_000);
    expect(Buffer.concat(taken).equals(bytes)).toBe(true);
  });
});
