import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { cpus } from 'node:os';
import { Passwords } from '../../src-service/users/password.ts';
import { accessRuleId, resourceId, userId } from '../../shared/ids.ts';
import { sessionPolicy } from '../../shared/policy/session-policy.ts';
import type { Database } from '../../src-service/store/database.ts';
import { accessRules, resources, users } from '../../src-service/store/schema.ts';
import { brokerReport } from './measuring/broker-clients-contract.ts';
import { distributionOf } from './measuring/distribution.ts';
import { startSimulatedFleet } from './measuring/simulated-fleet.ts';

/**
 * Connections asked per second, and how long each takes, at one service process with 100,000 resources and 200 simulated gateways
 * in 20 segments. The clients are in a process of their own and sign each request. Arguments: `pglite` or `postgresql` for one
 * database alone.
 */
const RESOURCES = 100_000;
const GATEWAYS = 200;
const SEGMENTS = 20;
const USERS = 64;
const AT_ONCE = [1, 8, 32];
const SECONDS = Number(process.env["BENCH_SECONDS"] ?? 15);
const PASSWORD = 'a long password of the crowd';

const kinds = (['postgresql', 'pglite'] as const).filter((kind) => !process.argv.some((one) => one === 'pglite' || one === 'postgresql') || process.argv.includes(kind));
console.log(`${cpus()[0]?.model ?? 'processor'} x ${cpus().length}, Node ${process.version}; ${RESOURCES} resources, ${GATEWAYS} gateways in ${SEGMENTS} segments, ${USERS} users; half of what is asked for is tagged`);
console.log('database    at once   asked/s   median      p95      p99  refused  service CPU  database CPU  memory');
for (const kind of kinds) await measure(kind);
process.exit();

async function measure(kind: 'pglite' | 'postgresql'): Promise<void> {
  const targets: string[] = [];
  const fleet = await startSimulatedFleet({ kind, count: GATEWAYS, segmentOf: (place) => `gateway-${place % SEGMENTS}`, fill: (database) => fill(database, targets) });
  const clients = fork(new URL('measuring/broker-clients.ts', import.meta.url), [], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  try {
    await ask(clients, { kind: 'sign-in', url: fleet.url, names: Array.from({ length: USERS }, (_, place) => `crowd-${place}`), password: PASSWORD });
    for (const atOnce of AT_ONCE) {
      const before = { ...fleet.used(), database: fleet.databaseCpuSeconds() };
      const { milliseconds, refused, seconds } = brokerReport.parse(await ask(clients, { kind: 'run', atOnce, seconds: SECONDS, resourceIds: targets }));
      const after = { ...fleet.used(), database: fleet.databaseCpuSeconds() };
      const { median, p95 } = distributionOf(milliseconds);
      const p99 = milliseconds.toSorted((a, b) => a - b)[Math.floor(milliseconds.length * 0.99)] ?? Number.NaN;
      const cells = [kind.padEnd(10), String(atOnce).padStart(8), (milliseconds.length / seconds).toFixed(1).padStart(9), ...[median, p95, p99].map((ms) => `${ms.toFixed(1)}`.padStart(8)), String(refused).padStart(8)];
      console.log([...cells, `${((100 * (after.cpuSeconds - before.cpuSeconds)) / seconds).toFixed(0)} %`.padStart(12), `${((100 * (after.database - before.database)) / seconds).toFixed(0)} %`.padStart(13), `${(after.memoryBytes / 1024 / 1024).toFixed(0)} MiB`.padStart(8)].join(' '));
    }
  } finally {
    clients.disconnect();
    await fleet.stop();
  }
}

/** Users, a rule for all of them, and resources, of which every other one is tagged with a segment. Gives some of the resources to ask for. */
async function fill(database: Database, targets: string[]): Promise<void> {
  const now = new Date();
  const passwordHash = await new Passwords().hash(PASSWORD);
  await database.insert(users).values(Array.from({ length: USERS }, (_, place) => ({ id: userId.parse(randomUUID()), name: `crowd-${place}`, nameKey: `crowd-${place}`, displayName: `crowd-${place}`, role: 'user' as const, passwordHash, createdAt: now, updatedAt: now })));
  await database.insert(accessRules).values({ id: accessRuleId.parse(randomUUID()), name: 'all', subjectKind: 'role', subjectRole: 'user', filter: '', protocols: ['ssh'], windows: [], signOn: 'ask-user', policy: sessionPolicy.parse({}), createdAt: now, updatedAt: now });
  for (let from = 0; from < RESOURCES; from += 2_000) {
    const rows = Array.from({ length: 2_000 }, (_, place) => {
      const number = from + place;
      return { id: resourceId.parse(randomUUID()), name: `host-${String(number).padStart(6, '0')}`, address: `10.${number % 200}.${Math.trunc(number / 200) % 200}.${number % 251}`, protocols: [{ protocol: 'ssh' as const, port: 22 }], operatingSystem: 'linux' as const, description: `server in rack ${number % 97}`, identities: [], tags: number % 2 === 0 ? [`gateway-${number % SEGMENTS}`, 'prod'] : ['test'], credentialId: null, allowSpecialAddress: false, createdAt: now, updatedAt: now, revision: number + 1 };
    });
    await database.insert(resources).values(rows);
    targets.push(...rows.slice(0, 20).map(({ id }) => id));
  }
}

async function ask(child: ChildProcess, command: unknown): Promise<unknown> {
  const answer = once(child, 'message');
  child.send(command as object);
  return (await answer)[0];
}
