import { and, eq, isNull } from 'drizzle-orm';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { Protocol, ResourceId } from '../../shared/ids.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Clock } from '../clock.ts';
import type { Database } from '../store/database.ts';
import { resources } from '../store/schema.ts';
import type { Asker, Decide } from './connection-access.ts';

export interface ForeignClientsParts {
  readonly database: Database;
  readonly audit: Pick<AuditLog, 'append'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly decide: Decide;
}

/** Answers the app that is about to let programs of the user's own in. Each connection that such a program then wants is asked for and judged by itself. */
export class ForeignClients {
  readonly #parts: ForeignClientsParts;

  constructor(parts: ForeignClientsParts) {
    this.#parts = parts;
  }

  /**
   * The protocols of these for which a rule lets such programs in; the answer stands in the audit log. Throws `access.denied`
   * also for resources that are not there, `access.foreign-client-not-allowed`, and what else the rules say, where there is none.
   */
  async ask({ user, actor }: Pick<Asker, 'user' | 'actor'>, { resourceId, protocols }: { readonly resourceId: ResourceId; readonly protocols: readonly Protocol[] }): Promise<{ protocols: Protocol[] }> {
    const { database, audit } = this.#parts;
    const [resource] = await database.select().from(resources).where(and(eq(resources.id, resourceId), isNull(resources.removedAt)));
    const judged = resource === undefined ? [] : await Promise.all(protocols.map((protocol) => this.#judge(user, resource, protocol)));
    const allowed = judged.flatMap(({ protocol, error }) => (error === undefined ? [protocol] : []));
    const error = allowed.length > 0 ? undefined : (judged.find(({ error: one }) => one?.code === 'access.foreign-client-not-allowed')?.error ?? judged[0]?.error ?? new MavisError('access.denied'));
    const facts = { userId: user.id, user: user.name, resourceId, resource: resource?.name ?? null, asked: [...protocols] };
    await database.transaction((transaction) =>
      audit.append(transaction, error === undefined ? { kind: 'foreign-client.let-in', actor, facts: { ...facts, protocols: allowed } } : { kind: 'foreign-client.refused', actor, facts: { ...facts, code: error.code } }),
    );
    if (error !== undefined) throw error;
    return { protocols: allowed };
  }

  async #judge(user: Asker['user'], resource: typeof resources.$inferSelect, protocol: Protocol): Promise<{ readonly protocol: Protocol; readonly error: MavisError | undefined }> {
    const decision = await this.#parts.decide({ user, resource, protocol, now: this.#parts.clock.now() });
    if (!decision.allowed) return { protocol, error: new MavisError(decision.code, decision.args) };
    if (!decision.policy.foreignClients) return { protocol, error: new MavisError('access.foreign-client-not-allowed') };
    const spoken = resource.protocols.some((one) => one.protocol === protocol);
    return { protocol, error: spoken ? undefined : new MavisError('resource.protocol-unknown', { protocol }) };
  }
}
