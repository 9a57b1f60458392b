/** A desktop's side: sixteen bits could say more, no screen is. */
const MOST_SIDE = 16_384;
/** A picture of more than this (8K in both directions) takes a client's memory without being seen (A13). */
const MOST_PIXELS = 8192 * 8192;

export interface DesktopSize {
  readonly width: number;
  readonly height: number;
}

/** Whether a desktop may be of this size. */
export function isDesktopSize({ width, height }: DesktopSize): boolean {
  return width > 0 && height > 0 && width <= MOST_SIDE && height <= MOST_SIDE && width * height <= MOST_PIXELS;
}
