import type { FrameKind } from '../../shared/recording/recording-frame.ts';

/** Takes what a watcher is shown, as recordings hold it: `output`, `errorOutput` and `resize`. Never waits, and throws nothing. */
export type WatchSink = (kind: FrameKind, payload: Uint8Array) => void;

/** A screen that can be watched while its session goes on. */
export interface WatchSource {
  /** Shows a sink what is on the screen now, then what follows, until the function that it gives is called. */
  join(sink: WatchSink): () => void;
}
