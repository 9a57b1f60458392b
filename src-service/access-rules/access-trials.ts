import { and, eq, isNull, sql } from 'drizzle-orm';
import { z } from 'zod';
import type { AccessTrial } from '../../shared/api/access-rules.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { resourceId, type Protocol, type ResourceId } from '../../shared/ids.ts';
import type { Clock } from '../clock.ts';
import type { Database } from '../store/database.ts';
import { resources, users } from '../store/schema.ts';
import { nameKeyOf, selectUsers, toUser } from '../users/user-rows.ts';
import type { Access } from './access.ts';
import { isInForce, narrowestThenOldest } from './access-decision.ts';
import { openUntil } from './access-window.ts';

interface Dependencies {
  readonly access: Pick<Access, 'list' | 'decide' | 'ruleMatches'>;
  readonly database: Database;
  readonly clock: Pick<Clock, 'now'>;
}

/** Tries the access rules as a connection would, without one: what decides, and what keeps the other rules from it. */
export class AccessTrials {
  readonly #with: Dependencies;

  constructor(dependencies: Dependencies) {
    this.#with = dependencies;
  }

  /** Who may reach what now, by which rule. User and resource are named by id or name; throws `request.not-found`, `resource.unknown`. */
  async try({ user: userText, resource: resourceText, protocol }: { readonly user: string; readonly resource: string; readonly protocol: Protocol }): Promise<AccessTrial> {
    const { access, database, clock } = this.#with;
    const now = clock.now();
    const [found] = await selectUsers(database, z.uuid().safeParse(userText).success ? sql`${users.id} = ${userText}::uuid` : eq(users.nameKey, nameKeyOf(userText)));
    if (found === undefined) throw new MavisError('request.not-found');
    const user = toUser(found.row, found.lockedUntil, now);
    const id = await this.#resourceId(resourceText);
    const decision = access.decide({ user, resource: { id }, protocol, now });
    const rules = access
      .list()
      .filter((rule) => (rule.subject.kind === 'user' ? rule.subject.userId === user.id : rule.subject.role === user.role))
      .toSorted(narrowestThenOldest)
      .map((rule) => {
        const open = rule.windows.length === 0 || rule.windows.some((window) => openUntil(window, now) !== undefined);
        const keptBy = !isInForce(rule, user, now) ? ('not-in-force' as const) : !access.ruleMatches(rule, id) ? ('resource' as const) : !rule.protocols.includes(protocol) ? ('protocol' as const) : open ? null : ('hours' as const);
        return { accessRuleId: rule.id, name: rule.name, keptBy };
      });
    if (user.disabledAt !== null) return { allowed: false, code: 'sign-in.disabled', args: {}, accessRuleId: null, notAfter: null, rules };
    if (user.expiresAt !== null && Date.parse(user.expiresAt) <= now.getTime()) return { allowed: false, code: 'sign-in.expired', args: {}, accessRuleId: null, notAfter: null, rules };
    return decision.allowed
      ? { allowed: true, code: null, args: {}, accessRuleId: decision.rule.id, notAfter: decision.notAfter.toISOString(), rules }
      : { allowed: false, code: decision.code, args: { ...decision.args }, accessRuleId: null, notAfter: null, rules };
  }

  async #resourceId(text: string): Promise<ResourceId> {
    const asId = resourceId.safeParse(text);
    if (asId.success) return asId.data;
    const [row] = await this.#with.database.select({ id: resources.id }).from(resources).where(and(sql`lower(${resources.name}) = lower(${text})`, isNull(resources.removedAt)));
    if (row === undefined) throw new MavisError('resource.unknown');
    return row.id;
  }
}
