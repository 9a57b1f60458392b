import { fork, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { StartedProcesses } from '../../../scripts/processes/started-processes.ts';
import { defaultPortPreference } from '../../../shared/gateway-configuration.ts';
import type { Database } from '../../../src-service/store/database.ts';
import { openPglite } from '../../../src-service/store/open-pglite.ts';
import { openPostgresql } from '../../../src-service/store/open-postgresql.ts';
import { gateways } from '../../../src-service/store/schema.ts';
import { FleetProcess } from '../../fixtures/fleet-processes.ts';
import { freePorts } from '../../fixtures/free-ports.ts';
import { startPostgresql, type PostgresqlServer } from '../../fixtures/postgresql-server.ts';
import { simulatedReady, simulatedReport } from './simulated-gateways-contract.ts';

/** Simulated gateways in one process: more would make the helper what is measured. */
const GATEWAYS_OF_ONE_HELPER = 250;
const PROXY_PORTS: [number, number, number] = [7993, 7994, 7995];
const CLOCK_TICKS_PER_SECOND = 100;

/** A service process on a database of its own with many simulated gateways, which are registered before it starts. */
export interface SimulatedFleet {
  readonly url: string;
  readonly pin: string;
  readonly service: FleetProcess;
  /** Forgets what the gateways counted so far. */
  begin(): void;
  /** What all gateways counted since `begin`. */
  report(): Promise<{ statuses: number[]; longestMs: number[]; requests: Record<string, number> }>;
  /** Of the service's process: seconds of processor so far, and bytes of memory now. */
  used(): { cpuSeconds: number; memoryBytes: number };
  /** Seconds of processor that the database server used so far; 0 on PGlite, which is in the service. */
  databaseCpuSeconds(): number;
  stop(): Promise<void>;
}

/** Starts it. `segmentOf` gives the segment of a gateway by its place; `fill` writes what else there shall be before the service starts. */
export async function startSimulatedFleet({ kind, count, segmentOf, fill }: { kind: 'pglite' | 'postgresql'; count: number; segmentOf: (place: number) => string | null; fill?: (database: Database) => Promise<void> }): Promise<SimulatedFleet> {
  const folder = mkdtempSync(join(tmpdir(), 'mavis-simulated-'));
  const owner = new StartedProcesses(join(folder, 'processes.json'));
  const data = join(folder, 'service');
  mkdirSync(data, { mode: 0o700 });
  const helpers = await Promise.all(Array.from({ length: Math.ceil(count / GATEWAYS_OF_ONE_HELPER) }, (_, place) => startHelper(Math.min(GATEWAYS_OF_ONE_HELPER, count - place * GATEWAYS_OF_ONE_HELPER))));
  const all = helpers.flatMap(({ gateways: own }) => own);
  let postgresql: PostgresqlServer | undefined;
  let url: string | undefined;
  if (kind === 'postgresql') {
    postgresql = await startPostgresql();
    url = (await postgresql.createDatabase()).ownerUrl;
    writeFileSync(join(data, 'service.json'), JSON.stringify({ database: url }), { mode: 0o600 });
  }
  const store = url === undefined ? await openPglite(join(data, 'database')) : await openPostgresql({ url, connectionLost: () => undefined });
  const now = new Date();
  for (let from = 0; from < all.length; from += 500) {
    await store.database.insert(gateways).values(
      all.slice(from, from + 500).map(({ id, port, tls, signing }, place) => ({
        id, name: `gw-${from + place}`, segment: segmentOf(from + place), host: '127.0.0.1', linkPort: port, proxyPorts: PROXY_PORTS.map((one) => one + 10_000), portPreference: defaultPortPreference([17_993, 17_994, 17_995]),
        tlsKey: tls, signingKey: signing, stateChangedAt: now, createdAt: now, updatedAt: now,
      })),
    );
  }
  await fill?.(store.database);
  await store.close();
  const [port = 0] = await freePorts(1);
  const service = new FleetProcess('service', 'src-service/main.ts', ['start', '--data', data, '--host', '127.0.0.1', '--port', String(port), '--embedded', '--control-fd', '3', '--exit-with-stdin'], join(folder, 'service.log'), owner);
  const { url: serviceUrl, pin } = z.object({ url: z.string(), pin: z.string() }).parse(await service.start());
  return {
    url: serviceUrl,
    pin,
    service,
    begin: () => {
      for (const { process } of helpers) process.send({ ask: 'begin' });
    },
    report: async () => {
      const reports = await Promise.all(helpers.map(({ process }) => reportOf(process)));
      const requests: Record<string, number> = {};
      for (const report of reports) for (const [method, number] of Object.entries(report.requests)) requests[method] = (requests[method] ?? 0) + number;
      return { statuses: reports.flatMap(({ statuses }) => statuses), longestMs: reports.flatMap(({ longestMs }) => longestMs), requests };
    },
    used: () => ({ cpuSeconds: cpuSecondsOf(service.pid), memoryBytes: memoryBytesOf(service.pid) }),
    databaseCpuSeconds: () => postgresql?.cpuSeconds() ?? 0,
    stop: async () => {
      await service.stop();
      for (const { process } of helpers) process.disconnect();
      await postgresql?.stop();
      await owner.endAll();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

interface Helper {
  readonly process: ChildProcess;
  readonly gateways: z.infer<typeof simulatedReady>['gateways'];
}

async function startHelper(count: number): Promise<Helper> {
  const child = fork(new URL('simulated-gateways.ts', import.meta.url), [String(count)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const [message] = await once(child, 'message');
  return { process: child, gateways: simulatedReady.parse(message).gateways };
}

async function reportOf(child: ChildProcess): Promise<z.infer<typeof simulatedReport>> {
  const answer = once(child, 'message');
  child.send({ ask: 'report' });
  return simulatedReport.parse((await answer)[0]);
}

/** Of a process and the children that it has waited for (`/proc/PID/stat`, proc(5)). */
export function cpuSecondsOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ').map(Number);
  // After the name: state is the third field of the page, utime the 14th, to cstime the 17th.
  return fields.slice(11, 15).reduce((sum, ticks) => sum + ticks, 0) / CLOCK_TICKS_PER_SECOND;
}

function memoryBytesOf(pid: number): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kibibytes ?? 0) * 1024;
}
