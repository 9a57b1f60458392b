import { sql, type SQL } from 'drizzle-orm';
import { z } from 'zod';
import type { AuditVerification, AuditVerificationEvent } from '../../shared/api/audit.ts';
import type { SignedAuditHead } from '../../shared/audit-head.ts';
import { rowsOf, type Database } from '../store/database.ts';
import { ENTRY_COLUMNS } from './audit-chain.ts';
import { isHeadSignedBy } from './audit-heads.ts';
import { CHAIN_START, chainHash, type ChainedEntry } from './chain-hash.ts';

/** Links a query: a few megabytes at a time. */
const PAGE = 10_000;

interface Link {
  readonly seq: string;
  readonly entry_id: string;
  readonly hash: string;
}

type Broken = NonNullable<AuditVerification['firstBroken']>;

export interface VerificationInput {
  readonly database: Database;
  /** The service's own signing key, from its key file: one that stands in the database could have been put there. */
  readonly signingKey: string;
  /** Heads of the database, and copies that gateways kept. */
  readonly heads: readonly SignedAuditHead[];
  readonly signal?: AbortSignal;
}

/**
 * Reads the whole chain and proves it: every link's hash over its entry and the link before, no number missing, and the hash
 * at each signed head the one that was signed. Names the first that is broken. Entries after the newest head are intact as
 * far as they go, but not proven: who can write the database could have replaced them. Tells how far it is after each page,
 * and the verdict at last.
 */
export async function* verifyAuditByPage({ database, signingKey, heads, signal }: VerificationInput): AsyncGenerator<AuditVerificationEvent> {
  const [chained] = await rowsOf(database, sql`SELECT coalesce(max(seq), 0) AS count FROM audit_chain`, z.object({ count: z.coerce.number() }));
  const ordered = heads.toSorted((a, b) => a.sequence - b.sequence);
  const forged = ordered.find((head) => !isHeadSignedBy(head, signingKey));
  const valid = ordered.filter((head) => isHeadSignedBy(head, signingKey));
  const walk = new ChainWalk(valid);
  const window = new EntryWindow(database);
  for (let after = 0; walk.broken === undefined; ) {
    signal?.throwIfAborted();
    const page = await readLinks(database, after);
    const entries = await window.take(page.map((link) => link.entry_id));
    for (const link of page) if (!walk.take(link, entries.get(link.entry_id))) break;
    if (page.length < PAGE) break;
    after = walk.entries;
    // Entries that are chained meanwhile are read too.
    yield { kind: 'progress', entries: walk.entries, of: Math.max(walk.entries, chained?.count ?? 0) };
  }
  const proven = walk.broken === undefined ? (valid.at(-1)?.sequence ?? 0) : Math.min(walk.broken.sequence - 1, valid.at(-1)?.sequence ?? 0);
  const broken = walk.end() ?? (forged === undefined ? undefined : { sequence: forged.sequence, id: null, what: 'head' as const });
  const [unchained] = await rowsOf(database, sql`SELECT (SELECT count(*) FROM audit_entries) - (SELECT count(*) FROM audit_chain) AS count`, z.object({ count: z.coerce.number() }));
  const result = {
    ok: broken === undefined,
    entries: walk.entries,
    notYetProven: Math.max(0, walk.entries - Math.max(0, proven)) + Math.max(0, unchained?.count ?? 0),
    headsChecked: valid.length,
    firstBroken: broken ?? null,
  };
  yield { kind: 'verdict', result };
}

/** The verdict of `verifyAuditByPage` alone. */
export async function verifyAudit(input: VerificationInput): Promise<AuditVerification> {
  for await (const event of verifyAuditByPage(input)) if (event.kind === 'verdict') return event.result;
  throw new Error('a verification without a verdict');
}

class ChainWalk {
  entries = 0;
  broken: Broken | undefined;
  #hash = CHAIN_START;
  readonly #heads: readonly SignedAuditHead[];
  #nextHead = 0;

  constructor(heads: readonly SignedAuditHead[]) {
    this.#heads = heads;
  }

  /** Takes the next link; false where it is broken. */
  take(link: Link, entry: ChainedEntry | undefined): boolean {
    const expected = this.entries + 1;
    if (Number(link.seq) !== expected) return this.#break({ sequence: expected, id: null, what: 'missing' });
    if (entry === undefined) return this.#break({ sequence: expected, id: link.entry_id, what: 'missing' });
    const hash = chainHash(this.#hash, entry);
    if (hash !== link.hash) return this.#break({ sequence: expected, id: entry.id, what: 'hash' });
    for (let head = this.#heads[this.#nextHead]; head?.sequence === expected; head = this.#heads[this.#nextHead]) {
      if (head.hash !== hash) return this.#break({ sequence: expected, id: entry.id, what: 'head' });
      this.#nextHead += 1;
    }
    this.#hash = hash;
    this.entries = expected;
    return true;
  }

  /** After the last link: heads that speak of entries which are no longer there. */
  end(): Broken | undefined {
    if (this.broken === undefined && this.#heads[this.#nextHead] !== undefined) this.broken = { sequence: this.entries + 1, id: null, what: 'missing' };
    return this.broken;
  }

  #break(broken: Broken): false {
    this.broken = broken;
    return false;
  }
}

/**
 * Entries by id, read ahead in the order of their numbers, which is nearly that of the chain: two plain scans side by side
 * take a tenth of the time of a join by id. What is not found so (committed late, or moved by someone) is asked for by id.
 */
class EntryWindow {
  readonly #database: Database;
  readonly #held = new Map<string, ChainedEntry>();
  #after = '0';

  constructor(database: Database) {
    this.#database = database;
  }

  /** The entries of a page of links; those that do not exist are missing from the answer. */
  async take(ids: readonly string[]): Promise<Map<string, ChainedEntry>> {
    if (ids.some((id) => !this.#held.has(id))) await this.#readAhead();
    const missing = ids.filter((id) => !this.#held.has(id));
    if (missing.length > 0) this.#hold(await this.#rows(sql`SELECT ${ENTRY_COLUMNS}, e.ordinal::text AS ordinal FROM audit_entries e WHERE e.id IN (SELECT jsonb_array_elements_text(${JSON.stringify(missing)}::jsonb)::uuid)`));
    const taken = new Map<string, ChainedEntry>();
    for (const id of ids) {
      const entry = this.#held.get(id);
      if (entry !== undefined) taken.set(id, entry);
      this.#held.delete(id);
    }
    // Entries that no link names stay held; more than a page of them would be a leak.
    if (this.#held.size > 2 * PAGE) this.#held.clear();
    return taken;
  }

  async #readAhead(): Promise<void> {
    const rows = await this.#rows(sql`SELECT ${ENTRY_COLUMNS}, e.ordinal::text AS ordinal FROM audit_entries e WHERE e.ordinal > ${this.#after}::bigint ORDER BY e.ordinal LIMIT ${PAGE}`);
    this.#after = rows.at(-1)?.ordinal ?? this.#after;
    this.#hold(rows);
  }

  #hold(rows: readonly ChainedEntry[]): void {
    for (const row of rows) this.#held.set(row.id, row);
  }

  #rows(query: SQL): Promise<(ChainedEntry & { readonly ordinal: string })[]> {
    return trustedRows(this.#database, query, ['id', 'at', 'kind', 'facts', 'ordinal']);
  }
}

function readLinks(database: Database, after: number): Promise<Link[]> {
  return trustedRows(database, sql`SELECT c.seq::text AS seq, c.entry_id::text AS entry_id, c.hash FROM audit_chain c WHERE c.seq > ${after} ORDER BY c.seq LIMIT ${PAGE}`, ['seq', 'entry_id', 'hash']);
}

/**
 * Rows whose first is checked to have these columns as text; the database gives the others alike. Of a million rows, parsing
 * each takes longer than its hash; a value of another kind would change the hash and so be found all the same.
 */
async function trustedRows<Row>(database: Database, query: SQL, columns: readonly string[]): Promise<Row[]> {
  const shape = z.object(Object.fromEntries(columns.map((column) => [column, z.string()])));
  const { rows } = z.object({ rows: z.array(z.custom<Row>((row) => typeof row === 'object' && row !== null)) }).parse(await database.execute(query));
  if (rows.length > 0) shape.parse(rows[0]);
  return rows;
}
