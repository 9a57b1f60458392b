import { hash, randomUUID } from 'node:crypto';
import { asc, eq } from 'drizzle-orm';
import type { AccessRule, AccessRuleFields } from '../../shared/api/access-rules.ts';
import type { ResourceSummary } from '../../shared/api/resources.ts';
import type { User } from '../../shared/api/users.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { accessRuleId, type AccessRuleId, type Protocol, type ResourceId, type UserId } from '../../shared/ids.ts';
import { parseFilter } from '../../shared/resources/filter.ts';
import { PositionSet } from '../../shared/resources/position-set.ts';
import type { SearchIndex } from '../../shared/resources/search-index.ts';
import type { AuditActor, AuditLog } from '../audit/audit-log.ts';
import type { Facts } from '../audit/canonical-json.ts';
import { changedFacts } from '../audit/changed-facts.ts';
import type { Clock } from '../clock.ts';
import type { Notice } from '../notices/notice.ts';
import type { Inventory } from '../resources/inventory.ts';
import type { Database, Store } from '../store/database.ts';
import { notify } from '../store/notify.ts';
import { accessRules, users } from '../store/schema.ts';
import { decideAccess, isInForce, type AccessDecision } from './access-decision.ts';
import { isTimeZone } from './access-window.ts';

/** More rules than anyone oversees; each costs every listing a union of sets. */
const MAX_RULES = 2_000;
/** Names that trying a filter gives: enough to see whether it is the right one. */
const MATCHES_NAMED = 50;
/** Enough that two sets of rules do not look alike. */
const REVISION_LETTERS = 16;

interface Dependencies {
  readonly database: Database;
  readonly listen: Store['listen'];
  readonly inventory: Pick<Inventory, 'index' | 'find' | 'revision'>;
  readonly auditLog: Pick<AuditLog, 'append'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly changed: Pick<Notice<{ userId: UserId | null }>, 'publish'>;
}

/** The access rules, in memory beside the database, and what they give. Nobody sees or opens what no rule gives, administrators included. */
export class Access {
  readonly #with: Dependencies;
  #rules: readonly AccessRule[] = [];
  /** One load at a time; each sees everything that committed before it began. */
  #loading: Promise<void> = Promise.resolve();
  #stopListening: (() => Promise<void>) | undefined;
  #matched: { index: SearchIndex<ResourceSummary>; sets: Map<string, PositionSet> } | undefined;

  constructor(dependencies: Dependencies) {
    this.#with = dependencies;
  }

  /** Loads the rules and keeps them current; `failed` is told where that failed after a notice. */
  async start(failed: (error: unknown) => void): Promise<void> {
    const { listen, changed } = this.#with;
    this.#stopListening = await listen('access_rules', () => {
      this.#load().then(() => changed.publish({ userId: null })).catch(failed);
    });
    await this.#load();
  }

  async stop(): Promise<void> {
    await this.#stopListening?.();
    await this.#loading.catch(() => undefined);
  }

  /** The positions in the inventory's index that a user may see now. */
  visible(user: Pick<User, 'id' | 'role'>): PositionSet {
    return this.#union(this.#inForce(user));
  }

  /**
   * What a user sees now: the positions in the inventory's index, and of each resource those of its protocols that some rule in
   * force gives him, whatever the hour. Costs one union of sets for each rule, as `visible` does.
   */
  seenBy(user: Pick<User, 'id' | 'role'>): { readonly visible: PositionSet; readonly protocolsOf: (resource: ResourceSummary) => Protocol[] } {
    const { inventory } = this.#with;
    // Rules of the same protocols are one set: of four protocols there are few such sets, however many rules.
    const given = [...Map.groupBy(this.#inForce(user), ({ protocols }) => protocols.toSorted().join()).values()].map((rules) => ({ protocols: rules[0]?.protocols ?? [], set: this.#union(rules) }));
    return {
      visible: given.reduce((all, { set }) => all.or(set), new PositionSet(inventory.index.size)),
      protocolsOf: ({ id, protocols }) => {
        const found = inventory.find(id);
        return found === undefined ? [] : protocols.filter((name) => given.some((one) => one.protocols.includes(name) && one.set.has(found.position)));
      },
    };
  }

  /** Another text whenever what the user sees of the inventory may be another: a resource changed, a rule of his, his role, or a rule of his began or ended. */
  revisionFor(user: Pick<User, 'id' | 'role'>): string {
    const rules = this.#inForce(user).map(({ id, updatedAt }) => `${id} ${updatedAt}`);
    return `${this.#with.inventory.revision}-${hash('sha256', rules.join('\n'), 'base64url').slice(0, REVISION_LETTERS)}`;
  }

  /** A resource that the user may see; undefined for one that is not there or not given, so that nobody learns which. */
  visibleResource(user: Pick<User, 'id' | 'role'>, id: ResourceId): ResourceSummary | undefined {
    const found = this.#with.inventory.find(id);
    return found !== undefined && this.visible(user).has(found.position) ? found.resource : undefined;
  }

  /** Whether a user may open a connection to a resource now: see `decideAccess`. */
  decide({ user, resource, protocol, now = this.#with.clock.now() }: { user: Pick<User, 'id' | 'role' | 'expiresAt'>; resource: Pick<ResourceSummary, 'id'>; protocol: Protocol; now?: Date }): AccessDecision {
    const found = this.#with.inventory.find(resource.id);
    if (found === undefined) return { allowed: false, code: 'access.denied', args: {} };
    return decideAccess(this.#rules, { user, resource: found.resource, protocol, now, matches: (rule) => this.#matching(rule.filter).has(found.position) });
  }

  /** The resources that a filter matches: how many, and the names of the first. A filter that cannot be read says where. */
  matches(filter: string): { total: number; names: string[]; problem: { position: number; code: string } | null } {
    const parsed = parseFilter(filter);
    if (!parsed.ok) return { total: 0, names: [], problem: parsed.problem };
    const { index } = this.#with.inventory;
    const set = index.match(parsed.filter);
    return { total: set.count(), names: index.page(set, 0, MATCHES_NAMED).map(({ name }) => name), problem: null };
  }

  /** Whether a rule's filter matches the resource. */
  ruleMatches(rule: AccessRule, id: ResourceId): boolean {
    const found = this.#with.inventory.find(id);
    return found !== undefined && this.#matching(rule.filter).has(found.position);
  }

  list(): readonly AccessRule[] {
    return this.#rules;
  }

  async create(actor: AuditActor, fields: AccessRuleFields): Promise<AccessRule> {
    const { database, clock, auditLog } = this.#with;
    this.#assertValid(fields);
    if (this.#rules.length >= MAX_RULES) throw new MavisError('request.conflict', { what: 'too-many-rules' });
    const now = clock.now();
    const id = accessRuleId.parse(randomUUID());
    await database.transaction(async (transaction) => {
      await this.#assertUser(transaction, fields);
      await transaction.insert(accessRules).values({ ...toRow(fields), id, createdAt: now, updatedAt: now });
      await auditLog.append(transaction, { kind: 'access-rule.created', actor, facts: factsOf(id, fields) });
      await notify(transaction, 'access_rules', id);
    });
    return this.#reloaded(id);
  }

  /** Replaces a rule. Throws `request.conflict` where it is no longer as it was at `unchangedSince`, its `updatedAt` when it was read. */
  async update(actor: AuditActor, id: AccessRuleId, fields: AccessRuleFields, unchangedSince?: string): Promise<AccessRule> {
    const { database, clock, auditLog } = this.#with;
    this.#assertValid(fields);
    await database.transaction(async (transaction) => {
      await this.#assertUser(transaction, fields);
      const [before] = await transaction.select().from(accessRules).where(eq(accessRules.id, id)).for('update');
      if (before !== undefined && unchangedSince !== undefined && before.updatedAt.getTime() !== Date.parse(unchangedSince)) throw new MavisError('request.conflict', { what: 'changed-since' });
      const [row] = await transaction.update(accessRules).set({ ...toRow(fields), updatedAt: clock.now() }).where(eq(accessRules.id, id)).returning();
      if (before === undefined || row === undefined) throw new MavisError('request.not-found');
      await auditLog.append(transaction, { kind: 'access-rule.changed', actor, facts: { ...factsOf(id, fields), ...changedFacts(ruleFacts(toRule(before)), ruleFacts(fields)) } });
      await notify(transaction, 'access_rules', id);
    });
    return this.#reloaded(id);
  }

  async remove(actor: AuditActor, id: AccessRuleId): Promise<void> {
    const { database, auditLog } = this.#with;
    await database.transaction(async (transaction) => {
      const [row] = await transaction.delete(accessRules).where(eq(accessRules.id, id)).returning();
      if (row === undefined) throw new MavisError('request.not-found');
      await auditLog.append(transaction, { kind: 'access-rule.removed', actor, facts: { accessRuleId: id, name: row.name, ...changedFacts(ruleFacts(toRule(row)), {}) } });
      await notify(transaction, 'access_rules', id);
    });
    await this.#load();
  }

  /** The rule as it stands after a change, which holds from here on. Live sessions are judged again by the notice. */
  async #reloaded(id: AccessRuleId): Promise<AccessRule> {
    await this.#load();
    const rule = this.#rules.find((one) => one.id === id);
    if (rule === undefined) throw new MavisError('request.not-found');
    return rule;
  }

  /** Loads one after the other: of two at once the older answer could come last, and bring back a rule that was removed. */
  #load(): Promise<void> {
    const next = this.#loading.catch(() => undefined).then(() => this.#read());
    this.#loading = next;
    return next;
  }

  async #read(): Promise<void> {
    const rows = await this.#with.database.select().from(accessRules).orderBy(asc(accessRules.createdAt), asc(accessRules.id));
    this.#rules = rows.map(toRule);
  }

  #inForce(user: Pick<User, 'id' | 'role'>): AccessRule[] {
    const now = this.#with.clock.now();
    return this.#rules.filter((rule) => isInForce(rule, user, now));
  }

  #union(rules: readonly AccessRule[]): PositionSet {
    return rules.map((rule) => this.#matching(rule.filter)).reduce((all, set) => all.or(set), new PositionSet(this.#with.inventory.index.size));
  }

  /** The positions that a filter matches, kept while the index is the same: rules are few, requests many. */
  #matching(filter: string): PositionSet {
    const { index } = this.#with.inventory;
    if (this.#matched?.index !== index) this.#matched = { index, sets: new Map() };
    const known = this.#matched.sets.get(filter);
    if (known !== undefined) return known;
    const parsed = parseFilter(filter);
    // A filter that an older version took and this one does not gives nothing rather than all.
    const set = parsed.ok ? index.match(parsed.filter) : new PositionSet(index.size);
    if (this.#matched.sets.size < 2 * MAX_RULES) this.#matched.sets.set(filter, set);
    return set;
  }

  #assertValid(fields: AccessRuleFields): void {
    if (!parseFilter(fields.filter).ok) throw new MavisError('request.invalid', { field: 'filter' });
    if (fields.windows.some((window) => !isTimeZone(window.timeZone))) throw new MavisError('request.invalid', { field: 'windows' });
    if (fields.startsAt !== null && fields.endsAt !== null && fields.startsAt >= fields.endsAt) throw new MavisError('request.invalid', { field: 'endsAt' });
    if (fields.policy.firstUseTrust && fields.signOn !== 'ask-user') throw new MavisError('request.invalid', { field: 'policy.firstUseTrust' });
  }

  async #assertUser(transaction: Pick<Database, 'select'>, { subject }: AccessRuleFields): Promise<void> {
    if (subject.kind === 'role') return;
    const [found] = await transaction.select({ id: users.id }).from(users).where(eq(users.id, subject.userId));
    if (found === undefined) throw new MavisError('request.invalid', { field: 'subject' });
  }
}

function factsOf(id: AccessRuleId, fields: AccessRuleFields) {
  const { subject } = fields;
  return { accessRuleId: id, name: fields.name, subject: subject.kind === 'role' ? subject.role : subject.userId, filter: fields.filter, protocols: fields.protocols, signOn: fields.signOn, tunnel: fields.tunnel };
}

/** A rule field by field, for entries that tell what it was and is. */
function ruleFacts({ subject, windows, policy, ...fields }: AccessRuleFields): Facts {
  return {
    name: fields.name,
    subject: subject.kind === 'role' ? subject.role : subject.userId,
    filter: fields.filter,
    protocols: fields.protocols,
    windows: windows.map((window) => `${window.days.join(',')} ${window.from}-${window.until} ${window.timeZone}`),
    startsAt: fields.startsAt,
    endsAt: fields.endsAt,
    signOn: fields.signOn,
    tunnel: fields.tunnel,
    ...Object.fromEntries(Object.entries(policy).map(([name, value]) => [`policy.${name}`, JSON.stringify(value)])),
  };
}

function toRow(fields: AccessRuleFields) {
  const { subject } = fields;
  return {
    name: fields.name,
    subjectKind: subject.kind,
    subjectRole: subject.kind === 'role' ? subject.role : null,
    subjectUserId: subject.kind === 'user' ? subject.userId : null,
    filter: fields.filter,
    protocols: fields.protocols,
    windows: fields.windows,
    startsAt: fields.startsAt === null ? null : new Date(fields.startsAt),
    endsAt: fields.endsAt === null ? null : new Date(fields.endsAt),
    signOn: fields.signOn,
    tunnel: fields.tunnel,
    policy: fields.policy,
  };
}

function toRule(row: typeof accessRules.$inferSelect): AccessRule {
  return {
    id: row.id,
    name: row.name,
    subject: subjectOf(row),
    filter: row.filter,
    protocols: row.protocols,
    windows: row.windows,
    startsAt: row.startsAt?.toISOString() ?? null,
    endsAt: row.endsAt?.toISOString() ?? null,
    signOn: row.signOn,
    tunnel: row.tunnel,
    policy: row.policy,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}

function subjectOf(row: typeof accessRules.$inferSelect): AccessRule['subject'] {
  if (row.subjectUserId !== null) return { kind: 'user', userId: row.subjectUserId };
  if (row.subjectRole !== null) return { kind: 'role', role: row.subjectRole };
  throw new Error('an access rule without a subject');
}
