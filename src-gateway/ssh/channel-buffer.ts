import type { Readable } from 'node:stream';

/** So much of a channel is taken before its window stops being topped up. */
const BUFFER_BYTES = 64 * 1024;

/**
 * Makes a channel of ssh2 stop asking for more as soon as 64 KiB wait to be read. ssh2 gives its channels a buffer of 2 MiB
 * beside the window of 2 MiB, so that a slow reader has up to 4 MiB of old output before Ctrl-C shows; with this it is the
 * window alone. Node has no public way to change a stream's mark after it was made, so the stream's own state is set; where a
 * later Node keeps it elsewhere, this changes nothing and the flood test of `ssh-session.test.ts` says so.
 */
export function narrowBuffer(channel: Readable): void {
  const state: unknown = Reflect.get(channel, '_readableState');
  if (typeof state === 'object' && state !== null) Reflect.set(state, 'highWaterMark', BUFFER_BYTES);
}
