/** What the player's time needs of a timeline. */
export interface TimesOfEvents {
  readonly nextAfter: (ms: number) => number | undefined;
  readonly lastUntil: (ms: number) => number | undefined;
}

/** Speeds that can be chosen. */
export const speeds = [0.5, 1, 2, 4, 8, 16] as const;
export type Speed = (typeof speeds)[number];

/** Nothing shown for longer than this is idle: a person has read what there is. */
export const IDLE_AFTER_MS = 1500;
/** Idle time is left this long before something happens, so that one sees it begin. */
export const IDLE_LEAD_MS = 400;

export interface PlayerStep {
  readonly positionMs: number;
  readonly ended: boolean;
}

/** Where a recording is after so much of the viewer's time: faster by the speed, and past idle time where that is to be skipped. */
export function advance(positionMs: number, elapsedMs: number, options: { readonly speed: number; readonly skipIdle: boolean; readonly durationMs: number }, events: TimesOfEvents): PlayerStep {
  const moved = positionMs + elapsedMs * options.speed;
  const to = options.skipIdle ? pastIdle(moved, options.durationMs, events) : moved;
  return to >= options.durationMs ? { positionMs: options.durationMs, ended: true } : { positionMs: to, ended: false };
}

function pastIdle(positionMs: number, durationMs: number, events: TimesOfEvents): number {
  const last = events.lastUntil(positionMs) ?? 0;
  if (positionMs - last < IDLE_AFTER_MS) return positionMs;
  const next = events.nextAfter(positionMs) ?? durationMs;
  return Math.max(positionMs, next - IDLE_LEAD_MS);
}

/** The next faster or slower speed; the fastest and slowest stay. */
export function nextSpeed(speed: Speed, direction: 1 | -1): Speed {
  const at = speeds.indexOf(speed) + direction;
  return speeds[Math.max(0, Math.min(speeds.length - 1, at))] ?? speed;
}
