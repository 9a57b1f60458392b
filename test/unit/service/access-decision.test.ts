import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { accessRule, type AccessRule } from '../../../shared/api/access-rules.ts';
import { resourceSummary } from '../../../shared/api/resources.ts';
import { user as userSchema } from '../../../shared/api/users.ts';
import { decideAccess } from '../../../src-service/access-rules/access-decision.ts';
import { isTimeZone, openUntil, opensNext } from '../../../src-service/access-rules/access-window.ts';

const now = new Date('2026-03-04T10:30:00.000Z');
const user = userSchema.parse({ id: randomUUID(), name: 'ann', displayName: 'Ann', role: 'user', expiresAt: null, disabledAt: null, lockedUntil: null, mustChangePassword: false, createdAt: now.toISOString(), lastSignInAt: null });
const resource = resourceSummary.parse({ id: randomUUID(), name: 'r', address: 'r.test', protocols: ['ssh'], operatingSystem: 'linux', description: '', tags: [] });

function rule(change: Record<string, unknown> = {}): AccessRule {
  return accessRule.parse({ id: randomUUID(), name: 'rule', subject: { kind: 'role', role: 'user' }, filter: '', protocols: ['ssh'], policy: {}, createdAt: '2026-01-01T00:00:00.000Z', updatedAt: '2026-01-01T00:00:00.000Z', ...change });
}
function decide(rules: AccessRule[], at = now) {
  return decideAccess(rules, { user, resource, protocol: 'ssh', now: at, matches: () => true });
}

describe('the decision of access', () => {
  test('S56: without a rule nothing is given', () => {
    expect(decide([])).toEqual({ allowed: false, code: 'access.denied', args: {} });
    expect(decide([rule({ subject: { kind: 'role', role: 'admin' } })])).toMatchObject({ code: 'access.denied' });
    expect(decideAccess([rule()], { user, resource, protocol: 'ssh', now, matches: () => false })).toMatchObject({ code: 'access.denied' });
  });

  test('one rule decides: the user\'s own before the role\'s, then the oldest; rights are not added up', () => {
    const byRole = rule({ policy: { exec: true } });
    const byUser = rule({ subject: { kind: 'user', userId: user.id }, policy: { portForwarding: true }, createdAt: '2026-02-01T00:00:00.000Z' });
    const younger = rule({ subject: { kind: 'user', userId: user.id }, policy: { x11Forwarding: true }, createdAt: '2026-02-02T00:00:00.000Z' });
    const decision = decide([byRole, younger, byUser]);
    expect(decision).toMatchObject({ allowed: true, rule: { id: byUser.id }, policy: { portForwarding: true, exec: false, x11Forwarding: false } });
    expect(decide([younger, byRole].toReversed())).toMatchObject({ rule: { id: younger.id } });
  });

  test('a protocol that no rule gives is told as such', () => {
    expect(decide([rule({ protocols: ['rdp'] })])).toEqual({ allowed: false, code: 'access.protocol-not-allowed', args: { protocol: 'ssh' } });
  });

  test('before its start and after its end a rule gives nothing', () => {
    expect(decide([rule({ startsAt: '2026-03-04T10:30:00.001Z' })])).toMatchObject({ code: 'access.denied' });
    expect(decide([rule({ endsAt: '2026-03-04T10:30:00.000Z' })])).toMatchObject({ code: 'access.denied' });
    expect(decide([rule({ startsAt: '2026-03-04T10:30:00.000Z', endsAt: '2026-03-04T10:30:00.001Z' })])).toMatchObject({ allowed: true });
  });

  test('rule 2: notAfter is the earliest of the user\'s expiry, the rule\'s end, its window and the longest duration', () => {
    const window = { days: [1, 2, 3, 4, 5], from: '09:00', until: '12:00', timeZone: 'UTC' };
    const at = (rules: AccessRule[], expiresAt: string | null) => {
      const decision = decideAccess(rules, { user: { ...user, expiresAt }, resource, protocol: 'ssh', now, matches: () => true });
      return decision.allowed ? decision.notAfter.toISOString() : decision.code;
    };
    expect(at([rule({ policy: { maxDurationSeconds: 60 } })], null)).toBe('2026-03-04T10:31:00.000Z');
    expect(at([rule({ windows: [window] })], null)).toBe('2026-03-04T12:00:00.000Z');
    expect(at([rule({ windows: [window], endsAt: '2026-03-04T11:00:00.000Z' })], null)).toBe('2026-03-04T11:00:00.000Z');
    expect(at([rule({ windows: [window], endsAt: '2026-03-04T11:00:00.000Z' })], '2026-03-04T10:45:00.000Z')).toBe('2026-03-04T10:45:00.000Z');
  });

  test('outside its hours a rule says when it opens', () => {
    const closed = rule({ windows: [{ days: [3], from: '12:00', until: '13:00', timeZone: 'UTC' }] });
    expect(decide([closed])).toEqual({ allowed: false, code: 'access.outside-hours', args: { from: '2026-03-04T12:00:00.000Z' } });
    expect(decide([closed, rule()])).toMatchObject({ allowed: true });
  });
});

describe('a window', () => {
  const window = (days: number[], from: string, until: string, timeZone = 'UTC') => ({ days, from, until, timeZone });
  // 2026-03-04 is a Wednesday (3).
  test.each([
    ['inside', window([3], '09:00', '17:00'), '2026-03-04T10:30:00Z', '2026-03-04T17:00:00.000Z'],
    ['at its first minute', window([3], '10:30', '17:00'), '2026-03-04T10:30:00Z', '2026-03-04T17:00:00.000Z'],
    ['at its last moment', window([3], '09:00', '10:31'), '2026-03-04T10:30:59Z', '2026-03-04T10:31:00.000Z'],
    ['when it has closed', window([3], '09:00', '10:30'), '2026-03-04T10:30:00Z', undefined],
    ['on another day', window([4], '09:00', '17:00'), '2026-03-04T10:30:00Z', undefined],
    ['over midnight, before it', window([3], '22:00', '06:00'), '2026-03-04T23:00:00Z', '2026-03-05T06:00:00.000Z'],
    ['over midnight, after it, by the day it began', window([3], '22:00', '06:00'), '2026-03-05T05:59:00Z', '2026-03-05T06:00:00.000Z'],
    ['over midnight, on a day that did not begin it', window([3], '22:00', '06:00'), '2026-03-04T05:00:00Z', undefined],
    ['from Sunday into Monday', window([7], '22:00', '06:00'), '2026-03-09T01:00:00Z', '2026-03-09T06:00:00.000Z'],
    ['all day', window([3], '00:00', '00:00'), '2026-03-04T10:30:00Z', '2026-03-05T00:00:00.000Z'],
    ['in another time zone', window([3], '19:00', '20:00', 'Asia/Tokyo'), '2026-03-04T10:30:00Z', '2026-03-04T11:00:00.000Z'],
    ['in a time zone where it is tomorrow', window([4], '00:00', '09:00', 'Asia/Tokyo'), '2026-03-04T20:00:00Z', '2026-03-05T00:00:00.000Z'],
    ['over the spring change of the clocks', window([6], '23:00', '06:00', 'Europe/Berlin'), '2026-03-28T23:00:00Z', '2026-03-29T04:00:00.000Z'],
    ['that closes within the hour that the clocks leave out', window([5], '22:00', '02:30', 'America/New_York'), '2026-03-07T04:00:00Z', '2026-03-07T07:30:00.000Z'],
    ['that closes within the hour that the clocks leave out that night', window([6], '22:00', '02:30', 'America/New_York'), '2026-03-08T04:00:00Z', '2026-03-08T07:00:00.000Z'],
    ['that closes at half past a midnight that is left out', window([4], '20:00', '00:30', 'Africa/Cairo'), '2026-04-23T21:45:00Z', '2026-04-23T22:00:00.000Z'],
    ['over the autumn change of the clocks', window([6], '23:00', '06:00', 'Europe/Berlin'), '2026-10-24T22:00:00Z', '2026-10-25T05:00:00.000Z'],
  ])('%s', (_when, given, at, closes) => {
    expect(openUntil(given, new Date(at))?.toISOString()).toBe(closes);
  });

  test('opens next on its day, at most a week ahead', () => {
    expect(opensNext(window([3], '09:00', '10:00'), now)?.toISOString()).toBe('2026-03-11T09:00:00.000Z');
    expect(opensNext(window([5], '09:00', '10:00'), now)?.toISOString()).toBe('2026-03-06T09:00:00.000Z');
    // Within the hour that the clocks leave out: at its end, where the window is open then, and else a week later.
    const evening = new Date('2026-03-08T04:00:00Z');
    expect(opensNext(window([7], '02:30', '05:00', 'America/New_York'), evening)?.toISOString()).toBe('2026-03-08T07:00:00.000Z');
    expect(opensNext(window([7], '02:30', '02:45', 'America/New_York'), evening)?.toISOString()).toBe('2026-03-15T06:30:00.000Z');
  });

  test('knows which time zones there are', () => {
    expect([isTimeZone('Asia/Taipei'), isTimeZone('Mars/Olympus'), isTimeZone('')]).toEqual([true, false, false]);
  });
});
