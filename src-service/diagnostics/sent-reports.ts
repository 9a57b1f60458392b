import { and, count, desc, eq, gt, inArray, lt, min, sql } from 'drizzle-orm';
import type { AuditEntry } from '../../shared/api/audit.ts';
import type { DiagnosisReport, NewDiagnosisReport, SentDiagnosisReport } from '../../shared/api/diagnostics.ts';
import type { User } from '../../shared/api/users.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { type ConnectionReference, connectionReferenceFrom } from '../../shared/ids.ts';
import type { AuditActor, AuditLog } from '../audit/audit-log.ts';
import type { AuditReader } from '../audit/audit-reader.ts';
import type { Clock } from '../clock.ts';
import { decodeCursor, encodeCursor } from '../http/cursor.ts';
import { InputError } from '../http/bound-route.ts';
import type { Database } from '../store/database.ts';
import { diagnosisReports } from '../store/schema.ts';

const HOUR_MS = 3_600_000;
/** A case is closed by then; reports say what a network looks like and are kept no longer than they help. */
const KEPT_MS = 30 * 24 * HOUR_MS;
/** Somebody who tries again and again sends a handful; more says nothing new. */
const MOST_PER_HOUR = 10;
/** With the bound of one report these are 4 GiB at the very most, and some 100 MiB as reports are; the oldest go. */
const MOST_REPORTS = 2000;
/** What the user did before it failed, and what came of it until the report was sent. */
const BEFORE_MS = HOUR_MS;
const AFTER_MS = 10 * 60_000;
const SHOWN_ENTRIES = 200;

export interface SentReportsParts {
  readonly database: Database;
  readonly clock: Pick<Clock, 'now'>;
  readonly auditLog: Pick<AuditLog, 'append'>;
  readonly reader: Pick<AuditReader, 'entries'>;
  readonly randomBytes: (bytes: number) => Uint8Array;
}

/** Reports that users sent, for the helpdesk: bounded in size (by the route), in number and in time. Sending and opening one are audit entries under its reference. */
export class SentReports {
  readonly #parts: SentReportsParts;

  constructor(parts: SentReportsParts) {
    this.#parts = parts;
  }

  /** Keeps a report and gives the reference by which it is asked for. Throws `request.too-many` beyond ten in an hour. */
  async send(user: User, actor: AuditActor, { text, json, findings }: NewDiagnosisReport): Promise<ConnectionReference> {
    const { database, clock, auditLog, randomBytes } = this.#parts;
    const reference = connectionReferenceFrom(randomBytes(10));
    const sentAt = clock.now();
    await database.transaction(async (transaction) => {
      // One after the other for each user, so that the bound holds for those sent at once too.
      await transaction.execute(sql`SELECT pg_advisory_xact_lock(hashtextextended(${user.id}, 799302))`);
      const since = new Date(sentAt.getTime() - HOUR_MS);
      const [recent] = await transaction.select({ number: count(), first: min(diagnosisReports.sentAt) }).from(diagnosisReports).where(and(eq(diagnosisReports.userId, user.id), gt(diagnosisReports.sentAt, since)));
      if ((recent?.number ?? 0) >= MOST_PER_HOUR) throw new MavisError('request.too-many', { seconds: Math.max(1, Math.ceil(((recent?.first ?? sentAt).getTime() - since.getTime()) / 1000)) });
      await transaction.insert(diagnosisReports).values({ reference, userId: user.id, userName: user.name, sentAt, findings: [...findings], reportText: text, reportJson: json });
      const beyond = transaction.select({ reference: diagnosisReports.reference }).from(diagnosisReports).orderBy(desc(diagnosisReports.ordinal)).offset(MOST_REPORTS);
      await transaction.delete(diagnosisReports).where(inArray(diagnosisReports.reference, beyond));
      await auditLog.append(transaction, { kind: 'diagnosis.report-sent', actor, reference, facts: { userId: user.id, user: user.name, findings: [...findings], bytes: Buffer.byteLength(text) + Buffer.byteLength(json) } });
    });
    return reference;
  }

  /** Reports, newest first. Throws InputError for a cursor that is none. */
  async list({ cursor, limit }: { readonly cursor?: string | undefined; readonly limit: number }): Promise<{ items: SentDiagnosisReport[]; nextCursor?: string }> {
    const rows = await this.#parts.database.select().from(diagnosisReports).where(cursor === undefined ? undefined : lt(diagnosisReports.ordinal, positionOf(cursor))).orderBy(desc(diagnosisReports.ordinal)).limit(limit + 1);
    const shown = rows.slice(0, limit);
    const last = shown.at(-1);
    return { items: shown.map(asSent), ...(rows.length > limit && last !== undefined ? { nextCursor: encodeCursor('diagnosis-reports', [String(last.ordinal)]) } : {}) };
  }

  /** One report, side by side with the audit entries of its user at that time. Throws `request.not-found`. */
  async open(reference: ConnectionReference, actor: AuditActor): Promise<DiagnosisReport> {
    const { database, auditLog, reader } = this.#parts;
    const [row] = await database.select().from(diagnosisReports).where(eq(diagnosisReports.reference, reference));
    if (row === undefined) throw new MavisError('request.not-found');
    const around = (ms: number): string => new Date(row.sentAt.getTime() + ms).toISOString();
    const entries: AuditEntry[] = (await reader.entries({ user: row.userId, from: around(-BEFORE_MS), until: around(AFTER_MS), limit: SHOWN_ENTRIES })).items;
    await database.transaction((transaction) => auditLog.append(transaction, { kind: 'diagnosis.report-opened', actor, reference, facts: { userId: row.userId, user: row.userName } }));
    return { ...asSent(row), text: row.reportText, json: row.reportJson, entries };
  }

  /** Removes what was sent too long ago. */
  async removeOld(): Promise<void> {
    await this.#parts.database.delete(diagnosisReports).where(lt(diagnosisReports.sentAt, new Date(this.#parts.clock.now().getTime() - KEPT_MS)));
  }
}

function asSent({ reference, userId, userName, sentAt, findings }: typeof diagnosisReports.$inferSelect): SentDiagnosisReport {
  return { id: reference, sentAt: sentAt.toISOString(), userId, userName, findings };
}

function positionOf(cursor: string): number {
  const position = Number(decodeCursor('diagnosis-reports', cursor)[0]);
  if (!Number.isSafeInteger(position)) throw new InputError('cursor');
  return position;
}
