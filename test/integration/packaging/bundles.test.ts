import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { BUNDLED_PROGRAMS, layOutBundle } from '../../../scripts/bundle/lay-out-bundle.ts';
import { inRepository } from '../../../scripts/set-up/repository.ts';
import { type DoctorReport, doctorReport } from '../../../shared/diagnostics/doctor/doctor-report.ts';
import { placeEmptyDatabase } from '../../fixtures/empty-database.ts';
import { freePorts } from '../../fixtures/free-ports.ts';
import { makeKeyPair } from '../../fixtures/key-pair.ts';
import { runProgram } from '../../fixtures/run-program.ts';
import { makeConfiguration, makeServiceKeys, signedConfigurationText } from '../../fixtures/signed-gateway-configuration.ts';

/**
 * Service and gateway as npm packs them, unpacked where npm would install them. Their packages are those of the repository, which the
 * bundle's own lock names one by one; npm's download of them is not run here.
 */
const folder = mkdtempSync(join(tmpdir(), 'mavis-bundles-'));
const installed = (program: string): string => join(folder, program, 'node_modules', `mavis-${program}`);

beforeAll(() => {
  for (const program of BUNDLED_PROGRAMS) {
    const laidOut = join(folder, 'laid-out', program);
    mkdirSync(laidOut, { recursive: true });
    layOutBundle(program, laidOut);
    const packed = execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: laidOut, encoding: 'utf8' }).trim();
    mkdirSync(installed(program), { recursive: true });
    execFileSync('tar', ['-xzf', join(folder, packed), '-C', installed(program), '--strip-components=1']);
    // Only what its own lock names can be loaded: each package is linked by itself.
    const { packages } = z.object({ packages: z.record(z.string(), z.unknown()) }).parse(JSON.parse(readFileSync(join(installed(program), 'npm-shrinkwrap.json'), 'utf8')));
    for (const place of Object.keys(packages).filter((one) => one !== '' && !one.slice('node_modules/'.length).includes('node_modules/'))) {
      const link = join(installed(program), place);
      mkdirSync(join(link, '..'), { recursive: true });
      if (existsSync(inRepository(place))) symlinkSync(inRepository(place), link);
    }
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));

const program = (name: string): string => join(installed(name), `src-${name}`, 'main.js');

describe.each(BUNDLED_PROGRAMS)('the bundle of the %s', (name) => {
  test('holds plain JavaScript, its unit, and nothing of the other programs', () => {
    const files = globSync('**/*', { cwd: installed(name), exclude: ['node_modules/**', 'node_modules'] });
    expect([...new Set(files.map((path) => path.split('/')[0]))].toSorted()).toEqual(['npm-shrinkwrap.json', 'package.json', 'packaging', 'shared', `src-${name}`]);
    expect(files.filter((path) => /\.tsx?$|\.map$|\.test\./.test(path))).toEqual([]);
    expect(files).toContain(`packaging/mavis-${name}.service`);
    // What a module names of the others lies there: a thread's module is named by no import.
    const named = files.filter((path) => path.endsWith('.js')).flatMap((path) => readFileSync(join(installed(name), path), 'utf8').match(/'[^'\s]*\.ts'/g)?.map((text) => [path, text]) ?? []);
    expect(named).toEqual([]);
  });

  test('pins every package that it needs to the version that was tested, and needs none of the client’s', () => {
    const read = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));
    const lock = z.object({ packages: z.record(z.string(), z.looseObject({ version: z.string(), integrity: z.string().optional() })) });
    const whole = lock.parse(read(inRepository('package-lock.json'))).packages;
    const { '': own, ...pinned } = lock.parse(read(join(installed(name), 'npm-shrinkwrap.json'))).packages;
    expect(own?.version).toBe(z.object({ version: z.string() }).parse(read(inRepository('package.json'))).version);
    for (const [place, { version, integrity }] of Object.entries(pinned)) expect([place, version, integrity]).toEqual([place, whole[place]?.version, whole[place]?.integrity]);
    expect(Object.keys(pinned).filter((place) => /react|electron|xterm/.test(place))).toEqual([]);
  });

  test('runs as npm links it, by its own first line: its help is printed once all of it has been loaded', () => {
    const link = join(folder, `mavis-${name}`);
    chmodSync(program(name), 0o755);
    symlinkSync(program(name), link);
    expect(execFileSync(link, ['--help'], { encoding: 'utf8', env: { PATH: `${dirname(process.execPath)}:/usr/bin:/bin` } })).toContain('start');
  });
});

test.each([
  ['service', 'src-service/credentials/opened-private-key.js', 'module.openedPrivateKey(key, "words")'],
  ['gateway', 'src-gateway/ssh/private-key-opener.js', 'new module.PrivateKeyOpener().open(key, "words", new AbortController().signal)'],
] as const)('the bundle of the %s opens a private key under a passphrase', (name, module, opened) => {
  const key = join(folder, `key-of-${name}`);
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-a', '2', '-N', 'words', '-C', '', '-f', key]);
  const code = `const module = await import(${JSON.stringify(join(installed(name), module))}); const key = ${JSON.stringify(readFileSync(key, 'utf8'))}; process.stdout.write(await ${opened});`;
  writeFileSync(`${key}.mjs`, code);
  writeFileSync(`${key}-opened`, execFileSync(process.execPath, [`${key}.mjs`]), { mode: 0o600 });
  const publicOf = (file: string, passphrase: string): string => execFileSync('ssh-keygen', ['-y', '-P', passphrase, '-f', file], { encoding: 'utf8' }).trim();
  expect(publicOf(`${key}-opened`, '')).toBe(publicOf(key, 'words'));
});

test('the service of the bundle starts on an empty data folder, migrates its database, and stops by SIGTERM', async () => {
  const data = join(folder, 'data');
  await placeEmptyDatabase(data);
  const service = spawn(process.execPath, [program('service'), 'start', '--data', data, '--port', '0'], { stdio: ['ignore', 'pipe', 'pipe'] });
  try {
    let said = '';
    for (const stream of [service.stdout, service.stderr]) stream.on('data', (bytes: Buffer) => {
      said += bytes.toString();
    });
    await expect.poll(() => said, { timeout: 90_000 }).toContain('"event":"listening"');
    expect(existsSync(join(data, 'first-password'))).toBe(true);
    expect(await doctor('service', data)).toMatchObject({ code: 0, report: { program: 'mavis-service', findings: [] } });
  } finally {
    service.kill('SIGTERM');
  }
  expect(await once(service, 'exit')).toEqual([0, null]);
  expect(await doctor('service', data)).toMatchObject({ code: 1, report: { findings: expect.arrayContaining([expect.objectContaining({ code: 'server-not-running', leg: 'service', actor: 'helpdesk' })]) } });
});

test('doctor of the bundles, where nothing was set up yet: says so in the language that is asked for, and ends with 1; what is not understood ends with 2', async () => {
  for (const name of BUNDLED_PROGRAMS) {
    const nowhere = join(folder, 'nowhere');
    expect(await doctor(name, nowhere)).toMatchObject({ code: 1, report: { findings: [{ code: 'server-not-initialised' }] } });
    const worded = await Promise.all(['en', 'ja', 'zh-Hant'].map((language) => runProgram(process.execPath, [program(name), 'doctor', '--data', nowhere, '--language', language])));
    expect(new Set(worded.map(({ output }) => output)).size).toBe(3);
    for (const { code, output } of worded) expect([code, output.includes(nowhere)]).toEqual([1, true]);
    expect((await runProgram(process.execPath, [program(name), 'doctor', '--data', nowhere, '--what'])).code).toBe(2);
  }
  expect(existsSync(join(folder, 'nowhere'))).toBe(false);
});

test('the gateway of the bundle: its doctor finds that the service has no link to it, with the commands that open the port; and where it does not run, that', async () => {
  const data = join(folder, 'gateway-data');
  const keys = makeServiceKeys();
  const [{ thumbprint }, [link = 0, first = 0, second = 0, third = 0]] = await Promise.all([makeKeyPair('CN=service'), freePorts(4)]);
  writeFileSync(join(folder, 'office1.json'), signedConfigurationText(keys, makeConfiguration(keys, [thumbprint], { link, proxy: [first, second, third] })));
  expect((await runProgram(process.execPath, [program('gateway'), 'init', '--config', join(folder, 'office1.json'), '--data', data])).code).toBe(0);
  expect(await doctor('gateway', data)).toMatchObject({ code: 1, report: { program: 'mavis-gateway', findings: [{ code: 'server-not-running', leg: 'gateway', actor: 'gateway-administrator' }] } });
  const gateway = spawn(process.execPath, [program('gateway'), 'start', '--data', data], { stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    await once(gateway.stdout, 'data');
    const { code, report } = await doctor('gateway', data);
    expect([code, report.findings]).toMatchObject([1, [{ code: 'server-no-link', leg: 'L3', ports: [link] }]]);
    expect(report.results.filter(({ state }) => state === 'not-run')).toEqual([]);
    expect((await runProgram(process.execPath, [program('gateway'), 'doctor', '--data', data, '--language', 'en'])).output).toContain(`sudo ufw allow ${link}/tcp`);
  } finally {
    gateway.kill('SIGTERM');
  }
  expect(await once(gateway, 'exit')).toEqual([0, null]);
});

async function doctor(name: string, data: string): Promise<{ readonly code: number | null; readonly report: DoctorReport }> {
  const { code, output } = await runProgram(process.execPath, [program(name), 'doctor', '--json', '--data', data]);
  return { code, report: doctorReport.parse(JSON.parse(output)) };
}
