import { z } from 'zod';
import { instant } from '../ids.ts';
import { defineRoute, pageOf, pageQuery } from './route.ts';

/** One entry of the audit log. `sequence` and `hash` are null for the moment until the entry is chained (rule 18). */
export const auditEntry = z.object({
  id: z.uuid(),
  at: instant,
  kind: z.string(),
  actor: z.object({ kind: z.enum(['user', 'service', 'gateway', 'command-line']), id: z.string().nullable(), name: z.string() }),
  reference: z.string().nullable(),
  /** Facts of the entry: names, ids, codes. Never a secret. */
  facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(z.string())])),
  sequence: z.number().int().nullable(),
  hash: z.string().nullable(),
});
export type AuditEntry = z.infer<typeof auditEntry>;

export const errorLogEntry = z.object({ id: z.uuid(), at: instant, code: z.string(), leg: z.string(), reference: z.string().nullable(), gatewayName: z.string().nullable(), facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])) });
export type ErrorLogEntry = z.infer<typeof errorLogEntry>;

export const auditVerification = z.object({
  ok: z.boolean(),
  entries: z.number().int(),
  /** Entries after the newest signed head: not proven yet. */
  notYetProven: z.number().int(),
  headsChecked: z.number().int(),
  firstBroken: z.object({ sequence: z.number().int(), id: z.string().nullable(), what: z.enum(['hash', 'missing', 'order', 'head']) }).nullable(),
});
export type AuditVerification = z.infer<typeof auditVerification>;

const auditQuery = pageQuery.extend({
  reference: z.string().max(20).optional(),
  kind: z.string().max(100).optional(),
  search: z.string().max(200).optional(),
  from: instant.optional(),
  until: instant.optional(),
});
const readers = ['admin', 'auditor'] as const;

export const auditRoutes = {
  auditList: defineRoute({ method: 'GET', path: '/v1/audit', summary: 'Audit entries, newest first', access: readers, query: auditQuery, response: pageOf(auditEntry) }),
  auditExport: defineRoute({ method: 'GET', path: '/v1/audit/export', summary: 'Audit entries as CSV or JSON lines, oldest first', access: readers, query: z.object({ format: z.enum(['csv', 'jsonl']), from: instant.optional(), until: instant.optional() }), response: z.unknown(), mediaType: 'application/octet-stream' }),
  auditVerify: defineRoute({ method: 'POST', path: '/v1/audit/verify', summary: 'Prove the chain against the signed heads', access: readers, response: auditVerification }),
  errorLogList: defineRoute({ method: 'GET', path: '/v1/error-log', summary: 'Error log, newest first', access: ['admin', 'operator', 'auditor'], query: auditQuery, response: pageOf(errorLogEntry) }),
} as const;
