import type { PlayerScreen } from '../recording-player.ts';
import type { ShownEvent } from '../timeline.ts';
import type { Picture } from './derived-stream.ts';

/** Pictures are taken so often of the recording's own time: what lies in between is shown when the recording itself is decoded there. */
export const PICTURE_EVERY_MS = 250;
/** Bytes decoded between two turns of the page: some ten milliseconds of work. */
const BYTES_A_TURN = 64 * 1024;

export interface DerivingParts {
  readonly events: { readonly slice: (from: number, to: number) => readonly ShownEvent[]; readonly countUntil: (ms: number) => number };
  /** How far the recording has come, and whether all of it has. */
  readonly loaded: () => { readonly ms: number; readonly whole: boolean };
  readonly screen: PlayerScreen;
  /** What the screen shows; undefined before it shows anything. */
  readonly picture: () => Picture | undefined;
  readonly add: (atMs: number, picture: Picture) => Promise<boolean>;
  /** Told as all until a time is derived; at the recording's end with infinity. */
  readonly onDerived: (untilMs: number) => void;
  /** Waits until the page has nothing better to do. */
  readonly idle: () => Promise<void>;
}

/** Decodes a whole recording once on a screen of its own, in the page's idle time, and keeps its pictures. Ends with the recording, where there is no more room, or by the signal. */
export async function derive(parts: DerivingParts, signal: AbortSignal): Promise<void> {
  const { events, loaded, picture, add, onDerived, idle } = parts;
  let taken = 0;
  while (!signal.aborted) {
    await idle();
    const [next] = events.slice(taken, taken + 1);
    const { ms, whole } = loaded();
    const untilMs = next === undefined ? ms : (Math.floor(next.atMs / PICTURE_EVERY_MS) + 1) * PICTURE_EVERY_MS;
    // A step is taken when nothing more can come into it.
    if (whole && next === undefined) return onDerived(Number.POSITIVE_INFINITY);
    if (next === undefined || (!whole && ms < untilMs)) continue;
    const until = events.countUntil(untilMs - 0.001);
    const step = events.slice(taken, until);
    await show(parts, step, signal);
    taken = until;
    const seen = picture();
    if (seen !== undefined && !(await add(step.at(-1)?.atMs ?? next.atMs, seen))) return;
    onDerived(untilMs);
  }
}

async function show({ screen, idle }: DerivingParts, events: readonly ShownEvent[], signal: AbortSignal): Promise<void> {
  let bytes = 0;
  for (const event of events) {
    if (signal.aborted) return;
    if (event.kind === 'resize') continue;
    await new Promise<void>((resolve) => {
      screen.write(event.bytes, resolve);
    });
    bytes += event.bytes.length;
    if (bytes < BYTES_A_TURN) continue;
    bytes = 0;
    await idle();
  }
}
