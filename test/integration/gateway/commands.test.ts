import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { auditHeadText } from '../../../shared/audit-head.ts';
import { gatewayKeyFingerprintText, parseGatewayKeyLine } from '../../../shared/gateway-key.ts';
import type { JournalEvent } from '../../../shared/link/messages.ts';
import { freePorts } from '../../fixtures/free-ports.ts';
import { TestLinkClient } from '../../fixtures/gateway-link-client.ts';
import { makeKeyPair, type TestKeyPair } from '../../fixtures/key-pair.ts';
import { makeConfiguration, makeServiceKeys, signedConfigurationText } from '../../fixtures/signed-gateway-configuration.ts';

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

describe('the command mavis-gateway', () => {
  let folder: string;
  let data: string;
  let file: string;
  let ports: number[];
  let serviceKey: TestKeyPair;
  const service = makeServiceKeys();
  const children = new Set<ChildProcess>();

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mavis-commands-'));
    data = join(folder, 'data');
    file = join(folder, 'office1.json');
    [ports, serviceKey] = await Promise.all([freePorts(4), makeKeyPair('CN=service')]);
    const [link = 0, first = 0, second = 0, third = 0] = ports;
    await writeFile(file, signedConfigurationText(service, makeConfiguration(service, [serviceKey.thumbprint], { link, proxy: [first, second, third] })));
  });
  afterEach(async () => {
    for (const child of children) child.kill('SIGKILL');
    children.clear();
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  });

  const run = (...parameters: string[]): Promise<Ended> =>
    new Promise((resolve) => {
      const child = spawn(process.execPath, ['src-gateway/main.ts', ...parameters], { stdio: ['ignore', 'pipe', 'pipe'] });
      let [stdout, stderr] = ['', ''];
      child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString('utf8')));
      child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')));
      child.once('close', (code) => resolve({ code, stdout, stderr }));
    });

  const start = async (): Promise<{ child: ChildProcess; line: string; ended: Promise<number | null>; log: () => string }> => {
    const child = spawn(process.execPath, ['src-gateway/main.ts', 'start', '--data', data, '--exit-with-stdin'], { stdio: ['pipe', 'pipe', 'pipe'] });
    children.add(child);
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')));
    const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
    const line = await Promise.race([new Promise<string>((resolve) => child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString('utf8')))), ended.then(() => Promise.reject(new Error(stderr)))]);
    return { child, line, ended, log: () => stderr };
  };

  const journal = async (): Promise<JournalEvent[]> => {
    const link = await TestLinkClient.open(ports[0] ?? 0, serviceKey);
    const { events } = (await link.ask('journalRead', { epoch: 1, after: 0, limit: 500 })) as { events: JournalEvent[] };
    link.close();
    return events;
  };

  test('S36, S38: init prints the service\'s fingerprint, and the key line alone on the last line; again it keeps the keys', async () => {
    const { code, stdout } = await run('init', '--config', file, '--data', data);
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    const keys = parseGatewayKeyLine(lines.at(-1) ?? '');
    expect(keys.name).toBe('office1');
    expect(stdout).toContain(`SHA256:${createHash('sha256').update(Buffer.from(service.signingKey, 'base64url')).digest('base64').replace(/=+$/, '')}`);
    expect(stdout).toContain(`SHA256:${createHash('sha256').update(gatewayKeyFingerprintText(keys)).digest('base64').replace(/=+$/, '')}`);
    expect((await stat(data)).mode & 0o777).toBe(0o700);
    const again = await run('init', '--config', file, '--data', data);
    expect(again.stdout.trimEnd().split('\n').at(-1)).toBe(lines.at(-1));
  });

  test('init refuses a changed file in one line with its code and what to do, and makes nothing', async () => {
    await writeFile(file, (await readFile(file, 'utf8')).replace('office1', 'office2'));
    const { code, stdout, stderr } = await run('init', '--config', file, '--data', data);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^gateway\.configuration-invalid field="signature": .+\n$/);
    await expect(readdir(data)).rejects.toThrow('ENOENT');
  });

  test('init refuses the file of another gateway on the same folder', async () => {
    await run('init', '--config', file, '--data', data);
    const [link = 0, first = 0, second = 0, third = 0] = ports;
    await writeFile(file, signedConfigurationText(service, makeConfiguration(service, [serviceKey.thumbprint], { link, proxy: [first, second, third] })));
    const { code, stderr } = await run('init', '--config', file, '--data', data);
    expect([code, stderr]).toEqual([1, expect.stringContaining('field="gatewayId"')]);
  });

  test('start says in one line of JSON what it listens on, status shows it, and it stops in good order with its standard input', async () => {
    await run('init', '--config', file, '--data', data);
    const { child, line, ended, log } = await start();
    expect(JSON.parse(line)).toEqual({ event: 'listening', linkPort: ports[0], proxyPorts: ports.slice(1) });
    // It writes down how it is when it listens already, and the disk takes its time.
    await expect.poll(async () => (await run('status', '--data', data)).stdout, { timeout: 60_000 }).toMatch(/^running as process \d+ since /);
    const status = await run('status', '--data', data);
    expect(status.stdout).toContain(`proxy port ${ports[1]}: open, ssh`);
    expect(status.stdout).toContain('recording: possible');
    expect((await journal()).map(({ kind }) => kind)).toEqual(['gateway-started']);
    const second = await run('start', '--data', data);
    expect([second.code, second.stderr]).toEqual([1, expect.stringContaining('service.data-folder-in-use')]);
    child.stdin?.end();
    expect(await ended).toBe(0);
    for (const one of log().trim().split('\n')) expect(JSON.parse(one)).toMatchObject({ program: 'mavis-gateway' });
    expect(await run('status', '--data', data)).toMatchObject({ code: 1, stdout: 'not running\n' });
    const again = await start();
    expect((await journal()).map(({ kind, facts }) => [kind, facts['cleanStop']])).toEqual([['gateway-started', true], ['gateway-stopped', undefined], ['gateway-started', true]]);
    again.child.kill('SIGTERM');
    expect(await again.ended).toBe(0);
  });

  test('audit heads that the service sent are exported while the gateway is down', async () => {
    await run('init', '--config', file, '--data', data);
    const { child, ended } = await start();
    const link = await TestLinkClient.open(ports[0] ?? 0, serviceKey);
    const unsigned = [1, 2].map((sequence) => ({ sequence, hash: `h${sequence}`, signedAt: '2026-03-01T08:00:00.000Z' }));
    const heads = unsigned.map((head) => ({ ...head, signature: service.sign(auditHeadText(head)) }));
    for (const head of heads) await link.ask('auditHead', head);
    child.kill('SIGKILL');
    await ended;
    expect((await run('audit-heads', 'export', '--data', data)).stdout.trimEnd().split('\n').map((line) => JSON.parse(line) as unknown)).toEqual(heads);
  });

  test('killed and started again: ports and folder are free, and the journal says that it was no clean stop', async () => {
    await run('init', '--config', file, '--data', data);
    const first = await start();
    first.child.kill('SIGKILL');
    await first.ended;
    await start();
    expect((await journal()).map(({ kind, facts }) => [kind, facts['cleanStop']])).toEqual([['gateway-started', true], ['gateway-started', false]]);
  });

  test('start without init, and on a link port that is taken, ends with one line and its code', async () => {
    const bare = await run('start', '--data', data);
    expect([bare.code, bare.stderr]).toEqual([1, expect.stringMatching(/gateway\.configuration-invalid field="file"/)]);
    await run('init', '--config', file, '--data', data);
    const { createServer } = await import('node:net');
    const holder = createServer().listen(ports[0], '127.0.0.1');
    await new Promise<void>((resolve) => holder.once('listening', () => resolve()));
    const taken = await run('start', '--data', data);
    holder.close();
    expect([taken.code, taken.stderr]).toEqual([1, expect.stringContaining(`gateway.port-closed ports="${ports[0]}"`)]);
    // The ports that it had opened before are closed again.
    await expect(new Promise((resolve, reject) => connect(ports[1] ?? 0, '127.0.0.1').once('connect', resolve).once('error', reject))).rejects.toThrow('ECONNREFUSED');
  });

  test('figures are given out on loopback where the settings ask for it', async () => {
    await run('init', '--config', file, '--data', data);
    const [port = 0] = await freePorts(1);
    await writeFile(join(data, 'settings.json'), JSON.stringify({ metrics: { port } }));
    await start();
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    expect(text).toContain('mavis_gateway_sessions 0');
    expect(text).toMatch(/mavis_gateway_journal_head_sequence \d/);
  });
});
