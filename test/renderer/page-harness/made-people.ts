import { accessRule, type AccessRule, type AccessTrial } from '../../../shared/api/access-rules.ts';
import { connectionRecord, type ConnectionRecord } from '../../../shared/api/connections.ts';
import { user, type User } from '../../../shared/api/users.ts';
import { sessionPolicy } from '../../../shared/policy/session-policy.ts';

/** Made-up users, access rules and sessions of others, parsed by the contract's own schemas. */
const id = (number: number) => `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`;
const at = '2026-11-23T08:00:00.000Z';

export function madeUsers(): User[] {
  const made = (number: number, name: string, displayName: string, role: User['role'], changes: Partial<User> = {}): User =>
    user.parse({ id: id(600 + number), name, displayName, role, expiresAt: null, disabledAt: null, lockedUntil: null, mustChangePassword: false, createdAt: at, lastSignInAt: at, ...changes });
  return [
    made(1, 'k.lin', '林 家豪', 'admin'),
    made(2, 'partner-acme', 'Acme Service', 'vendor', { expiresAt: '2099-12-31T15:00:00.000Z' }),
    made(3, 's.suzuki', '鈴木 さくら', 'user', { lockedUntil: '2099-01-01T00:00:00.000Z' }),
    made(4, 'left', 'Left Long Ago', 'user', { disabledAt: at, lastSignInAt: null }),
    made(5, 'y.tanaka', '田中 陽子', 'operator', { mustChangePassword: true }),
  ];
}

export function madeRules(): AccessRule[] {
  const base = { startsAt: null, endsAt: null, windows: [], policy: sessionPolicy.parse({}), createdAt: at, updatedAt: at };
  return [
    accessRule.parse({ ...base, id: id(701), name: 'Vendors to AWS', subject: { kind: 'role', role: 'vendor' }, filter: 'tag:gateway-aws', protocols: ['ssh', 'sftp'], signOn: 'stored', windows: [{ days: [1, 2, 3, 4, 5], from: '09:00', until: '18:00', timeZone: 'Asia/Taipei' }] }),
    accessRule.parse({ ...base, id: id(702), name: 'Everything for administrators', subject: { kind: 'role', role: 'admin' }, filter: '', protocols: ['ssh', 'sftp', 'vnc', 'rdp'], signOn: 'ask-user' }),
    accessRule.parse({ ...base, id: id(703), name: 'Suzuki', subject: { kind: 'user', userId: id(603) }, filter: 'db', protocols: ['ssh'], signOn: 'stored', tunnel: 'always' }),
  ];
}

export function madeTrial(allowed: boolean): AccessTrial {
  const [vendors, everything] = madeRules();
  const rules = [vendors, everything].flatMap((rule, number) => (rule ? [{ accessRuleId: rule.id, name: rule.name, keptBy: number === 0 ? ('resource' as const) : allowed ? null : ('protocol' as const) }] : []));
  return { allowed, code: allowed ? null : 'access.protocol-not-allowed', args: allowed ? {} : { protocol: 'rdp' }, accessRuleId: allowed ? (everything?.id ?? null) : null, notAfter: allowed ? '2026-11-23T20:00:00.000Z' : null, rules };
}

export function liveConnections(): ConnectionRecord[] {
  const made = (number: number, changes: object): ConnectionRecord =>
    connectionRecord.parse({ id: id(800 + number), reference: `MV-7K3QX-N2P${number}D`, userId: id(602), userName: 'partner-acme', resourceId: id(9), resourceName: 'aws-web-00005', protocol: 'ssh', gatewayName: 'aws-gw-1', segment: 'gateway-aws', state: 'connected', code: null, askedAt: at, connectedAt: at, endedAt: null, termination: null, ...changes });
  return [
    made(1, {}),
    made(2, { userName: 's.suzuki', state: 'granted', connectedAt: null, resourceName: 'tokyo-db-00009', segment: null }),
    made(3, { userName: 'k.lin', termination: { askedAt: at, code: 'session.terminated', confirmed: false } }),
  ];
}
