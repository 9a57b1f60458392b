/** One fault on one direction of a connection. Times in milliseconds, sizes in bytes. */
export type Toxic =
  /** Everything arrives later, by `latencyMs` and up to `jitterMs` more or less; the order stays. */
  | { readonly kind: 'latency'; readonly latencyMs: number; readonly jitterMs: number }
  /** No more than this gets through in a second. */
  | { readonly kind: 'bandwidth'; readonly bytesPerSecond: number }
  /** The end of the stream arrives later. */
  | { readonly kind: 'slow_close'; readonly delayMs: number }
  /** Nothing gets through; the connection is closed after so long, or never where it is 0. */
  | { readonly kind: 'timeout'; readonly timeoutMs: number }
  /** The connection is reset after so long. */
  | { readonly kind: 'reset_peer'; readonly timeoutMs: number }
  /** Data is cut into pieces of about `averageBytes`, by up to `variationBytes`, `delayMs` apart. */
  | { readonly kind: 'slicer'; readonly averageBytes: number; readonly variationBytes: number; readonly delayMs: number }
  /** The connection is closed once so many bytes got through. */
  | { readonly kind: 'limit_data'; readonly bytes: number };

/** `up` is from the client to the target, `down` from the target to the client. */
export type Direction = 'up' | 'down';

/** The toxics of one direction by name; later names do not hide earlier ones: all of them work. */
export type ToxicSet = ReadonlyMap<string, Toxic>;

/** The first toxic of a kind in a set. */
export function toxicOf<Kind extends Toxic['kind']>(set: ToxicSet, kind: Kind): Extract<Toxic, { kind: Kind }> | undefined {
  for (const toxic of set.values()) if (toxic.kind === kind) return toxic as Extract<Toxic, { kind: Kind }>;
  return undefined;
}

/** How much later a piece arrives under these toxics, without the time that its own bytes take. */
export function latencyOf(set: ToxicSet, random: () => number): number {
  let total = 0;
  for (const toxic of set.values()) {
    if (toxic.kind === 'latency') total += toxic.latencyMs + (random() * 2 - 1) * toxic.jitterMs;
  }
  return Math.max(0, total);
}

/** Cuts data as a slicer does; without one it stays whole. Never gives an empty piece. */
export function slice(data: Buffer, set: ToxicSet, random: () => number): Buffer[] {
  const slicer = toxicOf(set, 'slicer');
  if (slicer === undefined) return [data];
  const pieces: Buffer[] = [];
  for (let at = 0; at < data.length; ) {
    const size = Math.max(1, Math.round(slicer.averageBytes + (random() * 2 - 1) * slicer.variationBytes));
    pieces.push(data.subarray(at, at + size));
    at += size;
  }
  return pieces;
}
