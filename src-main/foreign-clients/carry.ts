import type { Readable, Writable } from 'node:stream';

/**
 * Moves all of one stream into another, with back-pressure, and leaves that one open. Resolves when the first has ended and the
 * other has taken its last piece, or is gone itself.
 */
export function carry(from: Readable, to: Writable): Promise<void> {
  return new Promise((resolve) => {
    let waiting = 0;
    let ended = false;
    const settle = (): void => {
      if (ended && waiting === 0) resolve();
    };
    const over = (): void => {
      ended = true;
      settle();
    };
    from.on('data', (chunk: Buffer) => {
      waiting += 1;
      const more = to.write(chunk, () => {
        waiting -= 1;
        settle();
      });
      if (more) return;
      from.pause();
      to.once('drain', () => from.resume());
    });
    from.once('end', over);
    from.once('close', over);
    from.once('error', over);
    to.once('close', resolve);
    to.once('error', () => resolve());
  });
}
