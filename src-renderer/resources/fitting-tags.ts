import { useCallback, useLayoutEffect, useMemo, useState } from 'react';
import { orderedTags } from './tag-list.tsx';

/** Between two tags (`.tag-list`), and what a tag has around its words (`.tag`: padding and border on both sides). */
const GAP_PX = 4;
const AROUND_PX = 16;
/** Room for the count of those that are left out, up to “+63”. */
const REST_PX = 42;

/** How many of the first tags fit whole beside each other, with the count of the others. At least one: a single tag that is too long ends in dots. */
export function fittingTags(widths: readonly number[], available: number): number {
  const total = (count: number): number => widths.slice(0, count).reduce((sum, width) => sum + width, 0) + GAP_PX * Math.max(0, count - 1);
  if (total(widths.length) <= available) return widths.length;
  for (let count = widths.length - 1; count > 1; count -= 1) if (total(count) + GAP_PX + REST_PX <= available) return count;
  return 1;
}

/** How the list is laid out now: as rows or cards, how many of them beside each other, and whether there is one to measure. */
interface ListLayout {
  readonly view: 'list' | 'cards';
  readonly columns: number;
  readonly loaded: boolean;
}

/**
 * How many tags of a resource have room in the list that `scroller` holds: all of its rows give them the same. Words are
 * measured on a canvas, once each, so that a row that scrolls into sight asks the page for no layout.
 */
export function useFittingTags(scroller: { readonly current: HTMLElement | null }, { view, columns, loaded }: ListLayout): (tags: readonly string[]) => number {
  const [room, setRoom] = useState<number | null>(null);
  const measure = useMemo(() => measuring(), []);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element || !loaded) return undefined;
    const line = `.${view === 'list' ? 'resource-line' : 'card-line'}[data-columns="${String(columns)}"]`;
    const look = () => setRoom(element.querySelector(`${line} .tag-list`)?.clientWidth ?? null);
    look();
    const observer = new ResizeObserver(look);
    observer.observe(element);
    return () => observer.disconnect();
  }, [scroller, view, columns, loaded]);
  return useCallback((tags) => (room === null ? tags.length : fittingTags(orderedTags(tags).map(measure), room)), [measure, room]);
}

/** Gives the width of a tag as it is drawn, in pixels. */
function measuring(): (tag: string) => number {
  const known = new Map<string, number>();
  const canvas = document.createElement('canvas').getContext('2d');
  if (canvas) canvas.font = `11.5px ${getComputedStyle(document.body).fontFamily}`;
  return (tag) => {
    const width = known.get(tag) ?? Math.ceil(canvas?.measureText(tag).width ?? 0) + AROUND_PX;
    known.set(tag, width);
    return width;
  };
}
