import { createPublicKey, verify } from 'node:crypto';
import { asc, sql } from 'drizzle-orm';
import { z } from 'zod';
import { auditHeadText, type SignedAuditHead } from '../../shared/audit-head.ts';
import type { Clock } from '../clock.ts';
import type { ServiceKeys } from '../keys/service-keys.ts';
import type { Notice } from '../notices/notice.ts';
import { rowsOf, type Database } from '../store/database.ts';
import { auditHeads } from '../store/schema.ts';

const chainEnd = z.object({ seq: z.coerce.number(), hash: z.string(), headed: z.boolean() });

interface Dependencies {
  readonly database: Database;
  readonly clock: Pick<Clock, 'now'>;
  readonly signing: ServiceKeys['signing'];
  /** Told of each new head, for copies to the gateways. */
  readonly headSigned: Pick<Notice<SignedAuditHead>, 'publish'>;
}

/** Signs where the chain stands, so that what came before can no longer be rewritten without it showing. */
export class AuditHeads {
  readonly #with: Dependencies;

  constructor(dependencies: Dependencies) {
    this.#with = dependencies;
  }

  /** Signs the chain's end; undefined where it is empty or has a head already. */
  async sign(): Promise<SignedAuditHead | undefined> {
    const { database, clock, signing, headSigned } = this.#with;
    const [end] = await rowsOf(database, sql`SELECT c.seq, c.hash, EXISTS (SELECT FROM audit_heads h WHERE h.seq = c.seq) AS headed FROM audit_chain c ORDER BY c.seq DESC LIMIT 1`, chainEnd);
    if (end === undefined || end.headed) return undefined;
    const signedAt = clock.now();
    const unsigned = { sequence: end.seq, hash: end.hash, signedAt: signedAt.toISOString() };
    const head = { ...unsigned, signature: signing.sign(auditHeadText(unsigned)) };
    await database.insert(auditHeads).values({ seq: head.sequence, hash: head.hash, signedAt, signature: head.signature, signingKey: signing.publicKey });
    await headSigned.publish(head);
    return head;
  }

  /** All heads, oldest first. */
  async all(): Promise<SignedAuditHead[]> {
    const rows = await this.#with.database.select().from(auditHeads).orderBy(asc(auditHeads.seq), asc(auditHeads.signedAt));
    return rows.map((row) => ({ sequence: row.seq, hash: row.hash, signedAt: row.signedAt.toISOString(), signature: row.signature }));
  }
}

/** Whether a head was signed by this key (SubjectPublicKeyInfo, base64url). */
export function isHeadSignedBy(head: SignedAuditHead, signingKey: string): boolean {
  const key = createPublicKey({ key: Buffer.from(signingKey, 'base64url'), format: 'der', type: 'spki' });
  return verify(null, Buffer.from(auditHeadText(head)), key, Buffer.from(head.signature, 'base64url'));
}
