import { Readable } from 'node:stream';
import { routes } from '../../shared/api/index.ts';
import { BytesAnswer, handle } from '../http/bound-route.ts';
import type { Database } from '../store/database.ts';
import type { AuditHeads } from './audit-heads.ts';
import type { AuditLog } from './audit-log.ts';
import type { AuditReader } from './audit-reader.ts';
import { verifyAudit } from './audit-verification.ts';

interface Dependencies {
  readonly reader: Pick<AuditReader, 'entries' | 'errors' | 'export'>;
  readonly heads: Pick<AuditHeads, 'all'>;
  readonly auditLog: Pick<AuditLog, 'append'>;
  readonly database: Database;
  readonly signingKey: string;
}

/** Reading, exporting and proving the logs. Exports and proofs are entries themselves. */
export function auditRoutes({ reader, heads, auditLog, database, signingKey }: Dependencies) {
  return {
    auditList: handle(routes.auditList, ({ query }) => reader.entries(query)),
    auditExport: handle(routes.auditExport, async ({ query: { format, from, until } }, { actor }) => {
      await database.transaction((transaction) => auditLog.append(transaction, { kind: 'audit.exported', actor, facts: { format, from: from ?? null, until: until ?? null } }));
      return new BytesAnswer(Readable.from(reader.export(format, { from, until }), { objectMode: false }), `audit.${format}`);
    }),
    auditVerify: handle(routes.auditVerify, async (_input, { actor, signal }) => {
      const result = await verifyAudit({ database, signingKey, heads: await heads.all(), signal });
      await database.transaction((transaction) => auditLog.append(transaction, { kind: 'audit.verified', actor, facts: { ok: result.ok, entries: result.entries, firstBroken: result.firstBroken?.sequence ?? null } }));
      return result;
    }),
    errorLogList: handle(routes.errorLogList, ({ query }) => reader.errors(query)),
  };
}
