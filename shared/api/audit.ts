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

/** What a running verification tells, one event after the other: how far it is, then the verdict. */
export const auditVerificationEvent = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('progress'), entries: z.number().int(), of: z.number().int() }),
  z.object({ kind: z.literal('verdict'), result: auditVerification }),
]);
export type AuditVerificationEvent = z.infer<typeof auditVerificationEvent>;

/** How something came out, over the kinds of entries that say so. */
export const auditOutcome = z.enum(['connected', 'ended', 'failed', 'not-used', 'refused']);
export type AuditOutcome = z.infer<typeof auditOutcome>;

const name = z.string().min(1).max(200);

/** What either log is narrowed by; all that is given must hold. Users, resources and Gateways are named by id or by the name that they have now. */
export const logFilter = z.object({
  user: name.optional(),
  resource: name.optional(),
  gateway: name.optional(),
  segment: name.optional(),
  code: z.string().min(1).max(100).optional(),
  reference: z.string().min(1).max(20).optional(),
  /** Part of a word or name anywhere in an entry, whatever its case. */
  search: z.string().min(1).max(200).optional(),
  /** Both inclusive. */
  from: instant.optional(),
  until: instant.optional(),
});
export type LogFilter = z.infer<typeof logFilter>;

export const auditFilter = logFilter.extend({ kind: z.string().min(1).max(100).optional(), outcome: auditOutcome.optional() });
export type AuditFilter = z.infer<typeof auditFilter>;

export const logExportFormat = z.enum(['csv', 'jsonl']);
export type LogExportFormat = z.infer<typeof logExportFormat>;

const auditReaders = ['admin', 'auditor'] as const;
const errorLogReaders = ['admin', 'operator', 'auditor'] as const;
const bytes = { response: z.unknown(), mediaType: 'application/octet-stream' } as const;

export const auditRoutes = {
  auditList: defineRoute({ method: 'GET', path: '/v1/audit', summary: 'Audit entries, newest first', access: auditReaders, query: pageQuery.extend(auditFilter.shape), response: pageOf(auditEntry) }),
  auditExport: defineRoute({ method: 'GET', path: '/v1/audit/export', summary: 'Audit entries as CSV or JSON lines, oldest first', access: auditReaders, query: auditFilter.extend({ format: logExportFormat }), ...bytes }),
  auditVerify: defineRoute({ method: 'POST', path: '/v1/audit/verify', summary: 'Prove the chain against the signed heads', access: auditReaders, response: auditVerification }),
  auditVerifyProgress: defineRoute({ method: 'POST', path: '/v1/audit/verify/progress', summary: 'Prove the chain against the signed heads, telling how far it is', access: auditReaders, response: auditVerificationEvent, mediaType: 'text/event-stream' }),
  errorLogList: defineRoute({ method: 'GET', path: '/v1/error-log', summary: 'Error log, newest first', access: errorLogReaders, query: pageQuery.extend(logFilter.shape), response: pageOf(errorLogEntry) }),
  errorLogExport: defineRoute({ method: 'GET', path: '/v1/error-log/export', summary: 'Error log as CSV or JSON lines, oldest first', access: errorLogReaders, query: logFilter.extend({ format: logExportFormat }), ...bytes }),
} as const;
