import { z } from 'zod';
import type { WindowRole } from '../../shared/ipc/contract.ts';
import type { Log } from '../logging/log.ts';
import type { JsonFile } from '../stored-files/json-file.ts';

const bounds = z.object({ x: z.number().int(), y: z.number().int(), width: z.number().int().min(300).max(20_000), height: z.number().int().min(200).max(20_000), maximized: z.boolean() });
export type WindowBounds = z.infer<typeof bounds>;
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
      const known = bounds.safeParse(parsed.data[role]);
      if (known.success) this.#last.set(role, known.data);
    }
  }

  /** The last bounds of a role, where they still lie on one of the screens. */
  find(role: WindowRole, screens: readonly Rectangle[]): WindowBounds | undefined {
    const known = this.#last.get(role);
    return known && screens.some((screen) => overlaps(known, screen)) ? known : undefined;
  }

  remember(role: WindowRole, at: WindowBounds): void {
    const parsed = bounds.safeParse(at);
    if (!parsed.success) return;
    this.#last.set(role, parsed.data);
    this.#file.write(Object.fromEntries(this.#last)).catch((error: unknown) => this.#log.warn('window bounds not written', {}, error));
  }
}

function overlaps(window: Rectangle, screen: Rectangle): boolean {
  const across = Math.min(window.x + window.width, screen.x + screen.width) - Math.max(window.x, screen.x);
  const down = Math.min(window.y + window.height, screen.y + screen.height) - Math.max(window.y, screen.y);
  return across >= LEAST_VISIBLE_PX && down >= LEAST_VISIBLE_PX;
}
