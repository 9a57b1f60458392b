import { z } from 'zod';

const count = z.number().int().min(0);
const side = z.number().int().min(1).max(0xffff);

/** What brings a terminal that was just made to where it stood after so many events of its recording. */
export const keyFrame = z.object({ events: count, columns: side, rows: side, text: z.string() });
export type KeyFrame = z.infer<typeof keyFrame>;

/** What a page tells the worker that makes key frames: first how the terminal begins, then its events in order, each answered. */
export const toKeyFrames = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('begin'), columns: side, rows: side, scrollbackLines: count, everyBytes: count }),
  z.object({ kind: z.literal('output'), events: count, bytes: z.instanceof(Uint8Array<ArrayBuffer>) }),
  z.object({ kind: z.literal('resize'), columns: side, rows: side }),
  /** How many bytes lie between two key frames from now on. */
  z.object({ kind: z.literal('every'), bytes: count }),
]);
export type ToKeyFrames = z.infer<typeof toKeyFrames>;

/** What the worker answers to output and sizes. */
export const fromKeyFrames = z.object({ frame: keyFrame.nullable() });
export type FromKeyFrames = z.infer<typeof fromKeyFrames>;
