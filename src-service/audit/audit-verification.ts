import { sql } from 'drizzle-orm';
import { z } from 'zod';
import type { AuditVerification } from '../../shared/api/audit.ts';
import type { SignedAuditHead } from '../../shared/audit-head.ts';
import { rowsOf, type Database } from '../store/database.ts';
import { ENTRY_COLUMNS } from './audit-chain.ts';
import { isHeadSignedBy } from './audit-heads.ts';
import { CHAIN_START, chainHash, type ChainedEntry } from './chain-hash.ts';

/** Links a query: about ten megabytes at a time. */
const PAGE = 10_000;

const text = z.string();
/** Checked by hand and not by a schema: of a million rows the parsing of each would take longer than its hash. */
interface Link extends Omit<ChainedEntry, 'id'> {
  readonly id: string | null;
  readonly seq: string | number;
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
 * far as they go, but not proven: who can write the database could have replaced them.
 */
export async function verifyAudit({ database, signingKey, heads, signal }: VerificationInput): Promise<AuditVerification> {
  const ordered = heads.toSorted((a, b) => a.sequence - b.sequence);
  const forged = ordered.find((head) => !isHeadSignedBy(head, signingKey));
  const valid = ordered.filter((head) => isHeadSignedBy(head, signingKey));
  const walk = new ChainWalk(valid);
  for (let after = 0; walk.broken === undefined; ) {
    signal?.throwIfAborted();
    const page = await readPage(database, after);
    for (const link of page) if (!walk.take(link)) break;
    if (page.length < PAGE) break;
    after = walk.entries;
  }
  const proven = walk.broken === undefined ? (valid.at(-1)?.sequence ?? 0) : Math.min(walk.broken.sequence - 1, valid.at(-1)?.sequence ?? 0);
  const broken = walk.end() ?? (forged === undefined ? undefined : { sequence: forged.sequence, id: null, what: 'head' as const });
  const [unchained] = await rowsOf(database, sql`SELECT (SELECT count(*) FROM audit_entries) - (SELECT count(*) FROM audit_chain) AS count`, z.object({ count: z.coerce.number() }));
  return {
    ok: broken === undefined,
    entries: walk.entries,
    notYetProven: Math.max(0, walk.entries - Math.max(0, proven)) + Math.max(0, unchained?.count ?? 0),
    headsChecked: valid.length,
    firstBroken: broken ?? null,
  };
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
  take(link: Link): boolean {
    const expected = this.entries + 1;
    if (Number(link.seq) !== expected) return this.#break({ sequence: expected, id: null, what: 'missing' });
    if (link.id === null) return this.#break({ sequence: expected, id: link.entry_id, what: 'missing' });
    const hash = chainHash(this.#hash, { ...link, id: link.id });
    if (hash !== link.hash) return this.#break({ sequence: expected, id: link.id, what: 'hash' });
    for (let head = this.#heads[this.#nextHead]; head?.sequence === expected; head = this.#heads[this.#nextHead]) {
      if (head.hash !== hash) return this.#break({ sequence: expected, id: link.id, what: 'head' });
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

async function readPage(database: Database, after: number): Promise<Link[]> {
  const answer = z.object({ rows: z.array(z.custom<Link>((row) => typeof row === 'object' && row !== null && 'seq' in row && 'entry_id' in row && text.safeParse(Reflect.get(row, 'hash')).success)) });
  const { rows } = answer.parse(
    await database.execute(sql`SELECT c.seq, c.entry_id, c.hash, ${ENTRY_COLUMNS} FROM (SELECT * FROM audit_chain WHERE seq > ${after} ORDER BY seq LIMIT ${PAGE}) c LEFT JOIN audit_entries e ON e.id = c.entry_id ORDER BY c.seq`),
  );
  return rows;
}
