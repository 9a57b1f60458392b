import { and, asc, desc, eq, gte, ilike, lt, lte, or, sql, type SQL } from 'drizzle-orm';
import { stringify } from 'csv-stringify/sync';
import { z } from 'zod';
import type { AuditEntry, ErrorLogEntry } from '../../shared/api/audit.ts';
import { escapeFormula } from '../export/spreadsheet-cell.ts';
import { decodeCursor, encodeCursor } from '../http/cursor.ts';
import type { Database } from '../store/database.ts';
import { auditChain, auditEntries, errorLog } from '../store/schema.ts';

/** What is asked of either log; both are listed newest first. */
export interface LogQuery {
  readonly cursor?: string | undefined;
  readonly limit: number;
  readonly reference?: string | undefined;
  /** Kind of entry, or code of error. */
  readonly kind?: string | undefined;
  readonly search?: string | undefined;
  readonly from?: string | undefined;
  readonly until?: string | undefined;
}

const auditFacts = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(z.string())]));
const errorFacts = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]));
const EXPORT_PAGE = 2_000;

/** Reads the audit log and the error log. */
export class AuditReader {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async entries(query: LogQuery): Promise<{ items: AuditEntry[]; nextCursor?: string }> {
    const where = and(
      before(auditEntries, 'audit', query.cursor),
      query.reference === undefined ? undefined : eq(auditEntries.reference, query.reference),
      query.kind === undefined ? undefined : eq(auditEntries.kind, query.kind),
      between(auditEntries.at, query),
      query.search === undefined ? undefined : or(ilike(auditEntries.kind, like(query.search)), ilike(auditEntries.actorName, like(query.search)), ilike(auditEntries.facts, like(query.search)), ilike(auditEntries.reference, like(query.search))),
    );
    const rows = await this.#select(where).orderBy(desc(auditEntries.at), desc(auditEntries.ordinal)).limit(query.limit + 1);
    return page(rows.slice(0, query.limit).map(toEntry), rows.length > query.limit ? cursorOf('audit', rows[query.limit - 1]?.entry) : undefined);
  }

  async errors(query: LogQuery): Promise<{ items: ErrorLogEntry[]; nextCursor?: string }> {
    const where = and(
      before(errorLog, 'errors', query.cursor),
      query.reference === undefined ? undefined : eq(errorLog.reference, query.reference),
      query.kind === undefined ? undefined : eq(errorLog.code, query.kind),
      between(errorLog.at, query),
      query.search === undefined ? undefined : or(ilike(errorLog.code, like(query.search)), ilike(errorLog.gatewayName, like(query.search)), ilike(errorLog.facts, like(query.search)), ilike(errorLog.reference, like(query.search))),
    );
    const rows = await this.#database.select().from(errorLog).where(where).orderBy(desc(errorLog.at), desc(errorLog.ordinal)).limit(query.limit + 1);
    const items = rows.slice(0, query.limit).map((row) => ({ id: row.id, at: row.at.toISOString(), code: row.code, leg: row.leg, reference: row.reference, gatewayName: row.gatewayName, facts: errorFacts.parse(JSON.parse(row.facts)) }));
    return page(items, rows.length > query.limit ? cursorOf('errors', rows[query.limit - 1]) : undefined);
  }

  /** The whole log as text, oldest first, in pieces. Cells of CSV that a spreadsheet would take for a formula get a leading `'`, control characters are shown escaped (B14). */
  async *export(format: 'csv' | 'jsonl', span: Pick<LogQuery, 'from' | 'until'>): AsyncGenerator<string> {
    if (format === 'csv') yield stringify([CSV_COLUMNS]);
    for (let after = 0; ; ) {
      const rows = await this.#select(and(sql`${auditEntries.ordinal} > ${after}`, between(auditEntries.at, span))).orderBy(asc(auditEntries.ordinal)).limit(EXPORT_PAGE);
      const entries = rows.map(toEntry);
      if (entries.length > 0) yield format === 'jsonl' ? `${entries.map((entry) => JSON.stringify(entry)).join('\n')}\n` : stringify(entries.map(csvCells));
      const last = rows.at(-1);
      if (rows.length < EXPORT_PAGE || last === undefined) return;
      after = last.entry.ordinal;
    }
  }

  #select(where: SQL | undefined) {
    return this.#database.select({ entry: auditEntries, seq: auditChain.seq, hash: auditChain.hash }).from(auditEntries).leftJoin(auditChain, eq(auditChain.entryId, auditEntries.id)).where(where).$dynamic();
  }
}

type EntryRow = { entry: typeof auditEntries.$inferSelect; seq: number | null; hash: string | null };

function toEntry({ entry, seq, hash }: EntryRow): AuditEntry {
  return { id: entry.id, at: entry.at.toISOString(), kind: entry.kind, actor: { kind: entry.actorKind, id: entry.actorId, name: entry.actorName }, reference: entry.reference, facts: auditFacts.parse(JSON.parse(entry.facts)), sequence: seq, hash };
}

const CSV_COLUMNS = ['sequence', 'at', 'kind', 'actorKind', 'actorId', 'actorName', 'reference', 'facts', 'id', 'hash'];

function csvCells(entry: AuditEntry): string[] {
  const { sequence, at, kind, actor, reference, facts, id, hash } = entry;
  return [String(sequence ?? ''), at, kind, actor.kind, actor.id ?? '', actor.name, reference ?? '', JSON.stringify(facts), id, hash ?? ''].map((cell) => escapeFormula(visible(cell)));
}

/** Control characters as `\u001b`: a terminal or spreadsheet that shows the file acts on none. */
function visible(cell: string): string {
  return cell.replaceAll(/\p{Cc}/gu, (sign) => `\\u${(sign.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`);
}

function before(table: typeof auditEntries | typeof errorLog, kind: string, cursor: string | undefined): SQL | undefined {
  if (cursor === undefined) return undefined;
  const [at = '', ordinal = ''] = decodeCursor(kind, cursor);
  const date = new Date(at);
  if (Number.isNaN(date.getTime()) || !/^\d{1,18}$/.test(ordinal)) return sql`false`;
  return or(lt(table.at, date), and(eq(table.at, date), sql`${table.ordinal} < ${ordinal}::bigint`));
}

function between(column: typeof auditEntries.at | typeof errorLog.at, { from, until }: Pick<LogQuery, 'from' | 'until'>): SQL | undefined {
  return and(from === undefined ? undefined : gte(column, new Date(from)), until === undefined ? undefined : lte(column, new Date(until)));
}

function cursorOf(kind: string, row: { at: Date; ordinal: number } | undefined): string | undefined {
  return row === undefined ? undefined : encodeCursor(kind, [row.at.toISOString(), String(row.ordinal)]);
}

function page<T>(items: T[], nextCursor: string | undefined): { items: T[]; nextCursor?: string } {
  return { items, ...(nextCursor === undefined ? {} : { nextCursor }) };
}

function like(text: string): string {
  return `%${text.replaceAll(/[\\%_]/g, '\\$&')}%`;
}
