import { z } from 'zod';
import { accessRuleId, instant, protocol, userId } from '../ids.ts';
import { sessionPolicy } from '../policy/session-policy.ts';
import { defineRoute, empty } from './route.ts';
import { role } from './roles.ts';

const clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/);

/** When a rule holds: days of the week (1 Monday to 7 Sunday) and a span of the day in an IANA time zone; `until` before `from` runs over midnight. */
export const accessWindow = z.object({
  days: z.array(z.number().int().min(1).max(7)).min(1).max(7),
  from: clock,
  until: clock,
  timeZone: z.string().max(64),
});

/** Gives the resources that match `filter` (the filter language) to a role or a user, for some protocols, at some times, under a policy. */
export const accessRuleFields = z.object({
  name: z.string().min(1).max(200),
  subject: z.discriminatedUnion('kind', [z.object({ kind: z.literal('role'), role }), z.object({ kind: z.literal('user'), userId })]),
  /** Filter over tags and fields; the empty text matches every resource. */
  filter: z.string().max(500),
  protocols: z.array(protocol).min(1).max(4),
  windows: z.array(accessWindow).max(16).default([]),
  startsAt: instant.nullable().default(null),
  endsAt: instant.nullable().default(null),
  /** `stored`: the resource's credential signs on, unseen by the user. `ask-user`: the user's own credentials are asked for in the session. */
  signOn: z.enum(['stored', 'ask-user']).default('stored'),
  /** `always`: through the default gateway, whatever the switch for the system says. Third-party vendors always are (S33). */
  tunnel: z.enum(['system', 'always']).default('system'),
  policy: sessionPolicy,
});
export type AccessRuleFields = z.infer<typeof accessRuleFields>;
export const accessRule = accessRuleFields.extend({ id: accessRuleId, createdAt: instant, updatedAt: instant });
export type AccessRule = z.infer<typeof accessRule>;

/** A rule in the place of another, as a whole: what somebody else changed of it in the meantime would be lost. */
export const accessRuleReplacement = accessRuleFields.extend({
  /** The `updatedAt` of the rule that was read: where it was changed since, `request.conflict`. Without it, whatever stands there is replaced. */
  unchangedSince: instant.optional(),
});

/** Which rule decides, and the others that were looked at, in the order in which they are. */
export const accessTrial = z.object({
  allowed: z.boolean(),
  /** Why not, as the user would be told. */
  code: z.string().nullable(),
  args: z.record(z.string(), z.union([z.string(), z.number()])),
  /** The rule that decides. */
  accessRuleId: accessRuleId.nullable(),
  /** When a session begun now would end at the latest. */
  notAfter: instant.nullable(),
  rules: z.array(z.object({ accessRuleId, name: z.string(), /** The first thing that keeps the rule from deciding; null for the one that decides and for those behind it. */ keptBy: z.enum(['not-in-force', 'resource', 'protocol', 'hours']).nullable() })),
});
export type AccessTrial = z.infer<typeof accessTrial>;

const byId = z.object({ accessRuleId });
export const accessRulesRoutes = {
  accessRuleList: defineRoute({ method: 'GET', path: '/v1/access-rules', summary: 'List access rules', access: ['admin', 'auditor', 'operator'], response: z.object({ items: z.array(accessRule) }) }),
  accessRuleMatches: defineRoute({ method: 'GET', path: '/v1/access-rules/matches', summary: 'Which resources a filter gives', access: ['admin', 'auditor', 'operator'], query: z.object({ filter: z.string().max(500) }), response: z.object({ total: z.number().int(), names: z.array(z.string()).max(50), problem: z.object({ position: z.number().int(), code: z.string() }).nullable() }) }),
  accessRuleTry: defineRoute({ method: 'GET', path: '/v1/access-rules/try', summary: 'Which rule decides for a user and a resource now, and why', access: ['admin', 'auditor', 'operator'], query: z.object({ user: z.string().min(1).max(128), resource: z.string().min(1).max(200), protocol }), response: accessTrial }),
  accessRuleCreate: defineRoute({ method: 'POST', path: '/v1/access-rules', summary: 'Add an access rule', access: ['admin'], body: accessRuleFields, response: accessRule }),
  accessRuleUpdate: defineRoute({ method: 'PUT', path: '/v1/access-rules/:accessRuleId', summary: 'Replace an access rule', access: ['admin'], params: byId, body: accessRuleReplacement, response: accessRule }),
  accessRuleRemove: defineRoute({ method: 'DELETE', path: '/v1/access-rules/:accessRuleId', summary: 'Remove an access rule', access: ['admin'], params: byId, response: empty }),
} as const;
