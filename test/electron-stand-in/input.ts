import type { CdpSession, Protocol } from './cdp.ts';
import { notInStandIn } from './covered.ts';

const MODIFIERS: Readonly<Record<string, number>> = { alt: 1, control: 2, ctrl: 2, meta: 4, command: 4, cmd: 4, shift: 8 };
const NAMED_KEYS: Readonly<Record<string, readonly [key: string, code: string, virtualKey: number, text?: string]>> = {
  Enter: ['Enter', 'Enter', 13, '\r'],
  Return: ['Enter', 'Enter', 13, '\r'],
  Tab: ['Tab', 'Tab', 9],
  Escape: ['Escape', 'Escape', 27],
  Esc: ['Escape', 'Escape', 27],
  Backspace: ['Backspace', 'Backspace', 8],
  Delete: ['Delete', 'Delete', 46],
  Space: [' ', 'Space', 32, ' '],
  Up: ['ArrowUp', 'ArrowUp', 38],
  Down: ['ArrowDown', 'ArrowDown', 40],
  Left: ['ArrowLeft', 'ArrowLeft', 37],
  Right: ['ArrowRight', 'ArrowRight', 39],
  Home: ['Home', 'Home', 36],
  End: ['End', 'End', 35],
  PageUp: ['PageUp', 'PageUp', 33],
  PageDown: ['PageDown', 'PageDown', 34],
};
const FUNCTION_KEY = /^F(\d{1,2})$/;
const F1_CODE = 112;

/** A key by Electron's name for it, as the DevTools protocol wants it. */
export function keyDescription(name: string): { key: string; code: string; windowsVirtualKeyCode: number; text?: string } {
  const named = NAMED_KEYS[name];
  if (named) return { key: named[0], code: named[1], windowsVirtualKeyCode: named[2], ...(named[3] ? { text: named[3] } : {}) };
  const functionKey = FUNCTION_KEY.exec(name);
  if (functionKey) return { key: name, code: name, windowsVirtualKeyCode: F1_CODE + Number(functionKey[1]) - 1 };
  if ([...name].length !== 1) return { key: name, code: '', windowsVirtualKeyCode: 0 };
  const code = /[a-z]/i.test(name) ? `Key${name.toUpperCase()}` : /\d/.test(name) ? `Digit${name}` : '';
  // Letters and digits are their own virtual keys; the numbers of other characters are those of quite other keys ('-' is Insert).
  return { key: name, code, windowsVirtualKeyCode: code === '' ? 0 : (name.toUpperCase().codePointAt(0) ?? 0), text: name };
}

function modifierBits(modifiers: readonly string[] | undefined): number {
  return (modifiers ?? []).reduce((bits, name) => bits | (MODIFIERS[name.toLowerCase()] ?? 0), 0);
}

const MOUSE_TYPES: Readonly<Record<string, Protocol.Input.dispatchMouseEventParameters['type']>> = { mouseDown: 'mousePressed', mouseUp: 'mouseReleased', mouseMove: 'mouseMoved', mouseEnter: 'mouseMoved', mouseLeave: 'mouseMoved' };

/** Sends an input event of Electron's form to the page. */
export function sendInput(session: CdpSession, event: Electron.MouseInputEvent | Electron.MouseWheelInputEvent | Electron.KeyboardInputEvent): void {
  const modifiers = modifierBits(event.modifiers);
  if ('keyCode' in event) {
    const description = keyDescription(event.keyCode);
    if (event.type === 'char') session.tell('Input.dispatchKeyEvent', { type: 'char', text: event.keyCode, modifiers });
    else if (event.type === 'keyUp') session.tell('Input.dispatchKeyEvent', { type: 'keyUp', ...description, modifiers });
    // As in Electron, a key press alone inserts nothing: the 'char' event does.
    else session.tell('Input.dispatchKeyEvent', { type: 'rawKeyDown', ...description, modifiers });
    return;
  }
  if ('deltaX' in event || 'deltaY' in event) {
    const wheel = event as Electron.MouseWheelInputEvent;
    session.tell('Input.dispatchMouseEvent', { type: 'mouseWheel', x: wheel.x, y: wheel.y, deltaX: -(wheel.deltaX ?? 0), deltaY: -(wheel.deltaY ?? 0), modifiers });
    return;
  }
  const type = MOUSE_TYPES[event.type];
  if (!type) throw notInStandIn(`sendInputEvent of type '${event.type}'`);
  session.tell('Input.dispatchMouseEvent', { type, x: event.x, y: event.y, button: event.button ?? 'none', clickCount: event.clickCount ?? (type === 'mousePressed' ? 1 : 0), modifiers });
}
