import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { endsWithPrompt, SAME_ACCOUNT_NOTE } from './measuring/prompt.ts';
import { cpuSecondsOf } from './measuring/process-cost.ts';
import { distributionLine, distributionOf } from './measuring/distribution.ts';
import { HeadlessClient } from '../fixtures/headless-client.ts';
import { startWholeSystem } from '../fixtures/whole-system.ts';

/** Counted runs of each side, alternating, after one of each that is not counted. */
const RUNS = Number(process.env['BENCH_RUNS'] ?? 9);

/**
 * From Connect to the first prompt: the client's own parts (ask, dial, session) through service and gateway, with recording,
 * beside the machine's `ssh` straight to the same OpenSSH server with the same key. The window is not part of either side.
 */
const system = await startWholeSystem();
try {
  await system.addUser('bench', 'admin', 'a password only for this run');
  const client = new HeadlessClient(system.embedded.service);
  await client.signIn('bench', 'a password only for this run');
  const { target } = system.embedded;
  const keyFile = join(system.folder, 'bench-key');
  writeFileSync(keyFile, target.privateKey, { mode: 0o600 });
  const knownHosts = join(system.folder, 'bench-known-hosts');
  const sshCommand = ['-tt', '-F', 'none', '-i', keyFile, '-p', String(target.port), '-o', `UserKnownHostsFile=${knownHosts}`, '-o', 'StrictHostKeyChecking=accept-new', '-o', 'LogLevel=ERROR', `${target.account}@${target.host}`];
  const steps = new Map<string, number[]>();
  const ours: number[] = [];
  const plain: number[] = [];
  const oursCpu: number[] = [];
  const plainCpu: number[] = [];
  for (let run = 0; run <= RUNS; run += 1) {
    const [a, aCpu] = await withCpu(measureOurs);
    const [b, bCpu] = await withCpu(measurePlain);
    if (run === 0) continue;
    ours.push(a.total);
    plain.push(b);
    oursCpu.push(aCpu);
    plainCpu.push(bCpu);
    for (const [step, milliseconds] of a.steps) steps.set(step, [...(steps.get(step) ?? []), milliseconds]);
  }
  client.close();
  report();

  /** What a connection cost the processor from its beginning to its end, both ends and the target's shell with it; all of them run below this process. */
  async function withCpu<T>(measure: () => Promise<T>): Promise<[T, number]> {
    const before = cpuSecondsOf([process.pid]);
    const measured = await measure();
    return [measured, (cpuSecondsOf([process.pid]) - before) * 1000];
  }

  async function measureOurs(): Promise<{ total: number; steps: [string, number][] }> {
    const beganAt = performance.now();
    const offer = await client.ask(system.live.id, 'ssh');
    const askedAt = performance.now();
    const session = client.open(offer);
    await session.until(({ text }) => endsWithPrompt(text));
    const promptAt = performance.now();
    session.type('exit\r');
    await session.report('ended');
    const at = (find: (report: (typeof session.reports)[number]['report']) => boolean): number => session.reports.find(({ report: seen }) => find(seen))?.atMs ?? Number.NaN;
    const reachedAt = at(({ kind }) => kind === 'reached');
    const targetAt = at((seen) => seen.kind === 'progress' && seen.step === 'target-reached');
    const acceptedAt = at(({ kind }) => kind === 'accepted');
    const connectedAt = at(({ kind }) => kind === 'connected');
    return {
      total: promptAt - beganAt,
      steps: [
        ['ask: access, choice, grant (L1, L3)', askedAt - beganAt],
        ['gateway reached: TCP, TLS, pin (L2)', reachedAt - askedAt],
        ['ticket burnt, target reached (L4)', targetAt - reachedAt],
        ['signed on to the target (L4)', acceptedAt - targetAt],
        ['SSH through the stream, shell', connectedAt - acceptedAt],
        ['shell to its first prompt', promptAt - connectedAt],
      ],
    };
  }

  async function measurePlain(): Promise<number> {
    const beganAt = performance.now();
    const child = spawn('ssh', sshCommand, { stdio: ['pipe', 'pipe', 'inherit'] });
    let text = '';
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', () => reject(new Error(`ssh ended before its prompt: ${text}`)));
      child.stdout.on('data', (bytes: Buffer) => {
        text += bytes.toString('utf8');
        if (endsWithPrompt(text)) resolve();
      });
    });
    const total = performance.now() - beganAt;
    child.stdin.end('exit\r');
    await new Promise((resolve) => child.once('close', resolve));
    return total;
  }

  function report(): void {
    console.log(`${cpus()[0]?.model ?? 'processor'} x ${cpus().length}, Node ${process.version}, ${spawnSync('ssh', ['-V']).stderr.toString().trim()}; ${SAME_ACCOUNT_NOTE}`);
    console.log('A: client parts -> service -> gateway -> sshd, recorded');
    console.log(`B: ssh ${sshCommand.map((word) => (word.startsWith(system.folder) ? '…' : word)).join(' ')}`);
    console.log(distributionLine('A Connect to first prompt', ours, 'ms'));
    console.log(distributionLine('B ssh to first prompt', plain, 'ms'));
    console.log(distributionLine('ratio A/B, pair by pair', ours.map((value, run) => value / (plain[run] ?? Number.NaN)), ''));
    console.log(distributionLine('A processor, with client, service, gateway', oursCpu, 'ms'));
    console.log(distributionLine('B processor, with ssh', plainCpu, 'ms'));
    const whole = distributionOf(ours).median;
    for (const [step, values] of steps) console.log(`${distributionLine(`  ${step}`, values, 'ms')}  ${((100 * distributionOf(values).median) / whole).toFixed(0)} %`);
  }
} finally {
  await system.stop();
}
process.exit();
