import { randomUUID } from 'node:crypto';
import type { AuditEntry } from '../../shared/api/audit.ts';
import type { Clock } from '../clock.ts';
import type { Queryable } from '../store/database.ts';
import { auditEntries } from '../store/schema.ts';
import { canonicalFacts, type Facts } from './canonical-json.ts';

export type AuditActor = AuditEntry['actor'];

/** The service itself as actor: what happens by time or by a gateway's doing. */
export const serviceActor: AuditActor = { kind: 'service', id: null, name: 'mavis-service' };

/** What an entry tells: who did what, with which facts (names, ids, codes; never a secret), under which reference. */
export interface NewAuditEntry {
  /** Two or more words with dots: `user.disabled`, `connection.failed`. */
  readonly kind: string;
  readonly actor: AuditActor;
  readonly reference?: string | null;
  readonly facts?: Facts;
}

/** Names of users and resources are bounded at the border; this is against a text that no border bounded. */
const MAX_FACTS_CHARACTERS = 16_384;

/** Writes entries of the audit log. They are chained within a second (`audit-chain.ts`), whoever commits them. */
export class AuditLog {
  readonly #clock: Pick<Clock, 'now'>;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /** Adds an entry in the transaction of the act that it reports, so that neither stands without the other. Gives its id. */
  async append(transaction: Pick<Queryable, 'insert'>, { kind, actor, reference, facts }: NewAuditEntry): Promise<string> {
    const text = canonicalFacts(facts ?? {});
    if (text.length > MAX_FACTS_CHARACTERS) throw new RangeError(`facts of ${kind} are too long`);
    const id = randomUUID();
    await transaction.insert(auditEntries).values({ id, at: this.#clock.now(), kind, actorKind: actor.kind, actorId: actor.id, actorName: actor.name, reference: reference ?? null, facts: text });
    return id;
  }
}
