import { z } from 'zod';
import { connectionReference, protocol, resourceId } from '../../shared/ids.ts';

/** What the command and the app say to each other: lines of JSON, and the bytes of the proxied connection after the last. */
const nonce = z.string().regex(/^[A-Za-z0-9_-]{43}$/);

export const appHello = z.object({ nonce });
export const commandHello = z.object({ nonce, proof: nonce });
export const appProof = z.object({ proof: nonce });

/** A resource as a person or a configuration names it. */
const named = z.string().min(1).max(300);
export const commandRequest = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ls'), filter: z.string().max(500) }),
  /** What `ssh` must be told for a resource. */
  z.object({ kind: z.literal('find'), resource: named }),
  /** The bytes that follow are SSH's, from a program of the user's own. */
  z.object({ kind: z.literal('proxy'), resource: named }),
  z.object({ kind: z.literal('ssh-config'), command: z.string().max(5000) }),
]);
export type CommandRequest = z.infer<typeof commandRequest>;

export const listedResource = z.object({ name: z.string(), address: z.string(), protocols: z.array(protocol) });
export const commandAnswers = {
  ls: z.object({ resources: z.array(listedResource), total: z.number().int() }),
  find: z.object({ resourceId, name: z.string(), hostKeyAlias: z.string(), knownHostsFile: z.string() }),
  proxy: z.object({}),
  'ssh-config': z.object({ configFile: z.string(), knownHostsFile: z.string(), hosts: z.number().int(), leftOut: z.number().int() }),
} as const satisfies Record<CommandRequest['kind'], z.ZodType>;
export type CommandAnswer<Kind extends CommandRequest['kind']> = z.infer<(typeof commandAnswers)[Kind]>;

/** The app's answer: what was asked for, or a code of the catalogue. */
export const answerLine = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), value: z.unknown() }),
  z.object({ ok: z.literal(false), code: z.string().max(100), args: z.record(z.string(), z.union([z.string(), z.number()])), reference: connectionReference.nullable() }),
]);
