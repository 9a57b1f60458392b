/** What a key does in a terminal instead of going to the target. */
export type TerminalShortcut = 'find' | 'copy' | 'paste' | 'larger' | 'smaller' | 'leave';

const byCode: Readonly<Record<string, TerminalShortcut>> = { KeyF: 'find', KeyC: 'copy', KeyV: 'paste', KeyM: 'leave', Equal: 'larger', Minus: 'smaller' };

/**
 * The shortcut of a key: always with Ctrl+Shift (on macOS Command), so that Ctrl+C, Ctrl+V and the like stay the target's.
 * Undefined for every key that is the target's.
 */
export function shortcutOf(event: Pick<KeyboardEvent, 'code' | 'ctrlKey' | 'shiftKey' | 'metaKey' | 'altKey'>, platform: string): TerminalShortcut | undefined {
  const mac = platform.startsWith('Mac');
  const chord = mac ? event.metaKey && !event.ctrlKey && !event.altKey : event.ctrlKey && event.shiftKey && !event.metaKey && !event.altKey;
  return chord && Object.hasOwn(byCode, event.code) ? byCode[event.code] : undefined;
}
