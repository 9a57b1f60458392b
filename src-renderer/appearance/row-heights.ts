import { type RefObject, useLayoutEffect, useState } from 'react';
import type { ClientSettings } from '../../shared/ipc/settings.ts';
import { useFed } from '../stores/parts.tsx';

/**
 * Heights in pixels of rows of which only those in sight are drawn: the list of resources (two lines of text), its cards, logs, files; and
 * where a list is narrow, with what else a row holds under them.
 */
const heights = {
  comfortable: { resource: 42, 'resource-stacked': 78, card: 150, 'card-stacked': 180, log: 36, 'log-stacked': 56, file: 28 },
  compact: { resource: 36, 'resource-stacked': 70, card: 142, 'card-stacked': 172, log: 28, 'log-stacked': 48, file: 24 },
} as const satisfies Record<ClientSettings['density'], Record<string, number>>;

/** The height of a kind of rows, as the setting of the spacing says. */
export function useRowHeight(kind: keyof (typeof heights)['comfortable']): number {
  return heights[useFed('settings', ({ density }) => density) ?? 'comfortable'][kind];
}

/** Whether a list is narrower than its columns need beside each other, in CSS pixels: then what a row holds stands below each other. */
export function useStackedRows(list: RefObject<HTMLElement | null>, columnsPx: number): boolean {
  const [stacked, setStacked] = useState(false);
  useLayoutEffect(() => {
    const element = list.current;
    if (!element) return undefined;
    // Out of sight it has no width, and stays as it was.
    const look = () => element.clientWidth > 0 && setStacked(element.clientWidth < columnsPx);
    look();
    const observer = new ResizeObserver(look);
    observer.observe(element);
    return () => observer.disconnect();
  }, [list, columnsPx]);
  return stacked;
}
