import { z } from 'zod';
import type { WindowRole } from '../../shared/ipc/contract.ts';
import type { Log } from '../logging/log.ts';
import type { JsonFile } from '../stored-files/json-file.ts';

/** Where a window is, and how large. */
export const windowBounds = z.object({ x: z.number().int(), y: z.number().int(), width: z.number().int().min(300).max(20_000), height: z.number().int().min(200).max(20_000), maximized: z.boolean() });
export type WindowBounds = z.infer<typeof windowBounds>;
/** The roles whose places are kept; a file of an older version knows fewer. */
const ROLES = ['main', 'session', 'diagnosis'] as const satisfies readonly WindowRole[];
const stored = z.record(z.string(), z.unknown());

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** So much of a window must lie on a screen that a person can get hold of it. */
const LEAST_VISIBLE_PX = 100;
/** As much as the title of a window is high, so that the titles of all are seen. */
const STEP_PX = 32;

/** Where windows of each role were last, in a file of its own. */
export class RememberedBounds {
  readonly #file: Pick<JsonFile, 'write'>;
  readonly #log: Log;
  readonly #last = new Map<WindowRole, WindowBounds>();

  constructor(file: Pick<JsonFile, 'write'>, log: Log) {
    this.#file = file;
    this.#log = log;
  }

  load(value: unknown): void {
    const parsed = stored.safeParse(value);
    if (!parsed.success) return;
    for (const role of ROLES) {
      const known = windowBounds.safeParse(parsed.data[role]);
      if (known.success) this.#last.set(role, known.data);
    }
  }

  /** The last bounds of a role, where they still lie on one of the screens. */
  find(role: WindowRole, screens: readonly Rectangle[]): WindowBounds | undefined {
    const known = this.#last.get(role);
    return known && liesOn(known, screens) ? known : undefined;
  }

  remember(role: WindowRole, at: WindowBounds): void {
    const parsed = windowBounds.safeParse(at);
    if (!parsed.success) return;
    this.#last.set(role, parsed.data);
    this.#file.write(Object.fromEntries(this.#last)).catch((error: unknown) => this.#log.warn('window bounds not written', {}, error));
  }
}

/** Whether so much of a window lies on one of the screens that a person can get hold of it. */
export function liesOn(window: Rectangle, screens: readonly Rectangle[]): boolean {
  return screens.some((screen) => overlaps(window, screen));
}

/** The bounds of a new window, moved so far that it does not cover one that is there: each stays to be seen. As they were where no room is left on a screen. */
export function besideOthers(wanted: WindowBounds, others: readonly Rectangle[], screens: readonly Rectangle[]): WindowBounds {
  let at = wanted;
  while (others.some(({ x, y }) => Math.abs(x - at.x) < STEP_PX && Math.abs(y - at.y) < STEP_PX)) at = { ...at, x: at.x + STEP_PX, y: at.y + STEP_PX };
  return liesOn(at, screens) ? at : wanted;
}

/** How large a window first is: larger as everything in it is, as far as the screen allows, so that the zoom takes no room from its page. */
export function firstSize(size: Pick<Rectangle, 'width' | 'height'>, zoomPercent: number, screen: Pick<Rectangle, 'width' | 'height'>): Pick<Rectangle, 'width' | 'height'> {
  const zoomed = (px: number, mostPx: number): number => Math.max(px, Math.min(mostPx, Math.round((px * zoomPercent) / 100)));
  return { width: zoomed(size.width, screen.width), height: zoomed(size.height, screen.height) };
}

function overlaps(window: Rectangle, screen: Rectangle): boolean {
  const across = Math.min(window.x + window.width, screen.x + screen.width) - Math.max(window.x, screen.x);
  const down = Math.min(window.y + window.height, screen.y + screen.height) - Math.max(window.y, screen.y);
  return across >= LEAST_VISIBLE_PX && down >= LEAST_VISIBLE_PX;
}
