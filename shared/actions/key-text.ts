/** Signs of macOS's keyboards, in the order in which its menus write them. */
const macSigns: Readonly<Record<string, string>> = { Ctrl: '⌃', Alt: '⌥', Shift: '⇧', Cmd: '⌘', CmdOrCtrl: '⌘' };
const macOrder = ['⌃', '⌥', '⇧', '⌘'];

/** Keys as people read them on their system: `Ctrl+Shift+W`, or `⇧⌘W` on macOS. Takes them as Electron writes them. */
export function keyText(keys: string, mac: boolean): string {
  const parts = keys.split('+').map((part) => (part === 'Plus' ? '+' : part));
  if (!mac) return parts.map((part) => (part === 'CmdOrCtrl' ? 'Ctrl' : part)).join('+');
  const signs = parts.slice(0, -1).map((part) => macSigns[part] ?? part);
  return signs.toSorted((one, other) => macOrder.indexOf(one) - macOrder.indexOf(other)).join('') + (parts.at(-1) ?? '');
}
