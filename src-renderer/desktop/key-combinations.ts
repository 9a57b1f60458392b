/** A key by its place on the keyboard (`KeyboardEvent.code`) and by what it means (X11 keysym). */
export interface Key {
  readonly code: string;
  readonly keysym: number;
}

export interface KeyCombination {
  readonly id: string;
  /** As printed on keys: the same in every language. */
  readonly label: string;
  /** Pressed in this order, released in the other. */
  readonly keys: readonly Key[];
}

const control: Key = { code: 'ControlLeft', keysym: 0xffe3 };
const alt: Key = { code: 'AltLeft', keysym: 0xffe9 };
const shift: Key = { code: 'ShiftLeft', keysym: 0xffe1 };
const meta: Key = { code: 'MetaLeft', keysym: 0xffeb };

/** Keys that the user's own system, or its window manager, keeps for itself. */
export const keyCombinations: readonly KeyCombination[] = [
  { id: 'ctrl-alt-delete', label: 'Ctrl+Alt+Del', keys: [control, alt, { code: 'Delete', keysym: 0xffff }] },
  { id: 'ctrl-shift-escape', label: 'Ctrl+Shift+Esc', keys: [control, shift, { code: 'Escape', keysym: 0xff1b }] },
  { id: 'ctrl-escape', label: 'Ctrl+Esc', keys: [control, { code: 'Escape', keysym: 0xff1b }] },
  { id: 'alt-tab', label: 'Alt+Tab', keys: [alt, { code: 'Tab', keysym: 0xff09 }] },
  { id: 'alt-f4', label: 'Alt+F4', keys: [alt, { code: 'F4', keysym: 0xffc1 }] },
  { id: 'meta', label: 'Win / Super', keys: [meta] },
  { id: 'meta-l', label: 'Win+L', keys: [meta, { code: 'KeyL', keysym: 0x6c }] },
  { id: 'print-screen', label: 'PrtScn', keys: [{ code: 'PrintScreen', keysym: 0xff61 }] },
];
