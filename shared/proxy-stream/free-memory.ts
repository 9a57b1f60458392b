/** Smaller memory is not worth a call: it costs the collector as little as anything. */
const LARGE_BYTES = 16 * 1024;

/**
 * Gives large memory back at once, in place of leaving it to the collector: V8 begins to mark the whole heap for every 64 MB of
 * buffers that were allocated, whether or not they are garbage, which a stream does each time it has relayed a third of that.
 * Only for bytes that nobody uses any more, the system included: they are empty afterwards. A view of more than itself is left alone.
 * @param mostAround so many bytes around the view are nobody's either
 */
export function freeMemory({ buffer, byteLength }: Uint8Array, mostAround = 0): void {
  if (byteLength >= LARGE_BYTES && buffer.byteLength - byteLength <= mostAround && buffer instanceof ArrayBuffer) buffer.transfer(0);
}
