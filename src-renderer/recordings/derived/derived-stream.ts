/** A picture, four bytes a point. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
}

/** A full frame stands at least so often (rule 25): what is drawn to show any moment is at most the changes of so long. */
export const FULL_EVERY_MS = 10_000;
/** Changes of so many bytes are not read through for one picture; a full frame then comes earlier. */
const MOST_SEGMENT_BYTES = 64 * 1024 * 1024;
/** What the pictures of one recording may take of memory; behind that the recording is sought in as it is. */
export const MOST_STORED_BYTES = 384 * 1024 * 1024;
/** Changes are found in squares: small ones cost headers, large ones points that did not change. */
const TILE = 64;
const HEADER_BYTES = 16;

interface Segment {
  readonly fromMs: number;
  readonly width: number;
  readonly height: number;
  parts: readonly Uint8Array<ArrayBuffer>[];
  packed: boolean;
}

interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * The pictures of a desktop's recording in the order of their times: full frames, and what changed between them. It is made
 * from the recording and never stands for it. In memory alone, without loss, with a bound.
 */
export class DerivedStream {
  readonly #mostBytes: number;
  readonly #segments: Segment[] = [];
  #open: { segment: Segment; parts: Uint8Array<ArrayBuffer>[]; bytes: number } | undefined;
  #last: Uint32Array<ArrayBuffer> | undefined;
  /** When the picture changed. */
  readonly #changes: number[] = [];
  #storedBytes = 0;
  #full = false;
  #read: { readonly segment: Segment; readonly bytes: Uint8Array<ArrayBuffer> } | undefined;

  constructor(mostBytes = MOST_STORED_BYTES) {
    this.#mostBytes = mostBytes;
  }

  /** Whether there is no room for more. */
  get full(): boolean {
    return this.#full;
  }

  /** How many full frames it holds. */
  get fullFrames(): number {
    return this.#segments.length;
  }

  /** Bytes held now. */
  get storedBytes(): number {
    return this.#storedBytes + (this.#open?.bytes ?? 0);
  }

  /** Takes the picture from this time on; times must not go back. Resolves when it can take the next. */
  async add(atMs: number, picture: Picture): Promise<void> {
    if (this.#full) return;
    const points = new Uint32Array(picture.pixels.buffer, picture.pixels.byteOffset, picture.pixels.byteLength / 4);
    const before = this.#last;
    this.#last = points;
    const open = this.#open;
    const due = open === undefined || before === undefined || atMs - open.segment.fromMs >= FULL_EVERY_MS || open.bytes > MOST_SEGMENT_BYTES;
    if (due || open.segment.width !== picture.width || open.segment.height !== picture.height) {
      await this.#close();
      this.#begin(atMs, picture, points);
    } else for (const area of changedAreas(before, points, picture)) this.#append(atMs, area, points, picture.width);
    this.#full = this.storedBytes > this.#mostBytes;
  }

  /** When the picture next changes after a time; undefined where it does not any more. */
  changeAfter(ms: number): number | undefined {
    let low = 0;
    let high = this.#changes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#changes[middle] ?? 0) <= ms) low = middle + 1;
      else high = middle;
    }
    return this.#changes[low];
  }

  /** The picture that stood at a time; undefined before the first. */
  async pictureAt(ms: number): Promise<Picture | undefined> {
    const segment = this.#segments.findLast(({ fromMs }) => fromMs <= ms);
    if (segment === undefined) return undefined;
    const pixels = new Uint8ClampedArray(segment.width * segment.height * 4);
    draw(await this.#opened(segment), ms, pixels, segment.width);
    return { width: segment.width, height: segment.height, pixels };
  }

  #begin(atMs: number, { width, height }: Picture, points: Uint32Array<ArrayBuffer>): void {
    const segment: Segment = { fromMs: atMs, width, height, parts: [], packed: false };
    this.#open = { segment, parts: [], bytes: 0 };
    this.#segments.push(segment);
    this.#append(atMs, { x: 0, y: 0, width, height }, points, width);
  }

  #append(atMs: number, area: Area, points: Uint32Array<ArrayBuffer>, stride: number): void {
    const open = this.#open;
    if (open === undefined) return;
    if (this.#changes.at(-1) !== atMs) this.#changes.push(atMs);
    const part = encodeArea(atMs, area, points, stride);
    open.parts.push(part);
    open.bytes += part.length;
    open.segment.parts = open.parts;
  }

  async #close(): Promise<void> {
    const open = this.#open;
    if (open === undefined) return;
    const packed = await through(open.parts, new CompressionStream('deflate-raw'));
    open.segment.parts = [packed];
    open.segment.packed = true;
    this.#open = undefined;
    this.#storedBytes += packed.length;
  }

  /** A segment's changes as they were written; the last one that was read is kept, since one who steps stays in it. */
  async #opened(segment: Segment): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#read?.segment === segment) return this.#read.bytes;
    if (!segment.packed) return joined(segment.parts);
    const bytes = await through(segment.parts, new DecompressionStream('deflate-raw'));
    this.#read = { segment, bytes };
    return bytes;
  }
}

/** The squares that differ, those beside each other as one. */
function changedAreas(before: Uint32Array, after: Uint32Array, { width, height }: Picture): Area[] {
  const areas: Area[] = [];
  for (let y = 0; y < height; y += TILE) {
    const bottom = Math.min(height, y + TILE);
    let from = -1;
    for (let x = 0; x <= width; x += TILE) {
      const changed = x < width && differs(before, after, width, { x, y, width: Math.min(TILE, width - x), height: bottom - y });
      if (changed && from < 0) from = x;
      if (changed || from < 0) continue;
      areas.push({ x: from, y, width: x - from, height: bottom - y });
      from = -1;
    }
    if (from >= 0) areas.push({ x: from, y, width: width - from, height: bottom - y });
  }
  return areas;
}

function differs(before: Uint32Array, after: Uint32Array, stride: number, area: Area): boolean {
  for (let y = area.y; y < area.y + area.height; y += 1) {
    const end = y * stride + area.x + area.width;
    for (let at = y * stride + area.x; at < end; at += 1) if (before[at] !== after[at]) return true;
  }
  return false;
}

function encodeArea(atMs: number, area: Area, points: Uint32Array<ArrayBuffer>, stride: number): Uint8Array<ArrayBuffer> {
  const part = new Uint8Array(HEADER_BYTES + area.width * area.height * 4);
  const view = new DataView(part.buffer);
  view.setFloat64(0, atMs);
  for (const [place, value] of [area.x, area.y, area.width, area.height].entries()) view.setUint16(8 + place * 2, value);
  const bytes = new Uint8Array(points.buffer, points.byteOffset, points.byteLength);
  for (let row = 0; row < area.height; row += 1) {
    const from = ((area.y + row) * stride + area.x) * 4;
    part.set(bytes.subarray(from, from + area.width * 4), HEADER_BYTES + row * area.width * 4);
  }
  return part;
}

/** Draws what a segment says until a time. */
function draw(bytes: Uint8Array<ArrayBuffer>, untilMs: number, pixels: Uint8ClampedArray, stride: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + HEADER_BYTES <= bytes.length; ) {
    if (view.getFloat64(at) > untilMs) return;
    const [x, y, width, height] = [view.getUint16(at + 8), view.getUint16(at + 10), view.getUint16(at + 12), view.getUint16(at + 14)];
    at += HEADER_BYTES;
    for (let row = 0; row < height; row += 1, at += width * 4) pixels.set(bytes.subarray(at, at + width * 4), ((y + row) * stride + x) * 4);
  }
}

async function through(parts: readonly Uint8Array<ArrayBuffer>[], transform: CompressionStream | DecompressionStream): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Response(new Blob([...parts]).stream().pipeThrough(transform)).arrayBuffer());
}

function joined(parts: readonly Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
