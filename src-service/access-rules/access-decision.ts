import type { AccessRule } from '../../shared/api/access-rules.ts';
import type { ResourceSummary } from '../../shared/api/resources.ts';
import type { User } from '../../shared/api/users.ts';
import type { ErrorArgs, ErrorCode } from '../../shared/errors/catalogue.ts';
import type { Protocol } from '../../shared/ids.ts';
import type { SessionPolicy } from '../../shared/policy/session-policy.ts';
import { openUntil, opensNext } from './access-window.ts';

/** Whether someone may open a connection now, by which rule, and until when at the latest. */
export type AccessDecision =
  | { readonly allowed: true; readonly rule: AccessRule; readonly policy: SessionPolicy; readonly signOn: AccessRule['signOn']; readonly notAfter: Date }
  | { readonly allowed: false; readonly code: Extract<ErrorCode, 'access.denied' | 'access.outside-hours' | 'access.protocol-not-allowed'>; readonly args: ErrorArgs };

export interface AccessQuestion {
  readonly user: Pick<User, 'id' | 'role' | 'expiresAt'>;
  readonly resource: ResourceSummary;
  readonly protocol: Protocol;
  readonly now: Date;
  /** Whether a rule's filter matches the resource. */
  readonly matches: (rule: AccessRule, resource: ResourceSummary) => boolean;
}

/** Whether a rule speaks of this user and is between its start and end. Its hours are judged only when connecting. */
export function isInForce(rule: AccessRule, user: Pick<User, 'id' | 'role'>, now: Date): boolean {
  const speaksOf = rule.subject.kind === 'user' ? rule.subject.userId === user.id : rule.subject.role === user.role;
  return speaksOf && (rule.startsAt === null || Date.parse(rule.startsAt) <= now.getTime()) && (rule.endsAt === null || Date.parse(rule.endsAt) > now.getTime());
}

/**
 * Decides by exactly one rule: of those that speak of the user, match the resource, allow the protocol and are open now, the
 * one with the narrowest subject (the user before the role), then the oldest. Rights of several rules are never added up, so
 * that what a session may do can be read from one rule. Where none is left, the reason nearest to a way in is given.
 */
export function decideAccess(rules: readonly AccessRule[], question: AccessQuestion): AccessDecision {
  const { user, resource, protocol, now, matches } = question;
  const ordered = rules.filter((rule) => isInForce(rule, user, now) && matches(rule, resource)).toSorted(narrowestThenOldest);
  const forProtocol = ordered.filter((rule) => rule.protocols.includes(protocol));
  for (const rule of forProtocol) {
    const closesAt = rule.windows.length === 0 ? Number.POSITIVE_INFINITY : latestClosing(rule, now);
    if (closesAt !== undefined) return { allowed: true, rule, policy: rule.policy, signOn: rule.signOn, notAfter: notAfter(rule, user, closesAt, now) };
  }
  if (forProtocol.length > 0) return { allowed: false, code: 'access.outside-hours', args: { from: nextOpening(forProtocol, now) } };
  if (ordered.length > 0) return { allowed: false, code: 'access.protocol-not-allowed', args: { protocol } };
  return { allowed: false, code: 'access.denied', args: {} };
}

/** The order in which rules are asked: the narrowest subject first, then the oldest. */
export function narrowestThenOldest(a: AccessRule, b: AccessRule): number {
  if (a.subject.kind !== b.subject.kind) return a.subject.kind === 'user' ? -1 : 1;
  return a.createdAt < b.createdAt ? -1 : a.createdAt > b.createdAt ? 1 : a.id < b.id ? -1 : 1;
}

/** The earliest of the user's expiry, the rule's end, its window's end and the longest duration (rule 2). */
function notAfter(rule: AccessRule, user: Pick<User, 'expiresAt'>, closesAt: number, now: Date): Date {
  const ends = [user.expiresAt, rule.endsAt].flatMap((end) => (end === null ? [] : [Date.parse(end)]));
  return new Date(Math.min(...ends, closesAt, now.getTime() + rule.policy.maxDurationSeconds * 1000));
}

function latestClosing(rule: AccessRule, now: Date): number | undefined {
  const closings = rule.windows.flatMap((window) => openUntil(window, now)?.getTime() ?? []);
  return closings.length === 0 ? undefined : Math.max(...closings);
}

/** When the first of these rules opens, as an instant that the client shows in local time; empty where none ever does. */
function nextOpening(rules: readonly AccessRule[], now: Date): string {
  const openings = rules.flatMap((rule) => rule.windows.flatMap((window) => opensNext(window, now)?.getTime() ?? []));
  return openings.length === 0 ? '' : new Date(Math.min(...openings)).toISOString();
}
