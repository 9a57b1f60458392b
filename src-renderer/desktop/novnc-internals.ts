import { isDesktopSize } from '../../shared/vnc/desktop-size.ts';
import type { PackedStream, Primer } from '../../shared/watching/primer.ts';
import RFB, { type RawChannel } from '@novnc/novnc';

/** A ServerCutText message behind its type (RFC 6143 section 7.6.4): padding, and a length that is negative for the extended clipboard. */
const CUT_TEXT_HEAD_BYTES = 7;
const CUT_TEXT_LENGTH_AT = 3;

/** Where noVNC's decoders keep what unpacks a stream: the encoding's number, and the property with its place in it. */
const inflators: Readonly<Record<PackedStream, readonly [encoding: number, ...path: readonly string[]]>> = {
  'tight-0': [7, '_zlibs', '0'],
  'tight-1': [7, '_zlibs', '1'],
  'tight-2': [7, '_zlibs', '2'],
  'tight-3': [7, '_zlibs', '3'],
  zrle: [16, '_inflator'],
  zlib: [6, '_zlib'],
};

interface Inflator {
  setInput(data: Uint8Array | null): void;
  inflate(expectedBytes: number): Uint8Array;
}

export interface WatchedEvents {
  readonly onFrame: () => void;
  readonly onSize: (size: { readonly width: number; readonly height: number }) => void;
  readonly onBroken: (what: string) => void;
}

/**
 * noVNC with what it does not tell: that an update has been drawn, the picture's size, and why it gave up; and with the keys of a
 * field in place of its canvas, into which no input method writes. These insides are all that is used of it beyond its public
 * interface; tests draw and type with them, and fail where a newer noVNC has changed one.
 */
export class WatchedRfb extends RFB {
  // Declared without a value: noVNC's constructor calls the methods below before ours could set any.
  declare watched: WatchedEvents | undefined;
  readonly #field: HTMLElement;

  constructor(place: HTMLElement, channel: RawChannel, watched: WatchedEvents, field: HTMLElement) {
    super(place, channel, { shared: true });
    this.watched = watched;
    this.#field = field;
    this._keyboard._target = field;
  }

  override focus(options?: FocusOptions): void {
    this.#field.focus(options);
  }

  override blur(): void {
    this.#field.blur();
  }

  /** Has a stream's decoder unpack what the stream held last, and show nothing of it. Throws where it cannot. */
  prime({ stream, zlib, windowBytes }: Primer): void {
    const [encoding, ...path] = inflators[stream];
    const inflator = path.reduce<unknown>((held, name) => (typeof held === 'object' && held !== null ? Reflect.get(held, name) : undefined), this._decoders[encoding]);
    if (!isInflator(inflator)) throw new TypeError(`noVNC has no decoder of ${stream}`);
    inflator.setInput(zlib);
    inflator.inflate(windowBytes);
    inflator.setInput(null);
  }

  protected override _framebufferUpdate(): boolean {
    const whole = super._framebufferUpdate();
    if (whole) this.watched?.onFrame();
    return whole;
  }

  /** A desktop larger than any is refused: its picture would take the page's memory at once (A13). */
  protected override _resize(width: number, height: number): void {
    if (!isDesktopSize({ width, height })) {
      this._fail('no size of a desktop');
      return;
    }
    super._resize(width, height);
    this.watched?.onSize({ width, height });
  }

  /**
   * noVNC leaves the text of an extended clipboard message unread where nobody may type, and where it is of another format; what
   * follows would then be read from the middle of it.
   */
  protected override _handleServerCutText(): boolean {
    const unreadBytes = this._sock.rQlen();
    const head = this._sock.rQpeekBytes(CUT_TEXT_HEAD_BYTES);
    if (!super._handleServerCutText()) return false;
    const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
    const leftBytes = CUT_TEXT_HEAD_BYTES + Math.abs(view.getInt32(CUT_TEXT_LENGTH_AT)) - (unreadBytes - this._sock.rQlen());
    if (leftBytes > 0) this._sock.rQskipBytes(leftBytes);
    return true;
  }

  /** What noVNC does not refuse by itself it stumbles over, sometimes in a later turn: either way the target sent what cannot be read. */
  protected override _handleMessage(): void {
    try {
      super._handleMessage();
    } catch (error) {
      this.refuse(error);
    }
  }

  /** Gives up. */
  refuse(error: unknown): void {
    this._fail(error instanceof Error ? error.message : 'unknown');
  }

  protected override _fail(what: string): boolean {
    this.watched?.onBroken(what);
    return super._fail(what);
  }
}

function isInflator(held: unknown): held is Inflator {
  return typeof held === 'object' && held !== null && 'setInput' in held && 'inflate' in held;
}
