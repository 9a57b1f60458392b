/** An accelerator such as `CmdOrCtrl+Shift+K`, taken apart. */
export interface Accelerator {
  readonly control: boolean;
  readonly shift: boolean;
  readonly alt: boolean;
  readonly meta: boolean;
  /** Lower case, as `KeyboardEvent.key` names it. */
  readonly key: string;
}

const MODIFIERS: Readonly<Record<string, 'control' | 'shift' | 'alt' | 'meta'>> = {
  commandorcontrol: 'control',
  cmdorctrl: 'control',
  control: 'control',
  ctrl: 'control',
  shift: 'shift',
  alt: 'alt',
  option: 'alt',
  altgr: 'alt',
  super: 'meta',
  meta: 'meta',
  command: 'meta',
  cmd: 'meta',
};
const KEYS: Readonly<Record<string, string>> = { plus: '+', space: ' ', return: 'enter', esc: 'escape', up: 'arrowup', down: 'arrowdown', left: 'arrowleft', right: 'arrowright' };

/** Reads an accelerator; throws on one that Electron would refuse. */
export function parseAccelerator(text: string): Accelerator {
  const parts = text.split('+').map((part) => part.toLowerCase());
  const key = parts.pop() ?? '';
  const pressed = { control: false, shift: false, alt: false, meta: false };
  for (const part of parts) {
    const modifier = MODIFIERS[part];
    if (!modifier) throw new TypeError(`Error processing argument at index 0, conversion failure from ${text}`);
    pressed[modifier] = true;
  }
  return { ...pressed, key: KEYS[key] ?? key };
}

/** True if a key press is that accelerator. With Shift the key may be named by what it types or by where it lies. */
export function isAccelerator(accelerator: Accelerator, input: Pick<Electron.Input, 'key' | 'code' | 'control' | 'shift' | 'alt' | 'meta'>): boolean {
  const { key } = accelerator;
  const byCode = input.code.replace(/^(Key|Digit)/, '').toLowerCase();
  const sameKey = input.key.toLowerCase() === key || byCode === key;
  return sameKey && input.control === accelerator.control && input.alt === accelerator.alt && input.meta === accelerator.meta && input.shift === accelerator.shift;
}
