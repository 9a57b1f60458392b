import type { Primer } from '../../shared/watching/primer.ts';
import type { DesktopEngine, DesktopEvents, DesktopSettings, Quality } from './desktop-engine.ts';
import type { KeyCombination } from './key-combinations.ts';
import { makeKeyField } from './key-field.ts';
import { NovncChannel } from './novnc-channel.ts';
import { WatchedRfb } from './novnc-internals.ts';
import { watchTyping } from './vnc-typing.ts';

/** noVNC's JPEG quality (0 to 9) and compression (0 to 9); `exact` asks for no JPEG at all. */
const levels: Readonly<Record<Quality, { readonly quality: number; readonly compression: number }>> = {
  exact: { quality: 9, compression: 2 },
  high: { quality: 8, compression: 2 },
  medium: { quality: 5, compression: 4 },
  low: { quality: 1, compression: 9 },
};

const NOTHING = new Uint8Array(0);

/** Draws a VNC target with noVNC. The gateway has signed on: what comes here begins with RFB 3.8 and the security type "None". */
export function startVncEngine(place: HTMLElement, events: DesktopEvents, settings: DesktopSettings): DesktopEngine {
  return new VncEngine(place, events, settings);
}

class VncEngine implements DesktopEngine {
  readonly #rfb: WatchedRfb;
  readonly #channel: NovncChannel;
  readonly #field = makeKeyField();
  readonly #over = new AbortController();
  #settings: DesktopSettings;
  #frozen = false;
  #connected = false;

  constructor(place: HTMLElement, events: DesktopEvents, settings: DesktopSettings) {
    this.#settings = settings;
    this.#channel = new NovncChannel(events.send);
    this.#channel.exact = settings.quality === 'exact';
    place.append(this.#field);
    watchTyping(this.#field, {
      letter: (keysym) => this.#press(keysym, ''),
      place: (code) => this.#press(0, code),
    }, this.#over.signal);
    this.#rfb = new WatchedRfb(place, this.#channel, events, this.#field);
    this.#rfb.background = 'transparent';
    this.#rfb.addEventListener('connect', () => (this.#connected = true));
    this.#rfb.addEventListener('clipboard', (event) => {
      if (event instanceof CustomEvent && hasText(event.detail)) events.onClipboard(event.detail.text);
    });
    this.#rfb.addEventListener('desktopname', (event) => {
      if (event instanceof CustomEvent && hasName(event.detail)) events.onName(event.detail.name);
    });
    this.#rfb.addEventListener('bell', () => events.onBell());
    this.apply(settings);
  }

  receive(bytes: Uint8Array, taken: () => void): void {
    const before = this.#connected;
    // noVNC holds what it cannot draw yet, up to 40 MiB, and then throws; it asks for the next update when it has drawn the last.
    try {
      this.#channel.deliver(bytes);
      // What stands behind the handshake in one piece with it, as in a recording, it reads only when it hears of bytes again.
      if (this.#connected && !before) this.#channel.deliver(NOTHING);
    } catch (error) {
      this.#rfb.refuse(error);
    }
    taken();
  }

  prime(primer: Primer): void {
    this.#rfb.prime(primer);
  }

  apply(settings: DesktopSettings): void {
    const encodingsChanged = (settings.quality === 'exact') !== this.#channel.exact;
    this.#settings = settings;
    this.#channel.exact = settings.quality === 'exact';
    const { quality, compression } = levels[settings.quality];
    // A changed level sends the list of encodings anew; going to or from `exact` must, too.
    if (encodingsChanged && this.#rfb.qualityLevel === quality) this.#rfb.qualityLevel = quality === 9 ? 8 : 9;
    this.#rfb.qualityLevel = quality;
    this.#rfb.compressionLevel = compression;
    this.#rfb.scaleViewport = settings.scaling === 'fit';
    this.#rfb.viewOnly = settings.viewOnly || this.#frozen;
    // Who may only look leaves the target's size alone.
    this.#rfb.resizeSession = !settings.viewOnly && !this.#frozen;
  }

  #press(keysym: number, code: string): void {
    for (const down of [true, false]) this.#rfb.sendKey(keysym, code, down);
  }

  sendKeys({ keys }: KeyCombination): void {
    for (const { keysym, code } of keys) this.#rfb.sendKey(keysym, code, true);
    for (const { keysym, code } of keys.toReversed()) this.#rfb.sendKey(keysym, code, false);
  }

  sendClipboard(text: string): void {
    this.#rfb.clipboardPasteFrom(text);
  }

  leave(): void {
    // noVNC releases all keys that are down when its window loses the focus, and only then.
    window.dispatchEvent(new Event('blur'));
    this.#rfb.blur();
  }

  focus(): void {
    this.#rfb.focus({ preventScroll: true });
  }

  freeze(): void {
    this.#frozen = true;
    this.apply(this.#settings);
    this.#channel.close();
  }

  dispose(): void {
    this.#over.abort();
    this.#channel.close();
    this.#rfb.disconnect();
    this.#channel.closed();
    this.#field.remove();
  }
}

function hasText(detail: unknown): detail is { readonly text: string } {
  return typeof detail === 'object' && detail !== null && 'text' in detail && typeof detail.text === 'string';
}

function hasName(detail: unknown): detail is { readonly name: string } {
  return typeof detail === 'object' && detail !== null && 'name' in detail && typeof detail.name === 'string';
}
