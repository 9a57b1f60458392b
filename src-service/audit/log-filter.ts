import { and, eq, sql, type SQL } from 'drizzle-orm';
import { z } from 'zod';
import type { AuditFilter, AuditOutcome, LogFilter } from '../../shared/api/audit.ts';
import { decodeCursor, encodeCursor } from '../http/cursor.ts';
import { rowsOf, type Queryable } from '../store/database.ts';
import type { auditEntries, errorLog } from '../store/schema.ts';
import { nameKeyOf } from '../users/user-rows.ts';

/** The kinds of entries that say how something came out. */
const OUTCOME_KINDS: Readonly<Record<AuditOutcome, readonly string[]>> = {
  connected: ['connection.connected'],
  ended: ['connection.ended'],
  failed: ['connection.failed'],
  'not-used': ['connection.not-used'],
  refused: ['sign-in.refused', 'sign-in.locked', 'connection.ticket-refused', 'gateway.peer-refused', 'service.peer-refused'],
};

/** Things that had one name one after the other: more than these are not looked for. */
const MAX_SAME_NAME = 8;

/** Where a page begins: behind this entry, in the order of the list. */
export interface LogPosition {
  readonly at: string;
  readonly ordinal: string;
}

/** Conditions of which one must hold. Each becomes a branch of its own that is read from its index in the order of the list: an OR could not be. */
type Alternatives = readonly SQL[];

/** A log as both are queried. */
export type Log = typeof auditEntries | typeof errorLog;

const idRow = z.object({ id: z.string() });

/**
 * The branches of a filter over one of the logs: entries that fulfil any of them fulfil the filter. None where a name names
 * nothing, so that nothing can match.
 */
export async function filterBranches(database: Pick<Queryable, 'execute'>, log: Log, filter: AuditFilter | LogFilter): Promise<SQL[]> {
  const alternatives: Alternatives[] = [];
  if (filter.user !== undefined) {
    const ids = await idsOf(database, sql`users WHERE name_key = ${nameKeyOf(filter.user)}`, filter.user);
    alternatives.push(ids.flatMap((id) => ('actorId' in log ? [eq(log.actorId, id), eq(log.userId, id)] : [eq(log.userId, id)])));
  }
  if (filter.resource !== undefined) alternatives.push((await idsOf(database, sql`resources WHERE lower(name) = lower(${filter.resource})`, filter.resource)).map((id) => eq(log.resourceId, id)));
  if (filter.gateway !== undefined) alternatives.push((await idsOf(database, sql`gateways WHERE lower(name) = lower(${filter.gateway})`, filter.gateway)).map((id) => eq(log.gatewayId, id)));
  if ('actorId' in log && 'outcome' in filter && filter.outcome !== undefined) alternatives.push(OUTCOME_KINDS[filter.outcome].map((kind) => eq(log.kind, kind)));
  const common = [
    filter.segment === undefined ? undefined : eq(log.segment, filter.segment),
    filter.code === undefined ? undefined : eq(log.code, filter.code),
    filter.reference === undefined ? undefined : eq(log.reference, filter.reference),
    'kind' in filter && filter.kind !== undefined && 'actorId' in log ? eq(log.kind, filter.kind) : undefined,
    filter.from === undefined ? undefined : sql`${log.at} >= ${filter.from}::timestamptz`,
    filter.until === undefined ? undefined : sql`${log.at} <= ${filter.until}::timestamptz`,
    ...(filter.search === undefined ? [] : searchConditions(log, filter.search)),
  ];
  return product(alternatives).map((chosen) => and(sql`true`, ...common, ...chosen) ?? sql`true`);
}

/** Every word of a search must be somewhere in the entry, in any order: an index of letter triples finds each. */
function searchConditions(log: Log, search: string): SQL[] {
  const words = search.split(/\s+/u).filter((word) => word !== '');
  return words.map((word) => sql`${log.searchText} ILIKE ${`%${word.replaceAll(/[\\%_]/g, '\\$&')}%`}`);
}

/** Ids by a name that is held now, or by the id itself. */
async function idsOf(database: Pick<Queryable, 'execute'>, from: SQL, name: string): Promise<string[]> {
  if (z.uuid().safeParse(name).success) return [name.toLowerCase()];
  return (await rowsOf(database, sql`SELECT id::text AS id FROM ${from} LIMIT ${MAX_SAME_NAME}`, idRow)).map(({ id }) => id);
}

function product(alternatives: readonly Alternatives[]): SQL[][] {
  return alternatives.reduce<SQL[][]>((chosen, next) => chosen.flatMap((before) => next.map((one) => [...before, one])), [[]]);
}

/** The order of a list: newest first for people, oldest first for files. */
export type LogOrder = 'newest-first' | 'oldest-first';

/** `(at, ordinal)` of the first `limit` entries behind `after` over all branches: each is read from an index in this order. */
export function firstOf(log: Log, branches: readonly SQL[], order: LogOrder, after: LogPosition | undefined, limit: number): SQL {
  const behind = after === undefined ? sql`` : sql` AND (${log.at}, ${log.ordinal}) ${sql.raw(order === 'newest-first' ? '<' : '>')} (${after.at}::timestamptz, ${after.ordinal}::bigint)`;
  const way = sql.raw(order === 'newest-first' ? 'DESC' : 'ASC');
  const parts = branches.map((branch) => sql`(SELECT ${log.at} AS at, ${log.ordinal} AS ordinal FROM ${log} WHERE ${branch}${behind} ORDER BY ${log.at} ${way}, ${log.ordinal} ${way} LIMIT ${limit})`);
  // UNION, not UNION ALL: an entry may be in two branches.
  return sql`SELECT at, ordinal FROM (${sql.join(parts, sql` UNION `)}) AS found ORDER BY at ${way}, ordinal ${way} LIMIT ${limit}`;
}

/** The position of a cursor; undefined for none. Throws InputError for what is no cursor of this list. */
export function positionOf(kind: string, cursor: string | undefined): LogPosition | undefined {
  if (cursor === undefined) return undefined;
  const [at = '', ordinal = ''] = decodeCursor(kind, cursor);
  // A cursor of our form with other content: behind it is nothing.
  if (Number.isNaN(Date.parse(at)) || !/^\d{1,18}$/.test(ordinal)) return { at: '-infinity', ordinal: '0' };
  return { at: new Date(at).toISOString(), ordinal };
}

export function cursorOf(kind: string, { at, ordinal }: LogPosition): string {
  return encodeCursor(kind, [at, ordinal]);
}
