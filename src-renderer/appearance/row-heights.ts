import type { ClientSettings } from '../../shared/ipc/settings.ts';
import { useFed } from '../stores/parts.tsx';

/** Heights in pixels of rows of which only those in sight are drawn: the list of resources (two lines of text), its cards, logs, files. */
const heights = {
  comfortable: { resource: 42, card: 150, log: 36, file: 28 },
  compact: { resource: 36, card: 142, log: 28, file: 24 },
} as const satisfies Record<ClientSettings['density'], Record<string, number>>;

/** The height of a kind of rows, as the setting of the spacing says. */
export function useRowHeight(kind: keyof (typeof heights)['comfortable']): number {
  return heights[useFed('settings', ({ density }) => density) ?? 'comfortable'][kind];
}
