import RFB, { type RawChannel } from '@novnc/novnc';

/** A ServerCutText message behind its type (RFC 6143 section 7.6.4): padding, and a length that is negative for the extended clipboard. */
const CUT_TEXT_HEAD_BYTES = 7;
const CUT_TEXT_LENGTH_AT = 3;

export interface WatchedEvents {
  readonly onFrame: () => void;
  readonly onSize: (size: { readonly width: number; readonly height: number }) => void;
  readonly onBroken: (what: string) => void;
}

/**
 * noVNC with what it does not tell: that an update has been drawn, the picture's size, and why it gave up. These insides
 * are all that is used of it beyond its public interface; a test draws with them, and fails where a newer noVNC has changed one.
 */
export class WatchedRfb extends RFB {
  // Declared without a value: noVNC's constructor calls the methods below before ours could set any.
  declare watched: WatchedEvents | undefined;

  constructor(place: HTMLElement, channel: RawChannel, watched: WatchedEvents) {
    super(place, channel, { shared: true });
    this.watched = watched;
  }

  protected override _framebufferUpdate(): boolean {
    const whole = super._framebufferUpdate();
    if (whole) this.watched?.onFrame();
    return whole;
  }

  protected override _resize(width: number, height: number): void {
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

  protected override _fail(what: string): boolean {
    this.watched?.onBroken(what);
    return super._fail(what);
  }
}
