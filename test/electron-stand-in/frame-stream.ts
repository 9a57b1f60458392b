import type { Duplex } from 'node:stream';
import { runApart } from './covered.ts';

const LENGTH_BYTES = 4;

/** Writes a frame with its length before it. */
export function writeFrame(stream: Duplex, frame: Uint8Array): void {
  const head = Buffer.allocUnsafe(LENGTH_BYTES);
  head.writeUInt32LE(frame.length);
  stream.cork();
  stream.write(head);
  stream.write(frame);
  stream.uncork();
}

/** Reads frames; each is handed on in memory of its own. */
export function readFrames(stream: Duplex, onFrame: (frame: Uint8Array) => void): void {
  const head = new Uint8Array(LENGTH_BYTES);
  const headView = new DataView(head.buffer);
  let headFilled = 0;
  let frame: Uint8Array | undefined;
  let filled = 0;
  stream.on('data', (chunk: Buffer) => {
    let at = 0;
    while (at < chunk.length) {
      if (!frame) {
        const take = Math.min(LENGTH_BYTES - headFilled, chunk.length - at);
        head.set(chunk.subarray(at, at + take), headFilled);
        headFilled += take;
        at += take;
        if (headFilled < LENGTH_BYTES) return;
        frame = new Uint8Array(headView.getUint32(0, true));
        headFilled = 0;
        filled = 0;
      }
      const take = Math.min(frame.length - filled, chunk.length - at);
      frame.set(chunk.subarray(at, at + take), filled);
      filled += take;
      at += take;
      if (filled === frame.length) {
        const whole = frame;
        frame = undefined;
        runApart(() => onFrame(whole));
      }
    }
  });
}
