import { RdpFormatError } from '../../shared/rdp/rdp-format-error.ts';
import { type Area, encodeRemoteFx, readSurfaceCommands, type RemoteFxHeaders, type Tile, TILE_SIDE } from './wire/remote-fx.ts';

/** Kinds of fast-path updates (MS-RDPBCGR 2.2.9.1.2.1) that draw: orders, bitmaps, surface commands. */
const update = { orders: 0, bitmap: 1, surface: 4 } as const;
const fragment = { whole: 0, last: 1, first: 2, next: 3 } as const;
/** An update in fragments: a whole picture of 4K in RemoteFX. One that is longer is not followed. */
const MOST_UPDATE_BYTES = 8 * 1024 * 1024;
/** Tiles of one desktop: 4K at two kilobytes each takes four. One that needs more has none kept. */
const MOST_KEPT_BYTES = 16 * 1024 * 1024;
/** Tiles in one place that lie over each other, each drawing a part that none behind it draws over, and parts that one draws: what a desktop of text needs several times over, and little enough to be compared with each new tile. */
const MOST_IN_ONE_PLACE = 32;
const MOST_AREAS_OF_A_TILE = 8;
/** Rectangles that are laid over each other for one update: a picture of 4K in tiles (2,040) within a region of some hundreds, in about two milliseconds. What needs more is not followed. */
const MOST_COMPARISONS = 500_000;

/** A tile with what it draws of its place. */
interface Layer {
  readonly tile: Tile;
  /** Its turn among all that were drawn. */
  readonly turn: number;
  readonly areas: readonly Area[];
}

/**
 * The newest tiles that a target has drawn in RemoteFX, as they came: the picture, packed. Of a tile that was drawn over only in part the
 * rest still stands, so that both are kept. A target that is asked for a whole
 * picture may leave out what it has sent before (xrdp does), so that a late watcher has to get it from here. What a target
 * draws by other means makes the tiles worthless; then they are forgotten, and what it is asked for has to do.
 */
export class DrawnTiles {
  readonly #places = new Map<number, readonly Layer[]>();
  #turn = 0;
  #bytes = 0;
  #headers: RemoteFxHeaders | undefined;
  #begun: Buffer[] = [];
  #begunBytes = 0;
  #fragmented = false;
  #comparisonsLeft = 0;

  /** Whether an update has begun and is not whole. */
  get fragmented(): boolean {
    return this.#fragmented;
  }

  /** Takes a fast-path PDU whose updates fill it (`drawsAnything`). */
  take(pdu: Buffer): void {
    for (let at = (pdu[1] ?? 0) & 0x80 ? 3 : 2; at + 3 <= pdu.length; ) {
      const header = pdu[at] ?? 0;
      const length = pdu.readUInt16LE(at + 1);
      this.#update(header & 0x0f, (header >> 4) & 3, pdu.subarray(at + 3, at + 3 + length));
      at += 3 + length;
    }
  }

  /** Forgets the picture: it was drawn on by other means. */
  forget(): void {
    this.#places.clear();
    this.#bytes = 0;
  }

  /** PDUs that bring a decoder to where the target's is, with what is kept of the picture; none before the target has used RemoteFX. */
  pdus(size: { readonly width: number; readonly height: number }): readonly Buffer[] {
    const layers = [...this.#places.values()].flat().toSorted((one, other) => one.turn - other.turn);
    return this.#headers === undefined ? [] : encodeRemoteFx(this.#headers, layers.map(({ tile }) => tile), size);
  }

  #update(kind: number, part: number, data: Buffer): void {
    this.#fragmented = part === fragment.first || part === fragment.next;
    if (kind === update.orders || kind === update.bitmap) this.forget();
    if (kind !== update.surface) return;
    if (part === fragment.whole) this.#draw(data);
    else this.#gather(part, data);
  }

  #gather(part: number, data: Buffer): void {
    if (part === fragment.first) {
      this.#begun = [];
      this.#begunBytes = 0;
    }
    this.#begunBytes += data.length;
    if (this.#begunBytes <= MOST_UPDATE_BYTES) this.#begun.push(Buffer.from(data));
    else this.#begun = [];
    if (part !== fragment.last) return;
    if (this.#begunBytes > MOST_UPDATE_BYTES) this.forget();
    else this.#draw(Buffer.concat(this.#begun));
    this.#begun = [];
  }

  #draw(commands: Buffer): void {
    try {
      const { headers, tiles, other } = readSurfaceCommands(commands);
      if (headers !== undefined) this.#headers = { ...headers, blocks: Buffer.from(headers.blocks) };
      if (other) this.forget();
      else this.#keepAll(tiles);
    } catch (error) {
      // What cannot be read here may still be read by others: of the picture nothing is known.
      if (!(error instanceof RdpFormatError)) throw error;
      this.forget();
    }
  }

  #keepAll(tiles: readonly Tile[]): void {
    this.#comparisonsLeft = MOST_COMPARISONS;
    for (const tile of tiles) {
      this.#keep(tile);
      if (this.#comparisonsLeft >= 0) continue;
      this.forget();
      return;
    }
  }

  #keep(tile: Tile): void {
    const place = tile.y * 256 + tile.x;
    this.#comparisonsLeft -= tile.set.region.length;
    if (this.#comparisonsLeft < 0) return;
    const areas = areasWithin(tile);
    if (areas.length === 0) return;
    if (areas.length > MOST_AREAS_OF_A_TILE) {
      this.forget();
      return;
    }
    const before = this.#places.get(place) ?? [];
    for (const layer of before) this.#comparisonsLeft -= layer.areas.length * areas.length;
    const seen = before.filter((layer) => !layer.areas.every((old) => areas.some((area) => holds(area, old))));
    this.#turn += 1;
    const now = [...seen, { areas, turn: this.#turn, tile: { ...tile, bytes: Buffer.from(tile.bytes) } }];
    this.#bytes += bytesOf(now) - bytesOf(before);
    if (this.#bytes > MOST_KEPT_BYTES || now.length > MOST_IN_ONE_PLACE) this.forget();
    else this.#places.set(place, now);
  }
}

function bytesOf(layers: readonly Layer[]): number {
  return layers.reduce((sum, { tile }) => sum + tile.bytes.length, 0);
}

/** The parts of a tile's place that its region draws. */
function areasWithin({ x, y, set }: Tile): Area[] {
  const bounds = { x: x * TILE_SIDE, y: y * TILE_SIDE, width: TILE_SIDE, height: TILE_SIDE };
  const areas: Area[] = [];
  for (const area of set.region) if (meets(area, bounds)) areas.push(within(area, bounds));
  return areas;
}

function meets(area: Area, bounds: Area): boolean {
  return area.x < bounds.x + bounds.width && area.y < bounds.y + bounds.height && area.x + area.width > bounds.x && area.y + area.height > bounds.y && area.width > 0 && area.height > 0;
}

function within(area: Area, bounds: Area): Area {
  const [x, y] = [Math.max(area.x, bounds.x), Math.max(area.y, bounds.y)];
  return { x, y, width: Math.min(area.x + area.width, bounds.x + bounds.width) - x, height: Math.min(area.y + area.height, bounds.y + bounds.height) - y };
}

function holds(outer: Area, inner: Area): boolean {
  return outer.x <= inner.x && outer.y <= inner.y && outer.x + outer.width >= inner.x + inner.width && outer.y + outer.height >= inner.y + inner.height;
}
