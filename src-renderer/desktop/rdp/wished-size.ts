import type { Size } from './iron-session.ts';

/** What targets take (MS-RDPBCGR 2.2.1.3.2): Windows refuses less than 200 and more than 8,192. */
const LEAST = 200;
export const MOST_SIDE_PIXELS = 8192;

/** The size that a desktop is asked for to fill an area: points of the screen, whole multiples of four in width, which every target can draw. */
export function wishedSize(area: { readonly width: number; readonly height: number }, pixelRatio: number): Size {
  const within = (value: number): number => Math.max(LEAST, Math.min(MOST_SIDE_PIXELS, Math.floor(value)));
  return { width: within(area.width * pixelRatio) & ~3, height: within(area.height * pixelRatio) & ~1 };
}
