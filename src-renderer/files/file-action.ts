import type { KeyboardEvent } from 'react';
import type { IconName } from '../controls/icon.tsx';

/** One thing that can be done with a pane or what is selected in it: in the menu, by its key, and where it is often wanted on a button. */
export interface FileAction {
  readonly id: string;
  readonly label: string;
  readonly icon: IconName;
  /** The key that does the same in the list, as it is written: `F5`, `Alt+Enter`. */
  readonly key?: string;
  /** Whether it can be done now. */
  readonly can: boolean;
  /** Whether it has a button of its own. */
  readonly button?: boolean;
  /** Whether it begins a new part of the menu. */
  readonly parted?: boolean;
  readonly run: () => void;
}

/** Whether a key that was pressed is the one of an action. */
export function isKeyOf({ key }: Pick<FileAction, 'key'>, event: Pick<KeyboardEvent, 'key' | 'altKey' | 'ctrlKey' | 'metaKey' | 'shiftKey'>): boolean {
  if (key === undefined) return false;
  const parts = key.split('+');
  const wanted = (name: string): boolean => parts.includes(name);
  return parts.at(-1)?.toLowerCase() === event.key.toLowerCase() && wanted('Alt') === event.altKey && wanted('Ctrl') === (event.ctrlKey || event.metaKey) && wanted('Shift') === event.shiftKey;
}
