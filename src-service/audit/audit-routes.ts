import { Readable } from 'node:stream';
import { auditVerificationEvent, type AuditVerification } from '../../shared/api/audit.ts';
import { routes } from '../../shared/api/index.ts';
import { BytesAnswer, handle } from '../http/bound-route.ts';
import type { Database } from '../store/database.ts';
import type { AuditHeads } from './audit-heads.ts';
import type { AuditActor, AuditLog } from './audit-log.ts';
import type { AuditReader } from './audit-reader.ts';
import { verifyAudit, verifyAuditByPage, type VerificationInput } from './audit-verification.ts';
import type { Facts } from './canonical-json.ts';
import { auditFile, errorLogFile } from './log-export.ts';

interface Dependencies {
  readonly reader: Pick<AuditReader, 'entries' | 'errors' | 'everyEntry' | 'everyError'>;
  readonly heads: Pick<AuditHeads, 'all'>;
  readonly auditLog: Pick<AuditLog, 'append'>;
  readonly database: Database;
  readonly signingKey: string;
}

/** Reading, exporting and proving the logs. Exports and proofs are entries themselves. */
export function auditRoutes({ reader, heads, auditLog, database, signingKey }: Dependencies) {
  const note = (kind: string, actor: AuditActor, facts: Facts): Promise<string> => database.transaction((transaction) => auditLog.append(transaction, { kind, actor, facts }));
  const verified = (actor: AuditActor, { ok, entries, notYetProven, firstBroken }: AuditVerification) => note('audit.verified', actor, { ok, entries, notYetProven, firstBroken: firstBroken?.sequence ?? null });
  const verification = async (signal: AbortSignal): Promise<VerificationInput> => ({ database, signingKey, heads: await heads.all(), signal });
  return {
    auditList: handle(routes.auditList, ({ query }) => reader.entries(query)),
    auditExport: handle(routes.auditExport, async ({ query: { format, ...filter } }, { actor, signal }) => {
      await note('audit.exported', actor, { format, ...filterFacts(filter) });
      return new BytesAnswer(Readable.from(auditFile(format, reader.everyEntry(filter)), { objectMode: false, signal }), `audit.${format}`);
    }),
    auditVerify: handle(routes.auditVerify, async (_input, { actor, signal }) => {
      const result = await verifyAudit(await verification(signal));
      await verified(actor, result);
      return result;
    }),
    auditVerifyProgress: handle(routes.auditVerifyProgress, async (_input, { actor, signal }) => {
      const input = await verification(signal);
      return new BytesAnswer(Readable.from(told(input, (result) => verified(actor, result)), { objectMode: false, signal }));
    }),
    errorLogList: handle(routes.errorLogList, ({ query }) => reader.errors(query)),
    errorLogExport: handle(routes.errorLogExport, async ({ query: { format, ...filter } }, { actor, signal }) => {
      await note('error-log.exported', actor, { format, ...filterFacts(filter) });
      return new BytesAnswer(Readable.from(errorLogFile(format, reader.everyError(filter)), { objectMode: false, signal }), `error-log.${format}`);
    }),
  };
}

/** A verification as server-sent events; `done` is told the verdict before the client is. */
async function* told(input: VerificationInput, done: (result: AuditVerification) => Promise<unknown>): AsyncGenerator<string> {
  for await (const event of verifyAuditByPage(input)) {
    if (event.kind === 'verdict') await done(event.result);
    yield `event: ${event.kind}\ndata: ${JSON.stringify(auditVerificationEvent.parse(event))}\n\n`;
  }
}

/** What an export was narrowed by, as facts of its entry; the words that are looked for among them, so that an auditor sees what left. */
function filterFacts(filter: Readonly<Record<string, string | undefined>>): Facts {
  return Object.fromEntries(Object.entries(filter).flatMap(([name, value]) => (value === undefined ? [] : [[`filter.${name}`, value]])));
}
