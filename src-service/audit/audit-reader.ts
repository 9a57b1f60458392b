import { asc, desc, eq, sql, type SQL } from 'drizzle-orm';
import { z } from 'zod';
import type { AuditEntry, AuditFilter, ErrorLogEntry, LogFilter } from '../../shared/api/audit.ts';
import type { Database } from '../store/database.ts';
import { auditChain, auditEntries, errorLog } from '../store/schema.ts';
import { cursorOf, filterBranches, firstOf, positionOf, type Log, type LogOrder, type LogPosition } from './log-filter.ts';

/** A page of a log: behind `cursor`, at most `limit` entries. */
export interface PageQuery {
  readonly cursor?: string | undefined;
  readonly limit: number;
}

interface Page<Entry> {
  items: Entry[];
  nextCursor?: string;
}

const auditFacts = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(z.string())]));
const errorFacts = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]));
/** Entries of an export that are in memory at once. */
const WHOLE_PAGE = 1_000;

/** Reads the audit log and the error log, newest first, by what they are filtered by. */
export class AuditReader {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Audit entries. Throws InputError for a cursor that is none. */
  async entries(query: PageQuery & AuditFilter): Promise<Page<AuditEntry>> {
    return page('audit', await this.#audit(query, 'newest-first', positionOf('audit', query.cursor), query.limit + 1), query.limit);
  }

  /** Entries of the error log. Throws InputError for a cursor that is none. */
  async errors(query: PageQuery & LogFilter): Promise<Page<ErrorLogEntry>> {
    return page('errors', await this.#errors(query, 'newest-first', positionOf('errors', query.cursor), query.limit + 1), query.limit);
  }

  /** Every audit entry that a filter lets through, oldest first, a page at a time. */
  everyEntry(filter: AuditFilter): AsyncGenerator<AuditEntry[]> {
    return everyPage((after) => this.#audit(filter, 'oldest-first', after, WHOLE_PAGE));
  }

  /** Every entry of the error log that a filter lets through, oldest first, a page at a time. */
  everyError(filter: LogFilter): AsyncGenerator<ErrorLogEntry[]> {
    return everyPage((after) => this.#errors(filter, 'oldest-first', after, WHOLE_PAGE));
  }

  async #audit(filter: AuditFilter, order: LogOrder, after: LogPosition | undefined, limit: number): Promise<Positioned<AuditEntry>[]> {
    const branches = await filterBranches(this.#database, auditEntries, filter);
    if (branches.length === 0) return [];
    const rows = await this.#database
      .select({ entry: auditEntries, seq: auditChain.seq, hash: auditChain.hash })
      .from(auditEntries)
      .innerJoin(sql`(${firstOf(auditEntries, branches, order, after, limit)}) AS chosen`, sql`chosen.ordinal = ${auditEntries.ordinal}`)
      .leftJoin(auditChain, eq(auditChain.entryId, auditEntries.id))
      .orderBy(...inOrder(auditEntries, order));
    return rows.map(({ entry, seq, hash }) => ({
      at: entry.at.toISOString(),
      ordinal: String(entry.ordinal),
      entry: { id: entry.id, at: entry.at.toISOString(), kind: entry.kind, actor: { kind: entry.actorKind, id: entry.actorId, name: entry.actorName }, reference: entry.reference, facts: auditFacts.parse(JSON.parse(entry.facts)), sequence: seq, hash },
    }));
  }

  async #errors(filter: LogFilter, order: LogOrder, after: LogPosition | undefined, limit: number): Promise<Positioned<ErrorLogEntry>[]> {
    const branches = await filterBranches(this.#database, errorLog, filter);
    if (branches.length === 0) return [];
    const rows = await this.#database
      .select({ entry: errorLog })
      .from(errorLog)
      .innerJoin(sql`(${firstOf(errorLog, branches, order, after, limit)}) AS chosen`, sql`chosen.ordinal = ${errorLog.ordinal}`)
      .orderBy(...inOrder(errorLog, order));
    return rows.map(({ entry }) => ({
      at: entry.at.toISOString(),
      ordinal: String(entry.ordinal),
      entry: { id: entry.id, at: entry.at.toISOString(), code: entry.code, leg: entry.leg, reference: entry.reference, gatewayName: entry.gatewayName, facts: errorFacts.parse(JSON.parse(entry.facts)) },
    }));
  }
}

interface Positioned<Entry> extends LogPosition {
  readonly entry: Entry;
}

function inOrder(log: Log, order: LogOrder): SQL[] {
  const way = order === 'newest-first' ? desc : asc;
  return [way(log.at), way(log.ordinal)];
}

function page<Entry>(kind: string, rows: readonly Positioned<Entry>[], limit: number): Page<Entry> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { items: shown.map(({ entry }) => entry), ...(rows.length > limit && last !== undefined ? { nextCursor: cursorOf(kind, last) } : {}) };
}

async function* everyPage<Entry>(read: (after: LogPosition | undefined) => Promise<Positioned<Entry>[]>): AsyncGenerator<Entry[]> {
  for (let after: LogPosition | undefined; ; ) {
    const rows = await read(after);
    if (rows.length > 0) yield rows.map(({ entry }) => entry);
    after = rows.at(-1);
    if (rows.length < WHOLE_PAGE || after === undefined) return;
  }
}
