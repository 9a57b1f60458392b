import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { placeEmptyDatabase } from '../../fixtures/empty-database.ts';
import { startPostgresql } from '../../fixtures/postgresql-server.ts';

const MAIN = new URL('../../../src-service/main.ts', import.meta.url).pathname;
const listening = z.object({ event: z.literal('listening'), url: z.string(), pin: z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}$/) });

// Each test starts several processes, one of them forty, each of which loads the whole program.
vi.setConfig({ testTimeout: 600_000 });

let folder: string;
const children: ChildProcess[] = [];
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'mavis-process-')), 'data');
});
afterEach(async () => {
  for (const child of children.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
  await rm(join(folder, '..'), { recursive: true, force: true });
});

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly errors: string;
}

async function command(args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  children.push(child);
  let [out, errors] = ['', ''];
  child.stdout.on('data', (chunk) => void (out += String(chunk)));
  child.stderr.on('data', (chunk) => void (errors += String(chunk)));
  const [code] = z.tuple([z.number().nullable()]).rest(z.unknown()).parse(await once(child, 'close'));
  return { code, out, errors };
}

interface Started {
  readonly child: ChildProcess;
  readonly control: Duplex;
  readonly url: string;
  readonly log: () => string;
}

async function start(more: readonly string[] = [], env: Record<string, string> = {}): Promise<Started> {
  const child = spawn(process.execPath, [MAIN, 'start', '--data', folder, '--port', '0', '--embedded', '--control-fd', '3', '--exit-with-stdin', ...more], { stdio: ['pipe', 'pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  children.push(child);
  let log = '';
  child.stderr?.on('data', (chunk) => void (log += String(chunk)));
  const { stdout, stdio: [, , , control] } = child;
  if (stdout === null) throw new Error('no output');
  const died = once(child, 'exit').then(() => {
    throw new Error(`the service ended before it listened:\n${log}`);
  });
  const [line] = z.tuple([z.string()]).parse(await Promise.race([once(createInterface({ input: stdout }), 'line'), died]));
  died.catch(() => undefined);
  return { child, control: z.custom<Duplex>().parse(control), url: listening.parse(JSON.parse(line)).url, log: () => log };
}

async function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null) await once(child, 'exit');
  return child.exitCode;
}

test('rule 27: init says what it made, leaves the one-time password in a file of 0600 and nowhere else, and says at the second time what was there', async () => {
  const first = await command(['init', '--data', folder]);
  const password = (await readFile(join(folder, 'first-password'), 'utf8')).trim();
  expect(first.code).toBe(0);
  expect(first.out).not.toContain(password);
  for (const file of ['first-password', 'master.key', 'keys/tls.pem', 'keys/link.pem', 'keys/signing.pem', 'keys/recording.pem']) expect((await stat(join(folder, file))).mode & 0o777).toBe(0o600);
  const second = await command(['init', '--data', folder]);
  expect(second.out).toContain('keys: there already');
  expect(second.out).toContain('administrator: there already');
  expect((await readFile(join(folder, 'first-password'), 'utf8')).trim()).toBe(password);
});

test.runIf(process.platform === 'linux')('rule 27: to a terminal init says the one-time password itself, and leaves it in no file', async () => {
  await placeEmptyDatabase(folder);
  const words = [process.execPath, MAIN, 'init', '--data', folder].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['-q', '-e', '-c', words, '/dev/null'], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const shown = await text(child.stdout);
  expect(await ended(child)).toBe(0);
  const [, password = ''] = /one-time password: (\S+)\r\n/.exec(shown) ?? [];
  expect(password).toMatch(/^(?:\w{5}-){3}\w{5}$/);
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  expect(files).not.toContain(join(folder, 'first-password'));
  expect(files.length).toBeGreaterThan(10);
  for (const file of files) expect((await readFile(file)).includes(password)).toBe(false);
});

test('start speaks its first line, answers the control pipe, takes commands over its socket, refuses a second one, and stops in good order when its input ends', async () => {
  await placeEmptyDatabase(folder);
  const { child, control, log } = await start();
  control.write('{"ask":"one-time-sign-in"}\nrubbish\n');
  const answers: string[] = [];
  for await (const line of createInterface({ input: control })) if (answers.push(line) === 2) break;
  expect(z.object({ oneTimeSignIn: z.string().length(43) }).parse(JSON.parse(answers[0] ?? '')).oneTimeSignIn).not.toBe('');
  expect(answers[1]).toBe('{"error":"request.invalid"}');
  expect((await stat(join(folder, 'admin.sock'))).mode & 0o777).toBe(0o600);

  const added = await command(['user', 'add', 'ann', '--role', 'auditor', '--data', folder]);
  expect([added.code, added.out.includes('one-time password: ')]).toEqual([0, true]);
  const again = await command(['user', 'add', 'Ann', '--role', 'auditor', '--data', folder]);
  expect([again.code, again.errors.trim().split('\n').length, again.errors.startsWith('request.conflict:')]).toEqual([1, 1, true]);
  const bad = join(folder, '..', 'bad.csv');
  await writeFile(bad, 'name,address,protocols,operatingSystem\nok-1,a.test,ssh:22,linux\nbad\u001B[31m,a b,ssh:22,linux\n');
  const imported = await command(['resource', 'import', bad, '--data', folder]);
  expect(imported.code).toBe(1);
  expect(imported.out).toContain('created 1, updated 0, refused lines 1');
  expect(imported.out).not.toContain('\u001B');
  // As Excel writes it in Japan: its letters are not guessed.
  await writeFile(bad, Buffer.concat([Buffer.from('name,address,protocols,operatingSystem\n'), Buffer.from([0x83, 0x54, 0x81, 0x5b]), Buffer.from(',a.test,ssh:22,linux\n')]));
  const shiftJis = await command(['resource', 'import', bad, '--data', folder]);
  expect([shiftJis.code, shiftJis.errors]).toEqual([1, expect.stringMatching(/^request\.invalid: .*UTF-8/)]);
  const exported = await command(['resource', 'export', '--format', 'csv', '--data', folder]);
  expect(exported.out).toContain('ok-1,a.test,ssh:22,linux');
  const file = join(folder, '..', 'gateway.json');
  expect((await command(['gateway', 'add', 'office1', '--segment', 'gateway-office1', '--host', '127.0.0.1', '--link-port', '8444', '--proxy-ports', '17993,17994', '--out', file, '--data', folder])).code).toBe(0);
  expect((await readFile(file, 'utf8'))).toContain('signature');
  expect((await command(['gateway', 'list', '--data', folder])).out).toContain('office1  gateway-office1  127.0.0.1:8444  pending');
  // S75: which protocol a port carries is configuration; what is not named stays.
  const ports = await command(['gateway', 'ports', 'office1', '--ssh', '17994', '--rdp', '17994/17993', '--over-443', 'off', '--data', folder]);
  expect(ports.out).toContain('office1: ssh=17994 sftp=17993,17994 vnc=17993,17994 rdp=17994/17993');
  expect(ports.out).toContain('sessions over the link port 8444: off');
  for (const wrong of ['22', '17993/']) expect((await command(['gateway', 'ports', 'office1', '--ssh', wrong, '--data', folder])).code).toBe(1);

  // Everything of the management page is a command too.
  expect((await command(['gateway', 'edit', 'office1', '--rename', 'office1-a', '--segment', 'gateway-office9', '--data', folder])).out).toContain('office1-a  gateway-office9  127.0.0.1:8444');
  // What of the address is not named stays.
  expect((await command(['gateway', 'edit', 'office1-a', '--link-port', '9444', '--data', folder])).out).toContain('127.0.0.1:9444');
  expect((await command(['gateway', 'edit', 'office1-a', '--host', 'localhost', '--data', folder])).out).toContain('localhost:9444');
  expect((await command(['gateway', 'edit', 'office1-a', '--proxy-ports', '17993,17995', '--data', folder])).out).toContain('localhost:9444');
  expect((await command(['gateway', 'configuration', 'office1-a', '--out', file, '--data', folder])).code).toBe(0);
  expect(await readFile(file, 'utf8')).toMatch(/linkPort\W+9444\b.*proxyPorts\W+17993,17995\]/s);
  expect((await command(['gateway', 'rename-segment', 'gateway-office9', 'gateway-office1', '--data', folder])).out).toContain('segment gateway-office9 is now gateway-office1: gateways 1, resources 0');
  expect((await command(['gateway', 'disable', 'office1-a', '--data', folder])).out).toContain('disabled');
  expect((await command(['gateway', 'enable', 'office1-a', '--data', folder])).out).toContain('pending');
  expect((await command(['gateway', 'configuration', 'OFFICE1-A', '--out', file, '--data', folder])).code).toBe(0);
  expect(await readFile(file, 'utf8')).toContain('office1-a');
  expect((await command(['gateway', 'remove', 'office1-a', '--data', folder])).out).toContain('gateway office1-a removed');
  expect((await command(['gateway', 'drain', 'office1-a', '--data', folder])).errors).toContain('request.not-found');
  // Rule 15: the service's own key, step by step.
  expect((await command(['key', 'finish', '--data', folder])).errors).toContain('service.key-step: the steps are: rotate, switch, finish');
  const next = /^next keys, good as well: certificate (SHA256:\S{43}), links SHA256:\S{43}$/m.exec((await command(['key', 'rotate', '--data', folder])).out)?.[1] ?? 'none';
  expect((await command(['key', 'switch', '--data', folder])).out).toContain(`present keys: certificate ${next}`);
  const finished = await command(['key', 'finish', '--data', folder]);
  expect([finished.code, finished.out]).toEqual([0, expect.stringMatching(/^present keys: certificate \S+, links \S+\n$/)]);
  expect(finished.out).toContain(next);

  const second = await command(['start', '--data', folder, '--port', '0']);
  expect([second.code, second.errors]).toEqual([1, expect.stringMatching(/^service\.data-folder-in-use: process=\d+ /m)]);
  child.stdin?.end();
  expect(await ended(child)).toBe(0);
  expect(log()).not.toMatch(/"level":(?:50|60)/);

  const verified = await command(['audit', 'verify', '--data', folder]);
  expect(verified).toMatchObject({ code: 0, errors: '', out: expect.stringContaining('the chain is whole') });
  expect((await command(['audit', 'export', '--format', 'jsonl', '--data', folder])).out).toContain('"name":"');
});

test('SIGTERM stops it in good order: the chain is signed to its end; after SIGKILL the next start takes the folder over', async () => {
  await placeEmptyDatabase(folder);
  const first = await start();
  first.child.kill('SIGTERM');
  expect(await ended(first.child)).toBe(0);
  const second = await start();
  second.child.kill('SIGKILL');
  await ended(second.child);
  const third = await start();
  third.child.stdin?.end();
  expect(await ended(third.child)).toBe(0);
  const verified = await command(['audit', 'verify', '--data', folder]);
  expect(verified).toMatchObject({ code: 0, out: expect.stringContaining('not yet proven 0') });
});

test('on PostgreSQL: with the owner\'s and the runtime\'s login apart; a password in the URL on the command line is refused', async () => {
  const server = await startPostgresql();
  try {
    const { url, ownerUrl } = await server.createDatabase();
    const { child } = await start([], { MAVIS_DATABASE_URL: url, MAVIS_DATABASE_OWNER_URL: ownerUrl });
    child.stdin?.end();
    expect(await ended(child)).toBe(0);
    const refused = await command(['init', '--data', join(folder, 'other'), '--database', 'postgresql://ann:secret@localhost/x']);
    expect([refused.code, refused.errors]).toEqual([1, expect.stringContaining('leave the password out')]);
    expect(refused.errors).not.toContain('secret');
  } finally {
    await server.stop();
  }
});

test('a configuration that cannot be read is named and left as it is', async () => {
  await mkdir(folder, { mode: 0o700 });
  await writeFile(join(folder, 'service.json'), '{"port": "many"}');
  const refused = await command(['start', '--data', folder]);
  expect([refused.code, refused.errors]).toEqual([1, expect.stringMatching(/service\.json: port/)]);
  expect(await readFile(join(folder, 'service.json'), 'utf8')).toBe('{"port": "many"}');
});
