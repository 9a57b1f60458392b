import type { MavisError } from '../../shared/errors/mavis-error.ts';
import { encodeJsonPayload, type FrameKind } from '../../shared/recording/recording-frame.ts';

/** Before each screen that a watcher is shown from its beginning: what was shown before counts no more. */
export const BEGINS_ANEW = encodeJsonPayload({ name: 'begins-anew', detail: '' });

/** Takes what a watcher is shown, as recordings hold it, with `primer` beside it. Never waits, and throws nothing. */
export type WatchSink = (kind: FrameKind, payload: Uint8Array) => void;

/** A screen that can be watched while its session goes on. */
export interface WatchSource {
  /** Shows a sink, behind `BEGINS_ANEW`, what is on the screen now, then what follows, until the function that it gives is called. What is shown may begin a little later. */
  join(sink: WatchSink): () => void;
}

/** Takes a screen away from those who watch it. With a reason their watch is over; without, they see the screen before it, or wait for the next. */
export type Withdraw = (reason?: MavisError) => void;
