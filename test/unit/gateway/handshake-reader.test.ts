import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { MavisError } from '../../../shared/errors/mavis-error.ts';
import { HandshakeReader } from '../../../src-gateway/vnc/handshake-reader.ts';

const forever = new AbortController().signal;

describe('a handshake that is read piece by piece', () => {
  test('takes so many bytes as were asked for, however they come, and leaves what follows', async () => {
    const stream = new PassThrough();
    const reader = new HandshakeReader(stream, forever);
    const read = reader.read(4);
    for (const byte of Buffer.from('abcdef')) stream.write(Buffer.of(byte));
    expect((await read).toString()).toBe('abcd');
    reader.release();
    expect(String(stream.read())).toBe('ef');
  });

  test.each<[string, (stream: PassThrough) => void]>([
    ['ends in the middle', (stream) => stream.end('ab')],
    ['is torn down', (stream) => stream.destroy()],
  ])('a target that %s broke the protocol; of a client that does, it is told by its own word', async (_how, end) => {
    for (const [ended, code] of [[undefined, 'target.protocol-error'], [() => new MavisError('session.closed-by-user'), 'session.closed-by-user']] as const) {
      const stream = new PassThrough();
      const read = new HandshakeReader(stream, forever, ended).read(4);
      end(stream);
      await expect(read).rejects.toMatchObject({ code });
    }
  });

  test('gives up with the reason of its signal', async () => {
    const stop = new AbortController();
    const read = new HandshakeReader(new PassThrough(), stop.signal).read(1);
    stop.abort(new MavisError('connect.cancelled'));
    await expect(read).rejects.toMatchObject({ code: 'connect.cancelled' });
  });
});
