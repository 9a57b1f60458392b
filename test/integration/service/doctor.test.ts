import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { doctorReport, type DoctorReport } from '../../../shared/diagnostics/doctor/doctor-report.ts';
import { lookAtService } from '../../../src-service/doctor/doctor.ts';
import { openPglite } from '../../../src-service/store/open-pglite.ts';
import { placeEmptyDatabase } from '../../fixtures/empty-database.ts';
import { freePorts } from '../../fixtures/free-ports.ts';
import { runProgram } from '../../fixtures/run-program.ts';
import { until } from '../../targets/until.ts';

// A real service process, looked at from its own machine. Each fault is made at the process or in its folder; each finding
// names leg and actor, and goes when the fault does.

let parent: string;
let folder: string;
let port: number;
let service: ChildProcess | undefined;

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'mavis-doctor-'));
  folder = join(parent, 'data');
  [port = 0] = await freePorts(1);
});
afterAll(async () => {
  service?.kill('SIGKILL');
  await rm(parent, { recursive: true, force: true, maxRetries: 10 });
});

const command = (...words: readonly string[]) => runProgram(process.execPath, ['src-service/main.ts', ...words, '--data', folder]);
const look = (changes: Partial<Parameters<typeof lookAtService>[0]> = {}): Promise<DoctorReport> => lookAtService({ folder, overrides: { host: '127.0.0.1', port }, databaseUrl: undefined, wallMs: () => Date.now(), monotonicMs: () => performance.now(), ...changes });
const codesOf = ({ findings }: DoctorReport): string[] => findings.map(({ code }) => code);
const first = async (changes?: Parameters<typeof look>[0]) => {
  const { findings } = await look(changes);
  const [{ code, leg, actor } = { code: '', leg: '', actor: '' }] = findings;
  return [code, leg, actor];
};

async function start(): Promise<void> {
  service = spawn(process.execPath, ['src-service/main.ts', 'start', '--data', folder, '--port', String(port)], { stdio: ['ignore', 'pipe', 'ignore'] });
  await once(service.stdout ?? service, 'data');
}
async function stop(signal: NodeJS.Signals): Promise<void> {
  const stopped = once(service ?? process, 'exit');
  service?.kill(signal);
  await stopped;
}

test('before init: nothing is there, and nothing is made', async () => {
  expect(codesOf(await look())).toEqual(['server-not-initialised']);
  await expect(readdir(folder)).rejects.toThrow('ENOENT');
});

test('a service that runs: nothing is wrong, every check was run, in less than 10 s, no secret is told, and the command ends with 0', async () => {
  await placeEmptyDatabase(folder);
  await start();
  const { code, output } = await command('doctor', '--json');
  const report = doctorReport.parse(JSON.parse(output));
  expect([report.findings, code]).toEqual([[], 0]);
  expect(report.results.filter(({ state }) => state !== 'good')).toEqual([]);
  expect(report.results.find(({ check }) => check === 'port')?.facts).toMatchObject({ [port]: 'own' });
  expect(report.milliseconds).toBeLessThan(10_000);
  const secrets = [await readFile(join(folder, 'master.key'), 'utf8'), await readFile(join(folder, 'first-password'), 'utf8'), (await readFile(join(folder, 'keys', 'tls.pem'), 'utf8')).split('\n')[1] ?? ''];
  for (const secret of secrets) expect(output).not.toContain(secret.trim());
});

test('what is wrong while it runs: each fault by itself, and gone when repaired', async () => {
  await chmod(join(folder, 'master.key'), 0o644);
  expect(await first()).toEqual(['server-files-open', 'service', 'helpdesk']);
  await chmod(join(folder, 'master.key'), 0o600);
  expect(await first({ wallMs: () => Date.now() + 3640 * 86_400_000 })).toEqual(['server-certificate-ending', 'service', 'helpdesk']);
  expect(await first({ overrides: { port, recordingsFreeBytesAtLeast: 2 ** 50 } })).toEqual(['server-disk-low', 'service', 'helpdesk']);
  // A gateway whose key nobody has entered, until it is taken out of use.
  await command('gateway', 'add', 'office1', '--host', '127.0.0.1', '--out', join(parent, 'office1.json'));
  expect(await first()).toEqual(['gateway.no-key', 'L3', 'gateway-administrator']);
  const { code, output } = await command('doctor', '--language', 'en');
  expect([code, output.includes('office1'), output.includes('Who must act: Gateway administrator')]).toEqual([1, true, true]);
  await command('gateway', 'disable', 'office1');
  expect(codesOf(await look())).toEqual([]);
  service?.kill('SIGSTOP');
  expect(await first()).toEqual(['server-hangs', 'service', 'helpdesk']);
  service?.kill('SIGCONT');
  await until(async () => codesOf(await look()).length === 0, 60_000);
});

test('what is wrong where it does not run: port, settings, keys, database; started again, nothing is', async () => {
  await stop('SIGTERM');
  expect(codesOf(await look())).toEqual(['server-not-running']);
  const holder = createServer().listen(port, '127.0.0.1');
  await once(holder, 'listening');
  expect(codesOf(await look())).toEqual(['server-port-taken', 'server-not-running']);
  await new Promise((done) => holder.close(done));
  await writeFile(join(folder, 'service.json'), '{"port": "many"}');
  expect((await look({ overrides: {} })).findings).toMatchObject([{ code: 'server-settings-wrong', args: { field: 'port' } }]);
  await rm(join(folder, 'service.json'));
  const key = join(folder, 'keys', 'signing.pem');
  const pem = await readFile(key, 'utf8');
  await writeFile(key, 'damaged');
  expect(codesOf(await look())).toEqual(['server-key-damaged', 'server-not-running']);
  await writeFile(key, pem);
  const [closed = 0] = await freePorts(1);
  const lost = await look({ databaseUrl: `postgres://mavis:canary-password@127.0.0.1:${closed}/mavis` });
  expect(codesOf(lost)).toEqual(['service.database-unavailable', 'server-not-running']);
  expect(JSON.stringify(lost)).not.toContain('canary-password');
  const store = await openPglite(join(folder, 'database'));
  await store.client.query(`INSERT INTO schema_migrations (name, sha256) VALUES ('9999-of-tomorrow.sql', 'x')`);
  await store.close();
  expect((await look()).findings[0]).toMatchObject({ code: 'server-database-foreign', args: { name: '9999-of-tomorrow.sql' } });
  const again = await openPgliteOfTomorrow();
  await again();
  await start();
  expect(codesOf(await look())).toEqual([]);
});

/** Takes the step of tomorrow out again, past the product's refusal to open such a database. */
async function openPgliteOfTomorrow(): Promise<() => Promise<void>> {
  const [{ PGlite }, { pg_trgm }] = await Promise.all([import('@electric-sql/pglite'), import('@electric-sql/pglite/contrib/pg_trgm')]);
  const client = await PGlite.create({ dataDir: join(folder, 'database'), extensions: { pg_trgm } });
  return async () => {
    await client.query(`DELETE FROM schema_migrations WHERE name = '9999-of-tomorrow.sql'`);
    await client.close();
  };
}
