import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isNarrower } from '../../../shared/policy/narrower-policy.ts';
import { sessionPolicy, type SessionPolicy } from '../../../shared/policy/session-policy.ts';

const policy = (changes: Partial<SessionPolicy> = {}): SessionPolicy => sessionPolicy.parse(changes);

test.each<[Partial<SessionPolicy>, Partial<SessionPolicy>]>([
  [{ filesOut: false }, { filesOut: true }], [{ filesIn: false }, {}], [{ filesDelete: false }, {}], [{ clipboardIn: false }, {}], [{ clipboardOut: false }, {}], [{ exec: false }, { exec: true }],
  [{ portForwarding: false }, { portForwarding: true }], [{ agentForwarding: false }, { agentForwarding: true }], [{ x11Forwarding: false }, { x11Forwarding: true }], [{ promptsReachUser: false }, { promptsReachUser: true }],
  [{ firstUseTrust: false }, { firstUseTrust: true }], [{ over443: false }, {}], [{ viewOnly: true }, {}], [{ recordInput: true }, {}], [{ watermark: true }, {}], [{ idleSeconds: 60 }, { idleSeconds: 120 }],
  [{ environmentNames: ['LANG'] }, { environmentNames: ['LANG', 'TZ'] }], [{ maxFileBytes: 10 }, { maxFileBytes: null }], [{ maxFileBytes: 10 }, { maxFileBytes: 11 }],
  [{ filePaths: ['/srv'] }, { filePaths: [] }], [{ filePaths: ['/srv/a'] }, { filePaths: ['/srv'] }], [{ filePaths: ['/srv'] }, { filePaths: ['/srv2'] }], [{ filePaths: ['~'] }, { filePaths: ['/srv'] }],
  [{ deniedFileNames: ['*.key'] }, { deniedFileNames: [] }],
])('rule 11: %j is less than %j', (now, granted) => {
  expect(isNarrower(policy(now), policy(granted))).toBe(true);
});

test.each<[Partial<SessionPolicy>, Partial<SessionPolicy>]>([
  [{}, {}], [{ exec: true }, {}], [{ maxFileBytes: 11 }, { maxFileBytes: 10 }], [{ maxFileBytes: null }, { maxFileBytes: 10 }], [{ filePaths: [] }, { filePaths: ['/srv'] }], [{ filePaths: ['/srv/'] }, { filePaths: ['/srv/a', '/srv'] }], [{ filePaths: ['/'] }, { filePaths: ['/srv'] }],
  [{ deniedFileNames: [] }, { deniedFileNames: ['*.key'] }], [{ deniedFileNames: ['*.KEY'] }, { deniedFileNames: ['*.key'] }], [{ viewOnly: false }, { viewOnly: true }], [{ recordInput: false }, { recordInput: true }], [{ maxDurationSeconds: 60 }, {}], [{ tellWhoWatches: true }, {}], [{ foreignClients: false }, { foreignClients: true }],
])('rule 11: %j is not less than %j', (now, granted) => {
  expect(isNarrower(policy(now), policy(granted))).toBe(false);
});

test('no policy is less than itself, and of two that differ in a right one is less', () => {
  const rights = fc.record({ exec: fc.boolean(), filesIn: fc.boolean(), filesOut: fc.boolean(), clipboardIn: fc.boolean(), viewOnly: fc.boolean(), maxFileBytes: fc.option(fc.integer({ min: 1 })) });
  fc.assert(
    fc.property(rights, rights, (one, other) => {
      const [a, b] = [policy(one), policy(other)];
      expect(isNarrower(a, a)).toBe(false);
      expect(isNarrower(a, b) || isNarrower(b, a)).toBe(JSON.stringify(a) !== JSON.stringify(b));
    }),
  );
});
