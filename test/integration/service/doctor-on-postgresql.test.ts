import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DoctorReport, doctorReport } from '../../../shared/diagnostics/doctor/doctor-report.ts';
import { lookAtService } from '../../../src-service/doctor/doctor.ts';
import { freePorts } from '../../fixtures/free-ports.ts';
import { asUser, type PostgresqlServer, startPostgresql } from '../../fixtures/postgresql-server.ts';
import { runProgram } from '../../fixtures/run-program.ts';

// A real service process whose database is a real PostgreSQL server; each fault is made in that server.

let parent: string;
let folder: string;
let port: number;
let server: PostgresqlServer;
let urls: Awaited<ReturnType<PostgresqlServer['createDatabase']>>;
let environment: NodeJS.ProcessEnv;
let service: ChildProcess | undefined;

beforeAll(async () => {
  [parent, server] = await Promise.all([mkdtemp(join(tmpdir(), 'mavis-doctor-')), startPostgresql()]);
  folder = join(parent, 'data');
  [[port = 0], urls] = await Promise.all([freePorts(1), server.createDatabase()]);
  environment = { PATH: process.env['PATH'], HOME: '/nonexistent', MAVIS_DATABASE_URL: urls.url, MAVIS_DATABASE_OWNER_URL: urls.ownerUrl };
  service = spawn(process.execPath, ['src-service/main.ts', 'start', '--data', folder, '--host', '127.0.0.1', '--port', String(port)], { stdio: ['ignore', 'pipe', 'ignore'], env: environment });
  await once(service.stdout ?? service, 'data');
});
afterAll(async () => {
  service?.kill('SIGKILL');
  await server.stop();
  await rm(parent, { recursive: true, force: true, maxRetries: 10 });
});

const look = (databaseUrl = urls.url): Promise<DoctorReport> => lookAtService({ folder, overrides: { host: '127.0.0.1', port }, databaseUrl, wallMs: () => Date.now(), monotonicMs: () => performance.now() });
const codesOf = ({ findings }: DoctorReport): string[] => findings.map(({ code }) => code);
const intrude = (script: string): Promise<unknown> => asUser(urls.superuserUrl, (client) => client.query(script));
const factsOf = ({ results }: DoctorReport, check: string) => results.find((one) => one.check === check)?.facts;

test('a service that runs on PostgreSQL: nothing is wrong, every check was run, the schema is whole, the clock is held against the server’s, and the command ends with 0', async () => {
  const { code, output } = await runProgram(process.execPath, ['src-service/main.ts', 'doctor', '--json', '--data', folder, '--host', '127.0.0.1', '--port', String(port)], { environment });
  const report = doctorReport.parse(JSON.parse(output));
  expect([report.findings, code]).toEqual([[], 0]);
  expect(report.results.filter(({ state }) => state !== 'good')).toEqual([]);
  expect(factsOf(report, 'configuration')).toMatchObject({ database: 'PostgreSQL' });
  const { steps, known } = factsOf(report, 'database') ?? {};
  expect(steps).toBe(known);
  expect(Math.abs(Number(factsOf(report, 'clock')?.['differenceMs']))).toBeLessThan(10_000);
  expect(report.milliseconds).toBeLessThan(10_000);
  expect(output).not.toContain('mavis_app');
});

test('where it does not run the database is read by the doctor itself, and not changed: whole, of tomorrow, behind, of nobody yet', async () => {
  const stopped = once(service ?? process, 'exit');
  service?.kill('SIGTERM');
  await stopped;
  expect(codesOf(await look())).toEqual(['server-not-running']);
  await intrude(`INSERT INTO schema_migrations (name, sha256) VALUES ('9999-of-tomorrow.sql', 'x')`);
  expect((await look()).findings[0]).toMatchObject({ code: 'server-database-foreign', leg: 'service', actor: 'helpdesk', args: { name: '9999-of-tomorrow.sql' } });
  await intrude(`DELETE FROM schema_migrations WHERE name = '9999-of-tomorrow.sql'`);
  await intrude('CREATE TABLE kept_step AS SELECT * FROM schema_migrations ORDER BY name DESC LIMIT 1; DELETE FROM schema_migrations WHERE name IN (SELECT name FROM kept_step)');
  expect((await look()).findings[0]).toMatchObject({ code: 'server-database-behind', args: { count: 1 } });
  await intrude('INSERT INTO schema_migrations SELECT * FROM kept_step; DROP TABLE kept_step');
  expect(codesOf(await look())).toEqual(['server-not-running']);
  const empty = await server.createDatabase();
  expect(codesOf(await look(empty.url))).toEqual(['server-not-initialised', 'server-not-running']);
  expect(await asUser(empty.superuserUrl, async (client) => (await client.query(`SELECT FROM pg_tables WHERE schemaname = 'public'`)).rowCount)).toBe(0);
});

test('a server that does not let the login in, or is gone, is told by the system’s word; its address and login are not', async () => {
  const refused = await look(urls.url.replace('mavis_app', 'mavis_nobody:canary-password'));
  expect(codesOf(refused)).toEqual(['service.database-unavailable', 'server-not-running']);
  await intrude('ALTER ROLE mavis_app NOLOGIN');
  expect(codesOf(await look())).toEqual(['service.database-unavailable', 'server-not-running']);
  await intrude('ALTER ROLE mavis_app LOGIN');
  expect(codesOf(await look())).toEqual(['server-not-running']);
  for (const report of [refused]) expect(JSON.stringify(report)).not.toMatch(/canary-password|mavis_nobody/);
});

test('a service that runs and whose server is gone: the doctor says so, and not that the service hangs', async () => {
  service = spawn(process.execPath, ['src-service/main.ts', 'start', '--data', folder, '--host', '127.0.0.1', '--port', String(port)], { stdio: ['ignore', 'pipe', 'ignore'], env: environment });
  await once(service.stdout ?? service, 'data');
  expect(codesOf(await look())).toEqual([]);
  await server.stop();
  const lost = await look();
  expect(lost.findings).toMatchObject([{ code: 'service.database-unavailable', leg: 'service', actor: 'helpdesk' }]);
  expect(lost.milliseconds).toBeLessThan(10_000);
});
