import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Role } from '../../../shared/api/roles.ts';
import { accessRuleId } from '../../../shared/ids.ts';
import { sessionPolicy, type SessionPolicy } from '../../../shared/policy/session-policy.ts';
import { givesLess } from '../../../src-service/connections/connection-access.ts';

const policy = sessionPolicy.parse({});
const decision = (changes: Partial<SessionPolicy> = {}, tunnel: 'system' | 'always' = 'system') => ({ rule: { id: accessRuleId.parse(randomUUID()), name: 'r', tunnel }, policy: { ...policy, ...changes } });
const granted = { policy, protocol: 'sftp', foreignClient: false, signedOn: true } as const;
const user = (role: Role = 'user') => ({ role });

test('rule 11: less is a narrower policy, and Tunnel for a session that goes directly (S33)', () => {
  expect(givesLess(decision(), user(), { ...granted, direct: true })).toBe(false);
  expect(givesLess(decision({ filesOut: false }), user(), { ...granted, direct: false })).toBe(true);
  expect([true, false].map((direct) => givesLess(decision({}, 'always'), user(), { ...granted, direct }))).toEqual([true, false]);
  expect([true, false].map((direct) => givesLess(decision(), user('vendor'), { ...granted, direct }))).toEqual([true, false]);
});

test('rule 11: a policy that an older version wrote is read with what holds where it says nothing: an update ends no session', () => {
  const { over443: _over443, filesDelete: _filesDelete, ...older } = policy;
  const old: SessionPolicy = Object.assign(Object.create(null), older);
  expect(givesLess({ ...decision(), policy: old }, user(), { ...granted, direct: true })).toBe(false);
  expect(givesLess(decision(), user(), { ...granted, policy: old, direct: true })).toBe(false);
  expect(givesLess(decision({ over443: false }), user(), { ...granted, policy: old, direct: true })).toBe(true);
});
