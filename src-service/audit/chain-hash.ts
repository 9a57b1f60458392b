import { hash } from 'node:crypto';
import { z } from 'zod';

/** An entry as it is hashed: exactly these columns, in this order. */
export const chainedEntry = z.object({
  id: z.string(),
  /** ISO 8601 with milliseconds. */
  at: z.string(),
  kind: z.string(),
  actor_kind: z.string(),
  actor_id: z.string().nullable(),
  actor_name: z.string(),
  reference: z.string().nullable(),
  facts: z.string(),
});
export type ChainedEntry = z.infer<typeof chainedEntry>;

/** The hash before the first entry. */
export const CHAIN_START = 'mavis-audit-chain-1';

/** The chain's hash after an entry: SHA-256, base64url, over the hash before, a line feed and the entry as a JSON list. */
export function chainHash(before: string, entry: ChainedEntry): string {
  const text = JSON.stringify([entry.id, entry.at, entry.kind, entry.actor_kind, entry.actor_id, entry.actor_name, entry.reference, entry.facts]);
  return hash('sha256', `${before}\n${text}`, 'base64url');
}
