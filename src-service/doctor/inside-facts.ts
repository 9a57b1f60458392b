import { z } from 'zod';
import { gatewayState } from '../../shared/api/gateways.ts';
import { gatewayId, instant } from '../../shared/ids.ts';

/** What the running service alone can tell of itself; null for what it could not read now. */
export const insideFacts = z.object({
  version: z.string().max(100),
  /** Where it listens; null where it does not. */
  url: z.string().max(300).nullable(),
  schema: z.array(z.object({ name: z.string().max(200), sha256: z.string().max(64) })).max(1000).nullable(),
  databaseNow: instant.nullable(),
  databaseMs: z.number().nullable(),
  /** Code of the system or of the database, where it does not answer. */
  databaseError: z.string().max(100).nullable(),
  now: instant,
  newestEntryAt: instant.nullable(),
  gateways: z.array(z.object({ id: gatewayId, name: z.string().max(100), state: gatewayState, code: z.string().max(100).nullable(), confirmedAt: instant.nullable(), ejected: z.boolean() })).max(10_000),
});
export type InsideFacts = z.infer<typeof insideFacts>;

/** The word of the system, of the database or of the catalogue for a failure: messages may quote the connection's secrets. */
export function databaseWord(error: unknown): string {
  for (let one = error, depth = 0; one instanceof Error && depth < 4; one = one.cause, depth += 1) if ('code' in one && typeof one.code === 'string') return one.code.slice(0, 100);
  return error instanceof Error ? error.name.slice(0, 100) : 'failed';
}
