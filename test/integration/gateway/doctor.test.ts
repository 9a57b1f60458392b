import { type ChildProcess, spawn } from 'node:child_process';
import { appendFile, chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { doctorReport, type DoctorReport } from '../../../shared/diagnostics/doctor/doctor-report.ts';
import { readStatusFile } from '../../../src-gateway/status/status-file.ts';
import { lookAtGateway } from '../../../src-gateway/doctor/doctor.ts';
import { freePorts } from '../../fixtures/free-ports.ts';
import { TestLinkClient } from '../../fixtures/gateway-link-client.ts';
import { makeKeyPair, type TestKeyPair } from '../../fixtures/key-pair.ts';
import { runProgram } from '../../fixtures/run-program.ts';
import { makeConfiguration, makeServiceKeys, signedConfigurationText } from '../../fixtures/signed-gateway-configuration.ts';
import { until } from '../../targets/until.ts';

// A real gateway process, looked at from its own machine. Each fault is made at the process or in its folder; each finding
// names leg and actor, and goes when the fault does.

const service = makeServiceKeys();
let folder: string;
let data: string;
let ports: number[];
let serviceKey: TestKeyPair;
let link: TestLinkClient | undefined;
let gateway: ChildProcess | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mavis-doctor-'));
  data = join(folder, 'data');
  [ports, serviceKey] = await Promise.all([freePorts(4), makeKeyPair('CN=service')]);
  const [port = 0, first = 0, second = 0, third = 0] = ports;
  await writeFile(join(folder, 'office1.json'), signedConfigurationText(service, makeConfiguration(service, [serviceKey.thumbprint], { link: port, proxy: [first, second, third] })));
});
afterAll(async () => {
  link?.close();
  gateway?.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true, maxRetries: 10 });
});

const command = (...words: readonly string[]) => runProgram(process.execPath, ['src-gateway/main.ts', ...words]);
const look = (changes: { readonly wallMs?: () => number; readonly installed?: string } = {}): Promise<DoctorReport> => lookAtGateway({ data, installed: '0.1.0', wallMs: () => Date.now(), monotonicMs: () => performance.now(), ...changes });
const codesOf = ({ findings }: DoctorReport): string[] => findings.map(({ code }) => code);
const first = async (changes?: Parameters<typeof look>[0]) => {
  const { findings } = await look(changes);
  const [{ code, leg, actor } = { code: '', leg: '', actor: '' }] = findings;
  return [code, leg, actor];
};
const installed = async (): Promise<string> => (await readStatusFile(join(data, 'status.json')))?.report.version ?? '';

async function start(): Promise<void> {
  gateway = spawn(process.execPath, ['src-gateway/main.ts', 'start', '--data', data], { stdio: ['ignore', 'pipe', 'ignore'] });
  await once(gateway.stdout ?? gateway, 'data');
}

/** Until the status that the gateway writes says so: how many links it holds. */
const links = (count: number): Promise<unknown> => until(async () => {
  const status = await readStatusFile(join(data, 'status.json'));
  return status?.links === count && status.process === gateway?.pid;
}, 60_000);

test('before init: nothing is there; where it is no gateway’s folder, that is said and nothing is made', async () => {
  expect(codesOf(await look())).toEqual(['server-not-initialised']);
  await expect(readdir(data)).rejects.toThrow('ENOENT');
});

test('a gateway that runs with its link: nothing is wrong, every check was run, in less than 10 s, and the command ends with 0', async () => {
  expect((await command('init', '--config', join(folder, 'office1.json'), '--data', data)).code).toBe(0);
  await start();
  link = await TestLinkClient.open(ports[0] ?? 0, serviceKey);
  await links(1);
  const { code, output } = await command('doctor', '--data', data, '--json');
  const report = doctorReport.parse(JSON.parse(output));
  expect([report.findings, code]).toEqual([[], 0]);
  expect(report.results.filter(({ state }) => state !== 'good')).toEqual([]);
  expect(report.milliseconds).toBeLessThan(10_000);
  expect(report.results.find(({ check }) => check === 'port')?.facts).toEqual(Object.fromEntries(ports.map((port) => [String(port), 'own'])));
  for (const name of await readdir(join(data, 'keys'))) if (name.endsWith('key.pem')) expect(output).not.toContain((await readFile(join(data, 'keys', name), 'utf8')).split('\n')[1]);
});

test('what is wrong while it runs: each fault by itself, and gone when repaired', async () => {
  const version = await installed();
  const well = { installed: version };
  expect(codesOf(await look(well))).toEqual([]);
  // Files, settings, clock, version.
  await chmod(join(data, 'keys'), 0o755);
  expect(await first(well)).toEqual(['server-files-open', 'gateway', 'gateway-administrator']);
  await chmod(join(data, 'keys'), 0o700);
  await writeFile(join(data, 'settings.json'), JSON.stringify({ maxSesions: 5 }));
  expect(await first(well)).toEqual(['server-settings-ignored', 'gateway', 'gateway-administrator']);
  await writeFile(join(data, 'settings.json'), '{');
  expect(await first(well)).toEqual(['server-settings-wrong', 'gateway', 'gateway-administrator']);
  await writeFile(join(data, 'settings.json'), JSON.stringify({ spoolFreeBytesAtLeast: 2 ** 50 }));
  expect(await first(well)).toEqual(['server-disk-low', 'gateway', 'gateway-administrator']);
  await rm(join(data, 'settings.json'));
  expect(await first({ ...well, wallMs: () => Date.parse(makeConfiguration(service, [serviceKey.thumbprint], { link: 1, proxy: [2, 3, 4] }).issuedAt) - 600_000 })).toEqual(['clock-of-gateway', 'gateway', 'gateway-administrator']);
  expect(await first({ installed: '99.0.0' })).toEqual(['server-version-differs', 'gateway', 'gateway-administrator']);
  // The link is cut: the port to open is named, with its commands.
  link?.close();
  await links(0);
  const cut = await look(well);
  expect(cut.findings).toMatchObject([{ code: 'server-no-link', leg: 'L3', actor: 'gateway-administrator', ports: [ports[0]] }]);
  expect((await command('doctor', '--data', data, '--language', 'en')).output).toContain(`sudo ufw allow ${ports[0]}/tcp`);
  link = await TestLinkClient.open(ports[0] ?? 0, serviceKey);
  await links(1);
  // It hangs.
  gateway?.kill('SIGSTOP');
  expect(codesOf(await look(well))).toContain('server-hangs');
  gateway?.kill('SIGCONT');
  await links(1);
  await until(async () => codesOf(await look(well)).length === 0, 60_000);
});

test('what is wrong where it does not run: the port is taken, the journal or a key is damaged; started again, nothing is', async () => {
  link?.close();
  const stopped = once(gateway ?? process, 'exit');
  gateway?.kill('SIGKILL');
  await stopped;
  expect(await first()).toEqual(['server-not-running', 'gateway', 'gateway-administrator']);
  const holder = createServer().listen(ports[1], '127.0.0.1');
  await once(holder, 'listening');
  const taken = await look();
  expect(taken.findings[0]).toMatchObject({ code: 'server-port-taken', args: { ports: String(ports[1]) } });
  await new Promise((done) => holder.close(done));
  const [segment = ''] = (await readdir(join(data, 'journal'))).filter((name) => name.startsWith('segment-'));
  const path = join(data, 'journal', segment);
  const whole = await readFile(path, 'utf8');
  await appendFile(path, `${whole.trimEnd().split('\n').at(-1)}\n`);
  expect(codesOf(await look())).toEqual(['server-not-running', 'server-journal-broken']);
  await writeFile(path, whole);
  const key = join(data, 'keys', 'tls-key.pem');
  const pem = await readFile(key, 'utf8');
  await writeFile(key, 'damaged');
  expect(codesOf(await look())).toEqual(['server-key-damaged', 'server-not-running']);
  await writeFile(key, pem);
  const configuration = join(data, 'configuration.json');
  const signed = await readFile(configuration, 'utf8');
  await writeFile(configuration, signed.replace('office1', 'office2'));
  expect(codesOf(await look())).toEqual(['gateway.configuration-invalid', 'server-not-running']);
  await writeFile(configuration, signed);
  await start();
  link = await TestLinkClient.open(ports[0] ?? 0, serviceKey);
  await links(1);
  expect(codesOf(await look({ installed: await installed() }))).toEqual([]);
});
