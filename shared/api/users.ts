import { z } from 'zod';
import { instant, userId } from '../ids.ts';
import { role } from './roles.ts';
import { defineRoute, empty, pageOf, pageQuery } from './route.ts';

/** The name a person signs in with: letters, digits and `. _ @ -`, compared without regard to case. */
export const userName = z.string().min(1).max(128).regex(/^[\p{L}\p{N}._@-]+$/u);
export const newPassword = z.string().min(12).max(256);
const displayName = z.string().min(1).max(200);

export const user = z.object({
  id: userId,
  name: userName,
  displayName,
  role,
  /** Vendors must have one; at that moment sign-in is refused and sessions end. */
  expiresAt: instant.nullable(),
  disabledAt: instant.nullable(),
  lockedUntil: instant.nullable(),
  mustChangePassword: z.boolean(),
  createdAt: instant,
  lastSignInAt: instant.nullable(),
});
export type User = z.infer<typeof user>;

const byId = z.object({ userId });

export const usersRoutes = {
  userList: defineRoute({ method: 'GET', path: '/v1/users', summary: 'List users', access: ['admin', 'operator', 'auditor'], query: pageQuery.extend({ search: z.string().max(200).optional() }), response: pageOf(user) }),
  userCreate: defineRoute({
    method: 'POST', path: '/v1/users', summary: 'Add a user; the one-time password is shown once', access: ['admin'],
    body: z.object({ name: userName, displayName, role, expiresAt: instant.nullable().default(null), password: newPassword.optional() }),
    response: z.object({ user, oneTimePassword: z.string().optional() }),
  }),
  userUpdate: defineRoute({ method: 'PATCH', path: '/v1/users/:userId', summary: 'Change a user', access: ['admin'], params: byId, body: z.object({ displayName: displayName.optional(), role: role.optional(), expiresAt: instant.nullable().optional() }), response: user }),
  userDisable: defineRoute({ method: 'POST', path: '/v1/users/:userId/disable', summary: 'Disable a user: sessions, grants and tokens end at once', access: ['admin', 'operator'], params: byId, response: user }),
  userEnable: defineRoute({ method: 'POST', path: '/v1/users/:userId/enable', summary: 'Enable a user again', access: ['admin'], params: byId, response: user }),
  userUnlock: defineRoute({ method: 'POST', path: '/v1/users/:userId/unlock', summary: 'Lift a lock-out', access: ['admin', 'operator'], params: byId, response: user }),
  userResetPassword: defineRoute({ method: 'POST', path: '/v1/users/:userId/reset-password', summary: 'Give a one-time password, shown once', access: ['admin', 'operator'], params: byId, response: z.object({ oneTimePassword: z.string() }) }),
  userRevokeTokens: defineRoute({ method: 'POST', path: '/v1/users/:userId/revoke-tokens', summary: 'Sign a user out everywhere', access: ['admin', 'operator'], params: byId, response: empty }),
} as const;
