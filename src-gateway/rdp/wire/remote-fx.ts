import { RdpFormatError } from '../../../shared/rdp/rdp-format-error.ts';

/** Kinds of surface commands (MS-RDPBCGR 2.2.9.2.1), and the places in one that brings bits. */
const surfaceCommand = { setBits: 1, frameMarker: 4, streamBits: 6 } as const;
const FRAME_MARKER_BYTES = 8;
const BITS_HEADER_BYTES = 22;
const BITS_FLAGS_AT = 11;
const BITS_CODEC_AT = 13;
const BITS_LENGTH_AT = 18;
const EXTENDED_HEADER = 1;
const EXTENDED_HEADER_BYTES = 24;

/** Blocks of RemoteFX (MS-RDPRFX 2.2.2.1.1). */
const block = { sync: 0xccc0, codecVersions: 0xccc1, channels: 0xccc2, context: 0xccc3, frameBegin: 0xccc4, frameEnd: 0xccc5, region: 0xccc6, extension: 0xccc7 } as const;
const HEADERS: ReadonlySet<number> = new Set([block.sync, block.codecVersions, block.channels, block.context]);
const BLOCK_HEADER_BYTES = 6;
/** One of each kind; the channels' may name several. */
const MOST_HEADER_BYTES = 1024;
const CONTEXT_PROPERTIES_AT = 11;
/** A frame that brings its headers each time (MS-RDPRFX 2.2.2.2.4). */
const IMAGE_MODE = 2;

/** A set of tiles (MS-RDPRFX 2.2.2.3.4) and a tile (2.2.2.3.4.1). */
const TILE_SET_HEADER_BYTES = 22;
const TILE_SET_PROPERTIES_AT = 12;
const TILE_SET_QUANTS_AT = 14;
const QUANT_BYTES = 5;
const TILE_HEADER_BYTES = 19;
const TILE_X_AT = 9;
const REGION_COUNT_AT = 9;
const REGION_RECTS_AT = 11;
const RECT_BYTES = 8;
const MOST_RECTS = 512;
const WHOLE: Area = { x: 0, y: 0, width: 8192, height: 8192 };
/** 8,192 points of 64 each. */
const MOST_TILES_A_SIDE = 128;
/** Of one update: twice the largest desktop. What draws more draws over itself, and holds up who looks at it. */
const MOST_TILES = 2 * MOST_TILES_A_SIDE * MOST_TILES_A_SIDE;
/** The last set of its region; colours, wavelets, entropy coding and quantization as RemoteFX has them. */
const COMMON_PROPERTIES = 1 | (1 << 4) | (1 << 6) | (1 << 10) | (1 << 14);

const SURFACE_COMMANDS = 4;
/** What a frame without a tile covers: it changes nothing. */
const ONE_POINT: Area = { x: 0, y: 0, width: 1, height: 1 };
/** A fast-path PDU has a length of 15 bits: room for a region of 512 rectangles (4 KiB), headers and one tile more. */
const MOST_TILE_BYTES_A_PDU = 16 * 1024;

/** What a decoder of RemoteFX has to know of all frames: the codec's number and the blocks that a target sends once. */
export interface RemoteFxHeaders {
  readonly codec: number;
  readonly blocks: Buffer;
  readonly imageMode: boolean;
}

/** A part of the desktop. */
export interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** What all tiles of a set have in common: how they are coded, and the parts of the desktop that they draw; what else a tile holds is nothing. */
export interface TileSet {
  readonly properties: number;
  readonly quants: Buffer;
  readonly region: readonly Area[];
}

/** One tile as it came: the whole of its block. */
export interface Tile {
  /** Where it is, in tiles. */
  readonly x: number;
  readonly y: number;
  readonly bytes: Buffer;
  readonly set: TileSet;
}

/** Points of a tile's side. */
export const TILE_SIDE = 64;

/** What the commands of one update draw: tiles of RemoteFX at the desktop's own origin, or `other`, of which nothing is known. */
export interface DrawnSurface {
  readonly headers: RemoteFxHeaders | undefined;
  readonly tiles: readonly Tile[];
  readonly other: boolean;
}

/** Reads the surface commands of one whole update; throws RdpFormatError. Tiles are views. */
export function readSurfaceCommands(commands: Buffer): DrawnSurface {
  let headers: RemoteFxHeaders | undefined;
  let other = false;
  const tiles: Tile[] = [];
  for (let at = 0; at + 2 <= commands.length; ) {
    const kind = commands.readUInt16LE(at);
    if (kind === surfaceCommand.frameMarker) {
      at += FRAME_MARKER_BYTES;
      continue;
    }
    if ((kind !== surfaceCommand.setBits && kind !== surfaceCommand.streamBits) || at + BITS_HEADER_BYTES > commands.length) throw new RdpFormatError('surface: unknown command');
    const dataAt = at + BITS_HEADER_BYTES + (((commands[at + BITS_FLAGS_AT] ?? 0) & EXTENDED_HEADER) === 0 ? 0 : EXTENDED_HEADER_BYTES);
    const endAt = dataAt + commands.readUInt32LE(at + BITS_LENGTH_AT);
    if (endAt > commands.length) throw new RdpFormatError('surface: bits cut off');
    const frame = readFrame(commands.subarray(dataAt, endAt), commands[at + BITS_CODEC_AT] ?? 0);
    headers = frame.headers ?? headers;
    const atOrigin = commands.readUInt32LE(at + 2) === 0;
    if (frame.known && atOrigin) addTiles(tiles, frame.tiles);
    else other = true;
    at = endAt;
  }
  return { headers, tiles, other };
}

function readFrame(data: Buffer, codec: number): { readonly headers: RemoteFxHeaders | undefined; readonly tiles: readonly Tile[]; readonly known: boolean } {
  const first: Buffer[] = [];
  const tiles: Tile[] = [];
  let imageMode = false;
  let region: readonly Area[] = [];
  for (let at = 0; at + BLOCK_HEADER_BYTES <= data.length; ) {
    const kind = data.readUInt16LE(at);
    // Bits of another codec, or none.
    if (kind < block.sync || kind > block.extension) return { headers: undefined, tiles: [], known: false };
    const length = data.readUInt32LE(at + 2);
    if (length < BLOCK_HEADER_BYTES || at + length > data.length) throw new RdpFormatError('remotefx: block out of bounds');
    const bytes = data.subarray(at, at + length);
    if (HEADERS.has(kind)) first.push(bytes);
    if (kind === block.context && length >= CONTEXT_PROPERTIES_AT + 2) imageMode = (bytes.readUInt16LE(CONTEXT_PROPERTIES_AT) & IMAGE_MODE) !== 0;
    if (kind === block.region) region = readRegion(bytes);
    if (kind === block.extension) addTiles(tiles, readTiles(bytes, region));
    at += length;
  }
  const blocks = Buffer.concat(first);
  if (blocks.length > MOST_HEADER_BYTES) throw new RdpFormatError('remotefx: headers too long');
  return { headers: blocks.length === 0 ? undefined : { codec, blocks, imageMode }, tiles, known: true };
}

/** One by one: as arguments of a call they would be more than a call takes. */
function addTiles(tiles: Tile[], more: Iterable<Tile>): void {
  for (const tile of more) {
    if (tiles.length === MOST_TILES) throw new RdpFormatError('remotefx: too many tiles');
    tiles.push(tile);
  }
}

/** The rectangles of a region; none of them means all of the desktop. */
function readRegion(bytes: Buffer): readonly Area[] {
  if (bytes.length < REGION_RECTS_AT) throw new RdpFormatError('remotefx: region cut off');
  const count = bytes.readUInt16LE(REGION_COUNT_AT);
  if (count === 0) return [WHOLE];
  if (count > MOST_RECTS || REGION_RECTS_AT + count * RECT_BYTES > bytes.length) throw new RdpFormatError('remotefx: region out of bounds');
  return Array.from({ length: count }, (_, place) => {
    const [x, y, width, height] = [0, 2, 4, 6].map((at) => bytes.readUInt16LE(REGION_RECTS_AT + place * RECT_BYTES + at));
    return { x: x ?? 0, y: y ?? 0, width: width ?? 0, height: height ?? 0 };
  });
}

function* readTiles(set: Buffer, region: readonly Area[]): Generator<Tile> {
  if (set.length < TILE_SET_HEADER_BYTES) throw new RdpFormatError('remotefx: set of tiles cut off');
  const quantsEndAt = TILE_SET_HEADER_BYTES + (set[TILE_SET_QUANTS_AT] ?? 0) * QUANT_BYTES;
  if (quantsEndAt > set.length) throw new RdpFormatError('remotefx: set of tiles cut off');
  // A copy: it may stay for as long as its tiles.
  const shared: TileSet = { properties: set.readUInt16LE(TILE_SET_PROPERTIES_AT), quants: Buffer.from(set.subarray(TILE_SET_HEADER_BYTES, quantsEndAt)), region };
  for (let at = quantsEndAt; at < set.length; ) {
    if (at + TILE_HEADER_BYTES > set.length) throw new RdpFormatError('remotefx: tile cut off');
    const length = set.readUInt32LE(at + 2);
    const [x, y] = [set.readUInt16LE(at + TILE_X_AT), set.readUInt16LE(at + TILE_X_AT + 2)];
    if (length < TILE_HEADER_BYTES || length > MOST_TILE_BYTES_A_PDU || at + length > set.length || x >= MOST_TILES_A_SIDE || y >= MOST_TILES_A_SIDE) throw new RdpFormatError('remotefx: tile out of bounds');
    yield { x, y, bytes: set.subarray(at, at + length), set: shared };
    at += length;
  }
}

/** Fast-path PDUs that bring a decoder to where the target's is: the headers, and tiles in their order, on a desktop of this size. Without a tile they change no point. */
export function encodeRemoteFx(headers: RemoteFxHeaders, tiles: Iterable<Tile>, size: { readonly width: number; readonly height: number }): readonly Buffer[] {
  const frames: { readonly set: TileSet; readonly tiles: Buffer[]; bytes: number }[] = [];
  for (const { set, bytes } of tiles) {
    let frame = frames.at(-1);
    if (frame === undefined || frame.set !== set || frame.bytes + bytes.length > MOST_TILE_BYTES_A_PDU) {
      frame = { set, tiles: [], bytes: 0 };
      frames.push(frame);
    }
    frame.tiles.push(bytes);
    frame.bytes += bytes.length;
  }
  if (frames.length === 0) return [encodeFrame(headers, true, { properties: COMMON_PROPERTIES, quants: Buffer.alloc(0), region: [ONE_POINT] }, Buffer.alloc(0), 0, ONE_POINT)];
  return frames.map(({ set, tiles: parts }, place) => encodeFrame(headers, place === 0 || headers.imageMode, set, Buffer.concat(parts), parts.length, size));
}

function encodeFrame(headers: RemoteFxHeaders, withHeaders: boolean, { properties, quants, region }: TileSet, tiles: Buffer, count: number, { width, height }: { readonly width: number; readonly height: number }): Buffer {
  const rects = region.flatMap((area) => [...u16(area.x), ...u16(area.y), ...u16(Math.min(area.width, width)), ...u16(Math.min(area.height, height))]);
  const frame = Buffer.concat([
    ...(withHeaders ? [headers.blocks] : []),
    encodeBlock(block.frameBegin, u32(0), u16(1)),
    // One set of tiles.
    encodeBlock(block.region, [1], u16(region.length), rects, u16(0xcac1), u16(1)),
    encodeBlock(block.extension, u16(0xcac2), u16(0), u16(properties), [quants.length / QUANT_BYTES, TILE_SIDE], u16(count), u32(tiles.length), [...quants, ...tiles]),
    encodeBlock(block.frameEnd),
  ]);
  const bits = Buffer.concat([Buffer.from([...u16(surfaceCommand.setBits), ...u16(0), ...u16(0), ...u16(width), ...u16(height), 32, 0, 0, headers.codec, ...u16(width), ...u16(height), ...u32(frame.length)]), frame]);
  const length = 3 + 3 + bits.length;
  return Buffer.concat([Buffer.from([0, 0x80 | (length >> 8), length & 0xff, SURFACE_COMMANDS, ...u16(bits.length)]), bits]);
}

/** A block of a frame: its kind, its length, the codec's and the channel's number, which are always 1 and 0. */
function encodeBlock(kind: number, ...body: readonly (readonly number[])[]): Buffer {
  const bytes = body.flat();
  return Buffer.from([...u16(kind), ...u32(8 + bytes.length), 1, 0, ...bytes]);
}

const u16 = (value: number): number[] => [value & 0xff, value >> 8];
const u32 = (value: number): number[] => [value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, value >>> 24];
