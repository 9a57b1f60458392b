import { MavisError } from '../../shared/errors/mavis-error.ts';
import { type DesktopSize, isDesktopSize } from '../../shared/vnc/desktop-size.ts';
import { BYTES_PER_PIXEL, BYTES_PER_COMPACT_PIXEL, encoding } from '../../shared/vnc/encodings.ts';
import type { PackedStream } from '../../shared/watching/primer.ts';
import { MAX_CUT_TEXT_BYTES, MAX_SKIPPED_BYTES, matterOf, type PackedTexts, provides } from './cut-text.ts';
import { MAX_TEXT_BYTES } from './handshake-reader.ts';
import { between, drop, type Grammar, hold, look, pass, type Seen, type Want } from './rfb-stream.ts';

export interface ServerRules {
  readonly size: DesktopSize;
  readonly clipboardIn: boolean;
  readonly clipboardOut: boolean;
  /** A picture begins. */
  readonly updated: () => void;
  /** The server has changed its desktop's size. */
  readonly resized: (size: DesktopSize) => void;
  /** Text of the target's clipboard went on to the user, or was kept back. */
  readonly clipboard: (bytes: number, allowed: boolean) => void;
  /** Looks into the texts that the server sends packed. */
  readonly texts: Pick<PackedTexts, 'providedBytes'>;
  readonly packed: PackedListener;
}

/** Is told of what goes through a server's streams of zlib, which go on from one rectangle to the next. */
export interface PackedListener {
  readonly took: (stream: PackedStream, piece: Buffer) => void;
  /** A stream begins anew. */
  readonly reset: (stream: PackedStream) => void;
}

const message = { update: 0, bell: 2, cutText: 3, endOfContinuousUpdates: 150, fence: 248 } as const;
const MOST_FENCE_BYTES = 64;
/** A pointer's picture: larger ones are no pointers (A13). */
const MOST_CURSOR_SIDE = 1024;
const MOST_SCREENS = 32;
/** What packing may add to bytes that cannot be packed. */
const PACKING_SLACK_BYTES = 64 * 1024;
const HEXTILE_SIDE = 16;
const hextile = { raw: 1, background: 2, foreground: 4, subrects: 8, coloured: 16 } as const;
/** Below this Tight sends bytes unpacked and without their length. */
const TIGHT_PACKED_FROM_BYTES = 12;
const TIGHT_STREAMS: readonly PackedStream[] = ['tight-0', 'tight-1', 'tight-2', 'tight-3'];

type Part<Result = void> = Generator<Want, Result, Buffer>;

/**
 * What a server may send after ServerInit (RFC 6143 section 7.6), message by message: everything with a bound, each rectangle within
 * the desktop, text of the clipboard only where the policy lets it out. Throws `target.protocol-error`.
 */
export function serverMessages(rules: ServerRules, send: (bytes: Buffer) => void): Grammar {
  return new ServerMessages(rules, send).run();
}

class ServerMessages {
  readonly #rules: ServerRules;
  readonly #send: (bytes: Buffer) => void;
  #size: DesktopSize;

  constructor(rules: ServerRules, send: (bytes: Buffer) => void) {
    this.#rules = rules;
    this.#send = send;
    this.#size = rules.size;
  }

  *run(): Grammar {
    for (;;) {
      yield between;
      const head = yield hold(1);
      const type = head.readUInt8(0);
      if (type === message.cutText) {
        yield* this.#cutText();
        continue;
      }
      this.#send(head);
      if (type === message.update) yield* this.#update();
      else if (type === message.fence) yield* this.#fence();
      else if (type !== message.bell && type !== message.endOfContinuousUpdates) throw broken();
    }
  }

  *#fence(): Part {
    const head = yield look(8);
    const length = head.readUInt8(7);
    if (length > MOST_FENCE_BYTES) throw broken();
    yield pass(length);
  }

  *#cutText(): Part {
    const head = yield hold(7);
    const length = head.readInt32BE(3);
    const payloadBytes = Math.abs(length);
    if (payloadBytes > MAX_SKIPPED_BYTES) throw broken();
    if (payloadBytes > MAX_CUT_TEXT_BYTES) {
      this.#rules.clipboard(payloadBytes, false);
      yield drop(payloadBytes);
      return;
    }
    const payload = payloadBytes === 0 ? Buffer.alloc(0) : yield hold(payloadBytes);
    if (this.#mayPass(payload, length)) this.#send(Buffer.concat([Uint8Array.of(message.cutText), head, payload]));
  }

  #mayPass(payload: Buffer, length: number): boolean {
    const { clipboardIn, clipboardOut, clipboard } = this.#rules;
    if (length >= 0) {
      clipboard(payload.length, clipboardOut);
      return clipboardOut;
    }
    const matter = matterOf(payload);
    if (matter === 'abilities') return true;
    if (matter === 'asks') return clipboardIn;
    // What the policy keeps back is not unpacked.
    const looked = matter === 'offers' && clipboardOut ? this.#rules.texts.providedBytes(payload) : undefined;
    const bytes = matter === 'offers' && !provides(payload) ? 0 : looked;
    const allowed = clipboardOut && bytes !== undefined;
    if (bytes !== 0) clipboard(bytes ?? payload.length, allowed);
    return allowed;
  }

  *#update(): Part {
    const head = yield look(3);
    const count = head.readUInt16BE(1);
    this.#rules.updated();
    for (let rect = 0; rect < count; rect += 1) {
      const place = yield look(12);
      const kind = place.readInt32BE(8);
      if (kind === encoding.lastRect) return;
      yield* this.#rectangle({ x: place.readUInt16BE(0), y: place.readUInt16BE(2), width: place.readUInt16BE(4), height: place.readUInt16BE(6) }, kind);
    }
  }

  *#rectangle(rect: Rectangle, kind: number): Part {
    switch (kind) {
      case encoding.cursor:
      case encoding.vmwareCursor:
        yield* cursor(rect, kind);
        return;
      case encoding.desktopSize:
        this.#resize(rect);
        return;
      case encoding.extendedDesktopSize:
        yield* this.#screens(rect);
        return;
      case encoding.desktopName:
        yield* name();
        return;
      case encoding.ledState:
        yield pass(1);
        return;
      case encoding.extendedKey:
        return;
      default:
        if (rect.x + rect.width > this.#size.width || rect.y + rect.height > this.#size.height) throw broken();
        if (kind === encoding.copyRect) yield* this.#copied(rect);
        else yield* pixels(rect, kind, this.#rules.packed);
    }
  }

  /** Of a rectangle that is copied the source lies within the desktop, too. */
  *#copied({ width, height }: Rectangle): Part {
    const source = yield look(4);
    if (source.readUInt16BE(0) + width > this.#size.width || source.readUInt16BE(2) + height > this.#size.height) throw broken();
  }

  /** `x` says who changed the size and `y` whether it came about: a refused wish of the client changes nothing. */
  *#screens(rect: Rectangle): Part {
    const head = yield look(4);
    const count = head.readUInt8(0);
    if (count > MOST_SCREENS) throw broken();
    yield pass(count * 16);
    if (rect.x !== 1 || rect.y === 0) this.#resize(rect);
  }

  #resize({ width, height }: DesktopSize): void {
    if (!isDesktopSize({ width, height })) throw broken();
    if (width === this.#size.width && height === this.#size.height) return;
    this.#size = { width, height };
    this.#rules.resized(this.#size);
  }
}

interface Rectangle extends DesktopSize {
  readonly x: number;
  readonly y: number;
}

function* cursor({ width, height }: Rectangle, kind: number): Part {
  if (width > MOST_CURSOR_SIDE || height > MOST_CURSOR_SIDE) throw broken();
  const picture = width * height * BYTES_PER_PIXEL;
  if (kind === encoding.cursor) {
    yield pass(picture + Math.ceil(width / 8) * height);
    return;
  }
  const head = yield look(2);
  const type = head.readUInt8(0);
  if (type > 1) throw broken();
  yield pass(type === 0 ? picture * 2 : picture);
}

function* name(): Part {
  const head = yield look(4);
  const length = head.readUInt32BE(0);
  if (length > MAX_TEXT_BYTES) throw broken();
  yield pass(length);
}

function* pixels(rect: Rectangle, kind: number, packed: PackedListener): Part {
  const area = rect.width * rect.height;
  switch (kind) {
    case encoding.raw:
      yield pass(area * BYTES_PER_PIXEL);
      return;
    case encoding.rre:
      yield* rising(area);
      return;
    case encoding.hextile:
      yield* tiles(rect);
      return;
    case encoding.zlib:
    case encoding.zrle: {
      const head = yield look(4);
      const length = head.readUInt32BE(0);
      if (length > area * BYTES_PER_PIXEL * 2 + PACKING_SLACK_BYTES) throw broken();
      const stream = kind === encoding.zlib ? 'zlib' : 'zrle';
      yield pass(length, (piece) => packed.took(stream, piece));
      return;
    }
    case encoding.tight:
      yield* tight(rect, packed);
      return;
    default:
      throw broken();
  }
}

/** RRE: a background and so many rectangles of one colour. */
function* rising(area: number): Part {
  const head = yield look(4);
  const count = head.readUInt32BE(0);
  if (count > area) throw broken();
  yield pass(BYTES_PER_PIXEL + count * (BYTES_PER_PIXEL + 8));
}

function* tiles({ width, height }: Rectangle): Part {
  for (let y = 0; y < height; y += HEXTILE_SIDE) {
    for (let x = 0; x < width; x += HEXTILE_SIDE) {
      const [kind = 0] = yield look(1);
      if ((kind & hextile.raw) !== 0) {
        yield pass(Math.min(HEXTILE_SIDE, width - x) * Math.min(HEXTILE_SIDE, height - y) * BYTES_PER_PIXEL);
        continue;
      }
      yield pass(((kind & hextile.background) === 0 ? 0 : BYTES_PER_PIXEL) + ((kind & hextile.foreground) === 0 ? 0 : BYTES_PER_PIXEL));
      if ((kind & hextile.subrects) === 0) continue;
      const [count = 0] = yield look(1);
      yield pass(count * ((kind & hextile.coloured) === 0 ? 2 : 2 + BYTES_PER_PIXEL));
    }
  }
}

/** Tight (as the RFB registry describes it): one colour, a JPEG, or pixels through a filter and one of four streams of zlib. */
function* tight({ width, height }: Rectangle, packed: PackedListener): Part {
  const [control = 0] = yield look(1);
  for (const [place, stream] of TIGHT_STREAMS.entries()) if (((control >> place) & 1) !== 0) packed.reset(stream);
  const kind = control >> 4;
  const area = width * height;
  if (kind === 8) {
    yield pass(BYTES_PER_COMPACT_PIXEL);
    return;
  }
  if (kind === 9) {
    yield* compact(area * BYTES_PER_PIXEL * 2 + PACKING_SLACK_BYTES);
    return;
  }
  if (kind > 7) throw broken();
  const bytes = yield* filtered(kind, width, height);
  if (bytes < TIGHT_PACKED_FROM_BYTES) yield pass(bytes);
  else {
    const stream = TIGHT_STREAMS[kind & 3] ?? 'tight-0';
    yield* compact(bytes * 2 + PACKING_SLACK_BYTES, (piece) => packed.took(stream, piece));
  }
}

/** Reads a filter and gives how many bytes the pixels take before they are packed. */
function* filtered(kind: number, width: number, height: number): Part<number> {
  const [filter = 0] = (kind & 4) === 0 ? [0] : yield look(1);
  if (filter === 0 || filter === 2) return width * height * BYTES_PER_COMPACT_PIXEL;
  if (filter !== 1) throw broken();
  const [last = 0] = yield look(1);
  const colours = last + 1;
  yield pass(colours * BYTES_PER_COMPACT_PIXEL);
  return (colours <= 2 ? Math.ceil(width / 8) : width) * height;
}

/** A length of one to three bytes, seven bits each but the last, and so many bytes. */
function* compact(mostBytes: number, seen?: Seen): Part {
  let length = 0;
  for (let place = 0; place < 3; place += 1) {
    const [byte = 0] = yield look(1);
    length |= (place === 2 ? byte : byte & 0x7f) << (7 * place);
    if (place === 2 || (byte & 0x80) === 0) break;
  }
  if (length > mostBytes) throw broken();
  yield pass(length, seen);
}

function broken(): MavisError {
  return new MavisError('target.protocol-error');
}
