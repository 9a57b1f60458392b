import { isTaken, watchText } from '../key-field.ts';
import { scanCodes } from './scan-codes.ts';

/** What the user does, in RDP's terms. */
export interface RdpInput {
  key(scanCode: number, down: boolean): void;
  /** One character, typed without a key of its own: by an input method or another program. */
  letter(letter: string): void;
  move(x: number, y: number): void;
  button(button: number, down: boolean): void;
  wheel(vertical: boolean, amount: number): void;
  locks(locks: { readonly scroll: boolean; readonly num: boolean; readonly caps: boolean }): void;
  releaseAll(): void;
}

export interface InputPlace {
  /** What shows the picture; its own coordinates are the picture's points. */
  readonly canvas: () => HTMLCanvasElement;
  /** Around the canvas; pointers are listened to here. */
  readonly area: HTMLElement;
  /** Takes the keys, and what an input method composes; it is never seen. */
  readonly field: HTMLTextAreaElement;
}

/** A wheel's line and page, in pixels, where a mouse counts in those. */
const UNITS = [1, 40, 400] as const;

/** What stands in the field while a dead key waits for its letter. */
const ACCENT = /^[`^~¨¯°´¸ˇ˘-˝]$/;

/** Listens to keys, pointer and input method, and hands them on; ends with `signal`. Keys that are down are released when the field loses the focus. */
export function watchInput({ canvas, area, field }: InputPlace, input: RdpInput, allowed: () => boolean, signal: AbortSignal): void {
  const options = { signal };
  const keys = new KeyWatch(input, allowed);
  field.addEventListener('keydown', (event) => keys.take(event, true), options);
  field.addEventListener('keyup', (event) => keys.take(event, false), options);
  field.addEventListener('compositionupdate', ({ data }) => keys.composing(data), options);
  watchText(field, (text) => keys.typed(text), signal);
  field.addEventListener('blur', () => keys.releaseAll(), options);
  area.addEventListener('pointermove', (event) => {
    if (allowed()) moveTo(canvas(), event, input);
  }, options);
  for (const kind of ['pointerdown', 'pointerup'] as const) {
    area.addEventListener(kind, (event) => {
      // The browser would give the focus to what was clicked.
      event.preventDefault();
      if (kind === 'pointerdown') {
        field.focus({ preventScroll: true });
        area.setPointerCapture(event.pointerId);
      }
      if (!allowed()) return;
      moveTo(canvas(), event, input);
      input.button(event.button, kind === 'pointerdown');
    }, options);
  }
  area.addEventListener('contextmenu', (event) => event.preventDefault(), options);
  area.addEventListener('wheel', (event) => {
    event.preventDefault();
    if (!allowed()) return;
    const unit = UNITS[event.deltaMode] ?? 1;
    if (event.deltaY !== 0) input.wheel(true, -event.deltaY * unit);
    if (event.deltaX !== 0) input.wheel(false, event.deltaX * unit);
  }, { signal, passive: false });
}

function moveTo(canvas: HTMLCanvasElement, event: PointerEvent, input: RdpInput): void {
  const { left, top, width, height } = canvas.getBoundingClientRect();
  if (width === 0 || height === 0) return;
  const within = (value: number, most: number): number => Math.max(0, Math.min(most - 1, Math.floor(value)));
  input.move(within(((event.clientX - left) / width) * canvas.width, canvas.width), within(((event.clientY - top) / height) * canvas.height, canvas.height));
}

/**
 * Keys by their place, and letters that no key stands for. A dead key and its letter go by their places, too, for the layout that the
 * target was told: where the user's own system puts them together, as an input method would, what comes of it here is not typed.
 */
class KeyWatch {
  readonly #input: RdpInput;
  readonly #allowed: () => boolean;
  readonly #down = new Set<number>();
  #locks = '';
  /** The key that began what is being composed. */
  #first: KeyboardEvent | undefined;
  /** What is being composed is a dead key's. */
  #dead = false;

  constructor(input: RdpInput, allowed: () => boolean) {
    this.#input = input;
    this.#allowed = allowed;
  }

  take(event: KeyboardEvent, down: boolean): void {
    if (down && !event.isComposing) this.#first = event;
    // An input method has the key: what it makes of it comes as text. One that is down by then is released all the same.
    if (!down || !isTaken(event) || this.#dead) this.#press(event, down);
  }

  composing(text: string): void {
    if (this.#dead || this.#first === undefined || !ACCENT.test(text)) return;
    this.#dead = true;
    if (isTaken(this.#first)) this.#press(this.#first, true);
  }

  typed(text: string): void {
    const byPlace = this.#dead;
    this.#dead = false;
    if (byPlace || !this.#allowed()) return;
    for (const letter of text) this.#input.letter(letter);
  }

  #press(event: KeyboardEvent, down: boolean): void {
    const scanCode = scanCodes[event.code];
    // Without a place there is only what it means.
    if (scanCode === undefined) return;
    event.preventDefault();
    if (!this.#allowed() || (!down && !this.#down.has(scanCode))) return;
    this.#tellLocks(event);
    if (down) this.#down.add(scanCode);
    else this.#down.delete(scanCode);
    this.#input.key(scanCode, down);
  }

  releaseAll(): void {
    this.#down.clear();
    // What the lights say may change while the focus is elsewhere.
    this.#locks = '';
    this.#input.releaseAll();
  }

  #tellLocks(event: KeyboardEvent): void {
    const locks = { scroll: event.getModifierState('ScrollLock'), num: event.getModifierState('NumLock'), caps: event.getModifierState('CapsLock') };
    const told = JSON.stringify(locks);
    if (told === this.#locks || event.code === 'CapsLock' || event.code === 'NumLock' || event.code === 'ScrollLock') return;
    this.#locks = told;
    this.#input.locks(locks);
  }
}
