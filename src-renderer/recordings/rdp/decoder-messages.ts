import { z } from 'zod';
import { MOST_SIDE_PIXELS } from '../../desktop/rdp/wished-size.ts';

const run = z.number().int();
const side = z.number().int().min(1).max(MOST_SIDE_PIXELS);
const place = z.number().int().min(0).max(MOST_SIDE_PIXELS);

/** What a page tells the decoder. A run is one playing from the beginning; what belongs to one before is dropped. */
export const toDecoder = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('begin'), run }),
  z.object({ kind: z.literal('bytes'), run, bytes: z.instanceof(Uint8Array) }),
]);
export type ToDecoder = z.infer<typeof toDecoder>;

/** What the decoder tells its page: it reads hostile bytes, so that what it says is parsed like any other's word. */
export const fromDecoder = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('size'), run, width: side, height: side }),
  z.object({ kind: z.literal('pixels'), run, x: place, y: place, width: side, height: side, pixels: z.instanceof(Uint8ClampedArray<ArrayBuffer>) }),
  z.object({ kind: z.literal('taken'), run }),
  z.object({ kind: z.literal('broken'), run, what: z.string().max(2000) }),
]);
export type FromDecoder = z.infer<typeof fromDecoder>;
