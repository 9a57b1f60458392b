import { z } from 'zod';

const pixels = z.instanceof(Uint8ClampedArray<ArrayBuffer>);
const side = z.number().int().min(1).max(0xffff);
const ms = z.number().min(0);
const ask = z.number().int();

/** What a page tells the worker that holds the derived pictures. */
export const toDerived = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('add'), atMs: ms, width: side, height: side, pixels }),
  z.object({ kind: z.literal('at'), ask, ms }),
  z.object({ kind: z.literal('change'), ask, afterMs: z.number().min(-1) }),
]);
export type ToDerived = z.infer<typeof toDerived>;

/** What the worker answers. */
export const fromDerived = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('added'), full: z.boolean() }),
  z.object({ kind: z.literal('picture'), ask, picture: z.object({ width: side, height: side, pixels }).nullable() }),
  z.object({ kind: z.literal('change'), ask, atMs: ms.nullable() }),
]);
export type FromDerived = z.infer<typeof fromDerived>;
