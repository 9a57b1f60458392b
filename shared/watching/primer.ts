/** The streams of zlib in RFB that go on from one rectangle to the next: the four of Tight, and one each of ZRLE and Zlib. */
export const packedStreams = ['tight-0', 'tight-1', 'tight-2', 'tight-3', 'zrle', 'zlib'] as const;
export type PackedStream = (typeof packedStreams)[number];

/** What comes later of a stream of deflate refers at most so far back (RFC 1951 section 2). */
export const MOST_WINDOW_BYTES = 32 * 1024;
const HEADER_BYTES = 3;

/** The last that a stream held: whoever has unpacked `zlib` can go on with the stream where it is now. */
export interface Primer {
  readonly stream: PackedStream;
  /** A stream of zlib from its head on, flushed to a whole byte, without its end. */
  readonly zlib: Uint8Array;
  /** What it unpacks to. */
  readonly windowBytes: number;
}

/** A primer as a frame's payload: the stream's number, the window's length (big endian), the stream of zlib. */
export function encodePrimer({ stream, zlib, windowBytes }: Primer): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + zlib.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, packedStreams.indexOf(stream));
  view.setUint16(1, windowBytes);
  bytes.set(zlib, HEADER_BYTES);
  return bytes;
}

/** Reads a primer; undefined where it is none. */
export function decodePrimer(payload: Uint8Array): Primer | undefined {
  if (payload.length <= HEADER_BYTES) return undefined;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const stream = packedStreams[view.getUint8(0)];
  const windowBytes = view.getUint16(1);
  if (stream === undefined || windowBytes === 0 || windowBytes > MOST_WINDOW_BYTES) return undefined;
  return { stream, zlib: payload.slice(HEADER_BYTES), windowBytes };
}
