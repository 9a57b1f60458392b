import RFB, { type RawChannel } from '@novnc/novnc';

export interface WatchedEvents {
  readonly onFrame: () => void;
  readonly onSize: (size: { readonly width: number; readonly height: number }) => void;
  readonly onBroken: (what: string) => void;
}

/**
 * noVNC with what it does not tell: that an update has been drawn, the picture's size, and why it gave up. These three insides
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

  protected override _fail(what: string): boolean {
    this.watched?.onBroken(what);
    return super._fail(what);
  }
}
