import fc from 'fast-check';
import { expect, test } from 'vitest';
import { protocol as everyProtocol, type Protocol } from '../../../shared/ids.ts';
import { restrictsFiles } from '../../../shared/policy/file-rules.ts';
import { isNarrower } from '../../../shared/policy/narrower-policy.ts';
import { sessionPolicy, type SessionPolicy } from '../../../shared/policy/session-policy.ts';

const policy = (changes: Partial<SessionPolicy> = {}): SessionPolicy => sessionPolicy.parse(changes);

const protocols = everyProtocol.options;
/** The protocols whose sessions, in the app and before their sign-on, have less now. */
const narrowerIn = (now: Partial<SessionPolicy>, granted: Partial<SessionPolicy>, where: { readonly foreignClient?: boolean; readonly signedOn?: boolean } = {}): Protocol[] =>
  protocols.filter((protocol) => isNarrower(policy(now), policy(granted), { protocol, foreignClient: false, signedOn: false, ...where }));

test.each<[Partial<SessionPolicy>, Partial<SessionPolicy>]>([
  [{ filesOut: false }, { filesOut: true }], [{ filesIn: false }, {}], [{ filesDelete: false }, {}], [{ clipboardIn: false }, {}], [{ clipboardOut: false }, {}], [{ exec: false }, { exec: true }],
  [{ portForwarding: false }, { portForwarding: true }], [{ agentForwarding: false }, { agentForwarding: true }], [{ x11Forwarding: false }, { x11Forwarding: true }], [{ promptsReachUser: false }, { promptsReachUser: true }],
  [{ firstUseTrust: false }, { firstUseTrust: true }], [{ over443: false }, {}], [{ viewOnly: true }, {}], [{ recordInput: true }, {}], [{ watermark: true }, {}], [{ idleSeconds: 60 }, { idleSeconds: 120 }],
  [{ environmentNames: ['LANG'] }, { environmentNames: ['LANG', 'TZ'] }], [{ maxFileBytes: 10 }, { maxFileBytes: null }], [{ maxFileBytes: 10 }, { maxFileBytes: 11 }],
  [{ filePaths: ['/srv'] }, { filePaths: [] }], [{ filePaths: ['/srv/a'] }, { filePaths: ['/srv'] }], [{ filePaths: ['/srv'] }, { filePaths: ['/srv2'] }], [{ filePaths: ['~'] }, { filePaths: ['/srv'] }],
  [{ deniedFileNames: ['*.key'] }, { deniedFileNames: [] }],
])('rule 11: %j is less than %j', (now, granted) => {
  expect(narrowerIn(now, granted)).not.toEqual([]);
});

test.each<[Partial<SessionPolicy>, Partial<SessionPolicy>]>([
  [{}, {}], [{ exec: true }, {}], [{ maxFileBytes: 11 }, { maxFileBytes: 10 }], [{ maxFileBytes: null }, { maxFileBytes: 10 }], [{ filePaths: [] }, { filePaths: ['/srv'] }], [{ filePaths: ['/srv/'] }, { filePaths: ['/srv/a', '/srv'] }], [{ filePaths: ['/'] }, { filePaths: ['/srv'] }],
  [{ deniedFileNames: [] }, { deniedFileNames: ['*.key'] }], [{ deniedFileNames: ['*.KEY'] }, { deniedFileNames: ['*.key'] }], [{ viewOnly: false }, { viewOnly: true }], [{ recordInput: false }, { recordInput: true }], [{ maxDurationSeconds: 60 }, {}], [{ tellWhoWatches: true }, {}], [{ foreignClients: false }, { foreignClients: true }],
])('rule 11: %j is not less than %j', (now, granted) => {
  expect(narrowerIn(now, granted)).toEqual([]);
});

test.each<[Partial<SessionPolicy>, Partial<SessionPolicy>, Protocol[]]>([
  [{ recordInput: true }, {}, ['ssh', 'vnc']], [{ idleSeconds: 60 }, {}, protocols], [{ environmentNames: [] }, {}, ['ssh']], [{ exec: false }, { exec: true }, ['ssh']],
  [{ portForwarding: false }, { portForwarding: true }, ['ssh']], [{ agentForwarding: false }, { agentForwarding: true }, ['ssh']], [{ x11Forwarding: false }, { x11Forwarding: true }, ['ssh']],
  [{ promptsReachUser: false }, { promptsReachUser: true }, ['ssh', 'sftp']], [{ firstUseTrust: false }, { firstUseTrust: true }, protocols], [{ clipboardIn: false }, {}, ['ssh', 'vnc', 'rdp']], [{ clipboardOut: false }, {}, ['ssh', 'vnc', 'rdp']],
  [{ filesIn: false }, {}, ['sftp', 'rdp']], [{ filesOut: false }, {}, ['sftp', 'rdp']], [{ filesDelete: false }, {}, ['sftp']], [{ filesDelete: false, exec: true }, { exec: true }, ['ssh', 'sftp']],
  [{ filePaths: ['/srv'] }, {}, ['sftp', 'rdp']], [{ filePaths: ['/srv'] }, { filePaths: ['/home'] }, ['sftp']], [{ maxFileBytes: 1 }, {}, ['sftp', 'rdp']], [{ deniedFileNames: ['*.key'] }, {}, ['sftp', 'rdp']],
  [{ viewOnly: true }, {}, ['vnc', 'rdp']], [{ over443: false }, {}, protocols], [{ watermark: true }, {}, protocols],
])('rule 11: %j is less than %j for the sessions that it binds and no others: %j', (now, granted, bound) => {
  expect(narrowerIn(now, granted)).toEqual(bound);
});

test('rule 11: what speaks of the sign-on is no loss once that is over, and what the app alone keeps to is none for a program of the user\'s own', () => {
  for (const word of ['promptsReachUser', 'firstUseTrust'] as const) expect(narrowerIn({ [word]: false }, { [word]: true }, { signedOn: true })).toEqual([]);
  expect(narrowerIn({ clipboardIn: false }, {}, { foreignClient: true })).toEqual(['vnc', 'rdp']);
  expect(narrowerIn({ watermark: true }, {}, { foreignClient: true })).toEqual([]);
});

test('no policy is less than itself, and of two that differ in a right one is less', () => {
  const rights = fc.record({ exec: fc.boolean(), filesIn: fc.boolean(), filesOut: fc.boolean(), clipboardIn: fc.boolean(), viewOnly: fc.boolean(), maxFileBytes: fc.option(fc.integer({ min: 1 })) });
  fc.assert(
    fc.property(rights, rights, (one, other) => {
      const [a, b] = [policy(one), policy(other)];
      expect(narrowerIn(a, a)).toEqual([]);
      const narrower = [...narrowerIn(a, b), ...narrowerIn(b, a)];
      // Where files are restricted there is no right to command lines that could be lost.
      const differ = JSON.stringify({ ...a, exec: a.exec && !restrictsFiles(a) }) !== JSON.stringify({ ...b, exec: b.exec && !restrictsFiles(b) });
      expect(narrower.length > 0).toBe(differ);
    }),
  );
});
