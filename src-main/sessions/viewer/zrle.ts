import { MavisError } from '../../../shared/errors/mavis-error.ts';
import type { DesktopSize } from '../../../shared/vnc/desktop-size.ts';
import { BYTES_PER_COMPACT_PIXEL } from '../../../shared/vnc/encodings.ts';

const TILE_SIDE = 64;
const PLAIN_RUNS = 128;
const MOST_PACKED_COLOURS = 16;
/** A run's length goes on in another byte where one says this. */
const LONG_RUN = 255;

/** The most bytes that a rectangle takes once it is inflated: a tile's kind, its colours, and a run for each pixel. */
export function mostZrleBytes({ width, height }: DesktopSize): number {
  const tiles = Math.ceil(width / TILE_SIDE) * Math.ceil(height / TILE_SIDE);
  return tiles * (1 + 127 * BYTES_PER_COMPACT_PIXEL) + width * height * (BYTES_PER_COMPACT_PIXEL + 1);
}

/**
 * The pixels of a rectangle in ZRLE (RFC 6143 section 7.7.6), inflated, row of tiles by row of tiles: each is given as its pixels line
 * by line, red in the lowest byte, and is used again for the next one. Throws `target.protocol-error`. Its cost is linear in pixels.
 */
export function* zrleBands(inflated: Buffer, { width, height }: DesktopSize): Generator<Uint32Array, void, void> {
  const reader = new ZrleReader(inflated);
  const pixels = new Uint32Array(width * Math.min(TILE_SIDE, height));
  for (let top = 0; top < height; top += TILE_SIDE) {
    const lines = Math.min(TILE_SIDE, height - top);
    for (let left = 0; left < width; left += TILE_SIDE) readTile(reader, new Tile(pixels, { at: left, stride: width, width: Math.min(TILE_SIDE, width - left), height: lines }));
    yield pixels.subarray(0, width * lines);
  }
  if (!reader.isOver) throw broken();
}

function readTile(reader: ZrleReader, tile: Tile): void {
  const kind = reader.byte();
  if (kind === 0) for (let left = tile.area; left > 0; left -= 1) tile.put(reader.pixel(), 1);
  else if (kind === 1) tile.put(reader.pixel(), tile.area);
  else if (kind <= MOST_PACKED_COLOURS) readPacked(reader, tile, reader.colours(kind));
  else if (kind === PLAIN_RUNS) while (tile.left > 0) tile.put(reader.pixel(), reader.run());
  else if (kind > PLAIN_RUNS + 1) readRuns(reader, tile, reader.colours(kind - PLAIN_RUNS));
  else throw broken();
}

/** Each line is whole in bytes. */
function readPacked(reader: ZrleReader, tile: Tile, colours: Uint32Array): void {
  const bits = colours.length === 2 ? 1 : colours.length <= 4 ? 2 : 4;
  for (let line = 0; line < tile.height; line += 1) {
    let byte = 0;
    let bitsLeft = 0;
    for (let column = 0; column < tile.width; column += 1) {
      if (bitsLeft === 0) {
        byte = reader.byte();
        bitsLeft = 8;
      }
      bitsLeft -= bits;
      tile.put(colourAt(colours, (byte >> bitsLeft) & ((1 << bits) - 1)), 1);
    }
  }
}

function readRuns(reader: ZrleReader, tile: Tile, colours: Uint32Array): void {
  while (tile.left > 0) {
    const place = reader.byte();
    tile.put(colourAt(colours, place & 127), place < 128 ? 1 : reader.run());
  }
}

function colourAt(colours: Uint32Array, place: number): number {
  const colour = colours[place];
  if (colour === undefined) throw broken();
  return colour;
}

/** Where the pixels of one tile lie among those of its row of tiles. */
class Tile {
  readonly width: number;
  readonly height: number;
  readonly area: number;
  readonly #pixels: Uint32Array;
  readonly #step: number;
  #at: number;
  #column = 0;
  /** Pixels that are still to come. */
  left: number;

  constructor(pixels: Uint32Array, { at, stride, width, height }: DesktopSize & { readonly at: number; readonly stride: number }) {
    this.#pixels = pixels;
    this.width = width;
    this.height = height;
    this.area = width * height;
    this.left = this.area;
    this.#at = at;
    this.#step = stride - width;
  }

  put(pixel: number, count: number): void {
    if (count > this.left) throw broken();
    this.left -= count;
    for (let put = 0; put < count; ) {
      const stretch = Math.min(count - put, this.width - this.#column);
      for (const end = this.#at + stretch; this.#at < end; this.#at += 1) this.#pixels[this.#at] = pixel;
      this.#column += stretch;
      put += stretch;
      if (this.#column < this.width) continue;
      this.#column = 0;
      this.#at += this.#step;
    }
  }
}

class ZrleReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isOver(): boolean {
    return this.#at === this.#bytes.length;
  }

  byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw broken();
    this.#at += 1;
    return byte;
  }

  pixel(): number {
    if (this.#at + BYTES_PER_COMPACT_PIXEL > this.#bytes.length) throw broken();
    const pixel = (this.#bytes[this.#at] ?? 0) | ((this.#bytes[this.#at + 1] ?? 0) << 8) | ((this.#bytes[this.#at + 2] ?? 0) << 16);
    this.#at += BYTES_PER_COMPACT_PIXEL;
    return pixel;
  }

  colours(count: number): Uint32Array {
    return Uint32Array.from({ length: count }, () => this.pixel());
  }

  run(): number {
    let length = 1;
    for (;;) {
      const byte = this.byte();
      length += byte;
      if (byte !== LONG_RUN) return length;
    }
  }
}

function broken(): MavisError {
  return new MavisError('target.protocol-error');
}
