import type { User } from '../../shared/api/users.ts';
import type { ErrorArgs, ErrorCode } from '../../shared/errors/catalogue.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { AccessRuleId, Protocol } from '../../shared/ids.ts';
import { isNarrower, type BoundSession } from '../../shared/policy/narrower-policy.ts';
import { sessionPolicy, type SessionPolicy } from '../../shared/policy/session-policy.ts';
import type { AuditActor } from '../audit/audit-log.ts';
import type { resources } from '../store/schema.ts';
import type { ConnectionRow } from './connection-transitions.ts';

export type ResourceRow = typeof resources.$inferSelect;

/** Who asks, as the request proves it. */
export interface Asker {
  readonly user: User;
  readonly actor: AuditActor;
  readonly tokenSha256: string;
  readonly clientKeyThumbprint: string;
  /** The peer's IP address. */
  readonly address: string;
  readonly signal: AbortSignal;
}

/** What the access rules say. */
export type AccessDecision =
  | { readonly allowed: true; readonly rule: { readonly id: AccessRuleId; readonly name: string; readonly tunnel?: 'system' | 'always' }; readonly policy: SessionPolicy; readonly signOn: 'stored' | 'ask-user'; readonly notAfter: Date | string | null }
  | { readonly allowed: false; readonly code: ErrorCode; readonly args?: ErrorArgs };

/** Asks the access rules. */
export type Decide = (request: { readonly user: User; readonly resource: ResourceRow; readonly protocol: Protocol; readonly now: Date }) => Promise<AccessDecision>;

/** An access that stands now, and until when. */
export interface Allowed {
  readonly resource: ResourceRow;
  readonly rule: { readonly id: AccessRuleId; readonly name: string };
  readonly policy: SessionPolicy;
  readonly signOn: 'stored' | 'ask-user';
  readonly notAfter: Date;
  /** Tunnel applies whatever the switch for the system says: by the rule, or to a third-party vendor (S33). */
  readonly tunnelAlways: boolean;
}

/** Whether a user may reach a resource now, and for how long: the rules, the longest duration and the user's own expiry (rule 2). */
export async function judgeAccess(decide: Decide, user: User, resource: ResourceRow, { protocol, foreignClient }: Pick<ConnectionRow, 'protocol' | 'foreignClient'>, now: Date): Promise<Allowed | { readonly error: MavisError }> {
  const decision = await decide({ user, resource, protocol, now });
  if (!decision.allowed) return { error: new MavisError(decision.code, decision.args) };
  if (foreignClient && !decision.policy.foreignClients) return { error: new MavisError('access.foreign-client-not-allowed') };
  if (!resource.protocols.some((one) => one.protocol === protocol)) return { error: new MavisError('resource.protocol-unknown', { protocol }) };
  if (decision.signOn === 'stored' && resource.credentialId === null) return { error: new MavisError('resource.no-credential') };
  const ends = [now.getTime() + decision.policy.maxDurationSeconds * 1000];
  if (decision.notAfter !== null) ends.push(new Date(decision.notAfter).getTime());
  if (user.expiresAt !== null) ends.push(new Date(user.expiresAt).getTime());
  return { resource, rule: decision.rule, policy: decision.policy, signOn: decision.signOn, notAfter: new Date(Math.min(...ends)), tunnelAlways: mustTunnel(decision, user) };
}

/**
 * Whether what the rules give now is less than what a connection was granted: a policy that is narrower for it, or Tunnel where it goes
 * directly (S33). A gateway goes by its grant, so that such a session ends (rule 11).
 */
export function givesLess(decision: Pick<Extract<AccessDecision, { allowed: true }>, 'rule' | 'policy'>, user: Pick<User, 'role'>, granted: BoundSession & { readonly policy: SessionPolicy; readonly direct: boolean }): boolean {
  // Policies that an older version wrote down, of the rule or of the grant, have no word for what came later.
  return (granted.direct && mustTunnel(decision, user)) || isNarrower(sessionPolicy.parse(decision.policy), sessionPolicy.parse(granted.policy), granted);
}

function mustTunnel({ rule }: Pick<Extract<AccessDecision, { allowed: true }>, 'rule'>, user: Pick<User, 'role'>): boolean {
  return rule.tunnel === 'always' || user.role === 'vendor';
}
