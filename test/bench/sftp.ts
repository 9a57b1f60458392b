import { execFile, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { appendFileSync, chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import ssh2 from 'ssh2';
import { z } from 'zod';
import { findCommand } from '../../scripts/set-up/found-command.ts';
import { FaultyGateway } from '../fixtures/faulty-gateway.ts';
import { provideLabAccount } from '../targets/lab-account.ts';
import { distributionOf } from './measuring/distribution.ts';
import { ask, inTurn, machineLine, next, startHelper } from './measuring/helper-process.ts';
import { anonymousBytesOf, cpuSecondsOf } from './measuring/process-cost.ts';

/** Files over the whole path (client, TLS, gateway with recording, target) beside OpenSSH's `sftp` and plain `ssh2`, both straight to the same target (rule 39). */
const RUNS = Number(process.env['BENCH_RUNS'] ?? 5);
const LARGE_MIB = Number(process.env['BENCH_MIB'] ?? 1024);
const SMALL_FILES = Number(process.env['BENCH_FILES'] ?? 5000);
const SMALL_BYTES = 4096;
/** Both sides' files lie here: by default on the disk of temporary files and in the account's home; one folder for both, as /dev/shm, tells what the way costs without the disk. */
const FOLDER = process.env['BENCH_FOLDER'];
/** Files made to tell what one of them costs on the disk alone. */
const PROBED_FILES = 500;
/** A gateway ends its sessions when it has not heard the service for 15 minutes (rule 11), and a busy machine measures for longer. */
const SUPERVISED_EVERY_MS = 60_000;

type Direction = 'upload' | 'download';
interface Way {
  readonly name: string;
  readonly what: string;
  /** Transfers a file or folder by its name, and gives the seconds that it took. */
  readonly transfer: (direction: Direction, name: string) => Promise<number>;
  readonly processes: () => readonly number[];
}

const sftp = findCommand('sftp');
if (sftp === undefined) throw new Error('there is no sftp: install the package openssh-client');
const here = mkdtempSync(join(FOLDER ?? tmpdir(), 'mavis-bench-sftp-'));
const gateway = await FaultyGateway.start();
const there = join(await targetFolder(), `bench-${process.pid}`);
const client = startHelper('../../fixtures/sftp-client-process.ts');
const supervising = setInterval(() => void gateway.link.status(1, { timeLimitMs: 30_000 }).catch((error: unknown) => console.error('the gateway was not heard of:', error)), SUPERVISED_EVERY_MS);
try {
  chmodSync(here, 0o755);
  mkdirSync(join(here, 'down'));
  makeFiles();
  const { thumbprint } = z.object({ thumbprint: z.string() }).parse(await next(client));
  const { hop } = await gateway.grant(thumbprint, {}, 'sftp');
  // Straight to the gateway's own ports: no fault proxy on the way.
  await ask(client, { kind: 'open', hop: { ...hop, ports: gateway.ports.map((port) => [port]) }, localFolder: here, journals: join(here, 'journals') });
  const direct = await plainSsh2();
  await promisify(direct.sftp.mkdir.bind(direct.sftp))(there);
  const ways: Way[] = [
    {
      name: 'MAVIS', what: 'the app\'s session process and transfer queue, TLS, one Gateway as shipped with recording, SSH aes128-gcm to the target',
      transfer: async (direction, name) => z.object({ seconds: z.number() }).parse(await ask(client, { kind: 'transfer', direction, name, folder: there })).seconds,
      processes: () => [client.pid ?? 0, gateway.pid],
    },
    opensshWay('OpenSSH sftp', []),
    opensshWay('OpenSSH sftp aes128-gcm', ['-c', 'aes128-gcm@openssh.com']),
    { name: 'ssh2 fastPut, fastGet', what: 'ssh2 in this process, straight to the target, one file after the other', transfer: (direction, name) => ssh2Transfer(direct.sftp, direction, name), processes: () => [process.pid] },
  ];
  console.log(`${machineLine()}, ${spawnSync('ssh', ['-V']).stderr.toString().trim()}`);
  console.log(`${LARGE_MIB} MiB in one file, and ${SMALL_FILES} files of ${SMALL_BYTES} bytes; ${RUNS} runs each, alternating, after one that is not counted; ${FOLDER === undefined ? 'same disk' : `both in ${FOLDER}`}, no sync by either; every byte compared in every run`);
  for (const { name, what } of ways) console.log(`${name}: ${what}`);
  console.log(`a file of ${SMALL_BYTES} bytes made in ${here}, by one process one after the other: ${madeFileMs().toFixed(2)} ms`);
  for (const [name, bytes] of [['large.bin', LARGE_MIB * 1024 * 1024], ['small', SMALL_FILES * SMALL_BYTES]] as const) if (bytes > 0) for (const direction of ['upload', 'download'] as const) await compare(ways, direction, name, bytes);
  console.log(`\nmemory at the end (anonymous): client ${(anonymousBytesOf(client.pid ?? 0) / 1e6).toFixed(0)} MB, gateway ${(anonymousBytesOf(gateway.pid) / 1e6).toFixed(0)} MB`);
  direct.client.end();
} finally {
  clearInterval(supervising);
  client.kill();
  await gateway.stop();
  rmSync(here, { recursive: true, force: true, maxRetries: 10 });
  rmSync(there, { recursive: true, force: true, maxRetries: 10 });
}

/** Where the target's side of the files is, which the account may write to. */
async function targetFolder(): Promise<string> {
  if (FOLDER === undefined) return gateway.target.home;
  const { uid, gid } = await provideLabAccount();
  const folder = join(here, 'target');
  mkdirSync(folder);
  if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid);
  return folder;
}

/** What the disk asks for each new file, whoever makes it: a server makes them one after the other. */
function madeFileMs(): number {
  const folder = join(here, 'probe');
  mkdirSync(folder);
  const block = randomBytes(SMALL_BYTES);
  const startedAt = performance.now();
  for (let number = 0; number < PROBED_FILES; number += 1) writeFileSync(join(folder, `${number}.bin`), block);
  const took = performance.now() - startedAt;
  rmSync(folder, { recursive: true });
  return took / PROBED_FILES;
}

function makeFiles(): void {
  const block = randomBytes(1024 * 1024);
  for (let mib = 0; mib < LARGE_MIB; mib += 1) {
    block.writeUInt32BE(mib);
    appendFileSync(join(here, 'large.bin'), block);
  }
  mkdirSync(join(here, 'small'));
  for (let number = 0; number < SMALL_FILES; number += 1) writeFileSync(join(here, 'small', `${number}.bin`), randomBytes(SMALL_BYTES));
}

async function compare(ways: readonly Way[], direction: Direction, name: string, bytes: number): Promise<void> {
  const seconds = new Map<string, number[]>();
  const costs = new Map<string, number[]>();
  for (let run = 0; run <= RUNS; run += 1) {
    for (const way of inTurn(ways, run)) {
      const target = direction === 'upload' ? there : join(here, 'down');
      rmSync(join(target, name), { recursive: true, force: true, maxRetries: 10 });
      // What is downloaded is there: the last upload of all is compared and stays.
      const before = cpuSecondsOf(way.processes());
      const took = await way.transfer(direction, name);
      await setTimeout(100);
      const cpu = cpuSecondsOf(way.processes()) - before;
      if (digest(join(target, name)) !== digest(join(here, name))) throw new Error(`${way.name}: not the same bytes`);
      if (run === 0) continue;
      seconds.set(way.name, [...(seconds.get(way.name) ?? []), took]);
      costs.set(way.name, [...(costs.get(way.name) ?? []), cpu]);
    }
  }
  const rate = (took: number): number => bytes / took / 1e6;
  const medianOf = (way: string): number => distributionOf(seconds.get(way) ?? [0]).median;
  console.log(`\n${direction} ${name === 'small' ? `${SMALL_FILES} small files` : 'one large file'}`.padEnd(40), ' s  min  median     max   MB/s   CPU s   of OpenSSH sftp');
  for (const way of ways) {
    const { min, median, max } = distributionOf(seconds.get(way.name) ?? [0]);
    console.log(way.name.padEnd(36), min.toFixed(2).padStart(7), median.toFixed(2).padStart(7), max.toFixed(2).padStart(7), rate(median).toFixed(0).padStart(6), distributionOf(costs.get(way.name) ?? [0]).median.toFixed(2).padStart(7), (medianOf('OpenSSH sftp') / median).toFixed(2).padStart(9));
  }
}

function opensshWay(name: string, options: readonly string[]): Way {
  const { target } = gateway;
  const fixed = [...options, '-q', '-b', join(here, 'batch'), '-i', target.privateKeyFile, '-P', String(target.port), '-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', `${target.user}@${target.host}`];
  return {
    name, what: `${['sftp', ...fixed].join(' ')}; the time of a connection that does nothing is taken off, as the other ways are connected already`,
    transfer: async (direction, file) => {
      writeFileSync(join(here, 'batch'), 'pwd\n');
      const connectedAt = performance.now();
      await promisify(execFile)(sftp ?? 'sftp', fixed);
      const connectingMs = performance.now() - connectedAt;
      writeFileSync(join(here, 'batch'), direction === 'upload' ? `put -pR ${join(here, file)} ${there}/${file}\n` : `get -pR ${there}/${file} ${join(here, 'down', file)}\n`);
      const startedAt = performance.now();
      await promisify(execFile)(sftp ?? 'sftp', fixed, { maxBuffer: 64 * 1024 * 1024 });
      return Math.max(0.001, (performance.now() - startedAt - connectingMs) / 1000);
    },
    // Its children have ended when it is asked; they count with this process.
    processes: () => [process.pid],
  };
}

async function plainSsh2(): Promise<{ client: ssh2.Client; sftp: ssh2.SFTPWrapper }> {
  const { target } = gateway;
  const connection = new ssh2.Client();
  const ready = once(connection, 'ready');
  connection.connect({ host: target.host, port: target.port, username: target.user, privateKey: target.privateKey, hostVerifier: () => true, algorithms: { cipher: ['aes128-gcm@openssh.com'] } });
  await ready;
  connection.setNoDelay(true);
  return { client: connection, sftp: await new Promise((resolve, reject) => connection.sftp((error, opened) => (error ? reject(error) : resolve(opened)))) };
}

async function ssh2Transfer(session: ssh2.SFTPWrapper, direction: Direction, name: string): Promise<number> {
  const startedAt = performance.now();
  const one = (file: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const done = (error: unknown): void => (error ? reject(error as Error) : resolve());
      if (direction === 'upload') session.fastPut(join(here, file), `${there}/${file}`, done);
      else session.fastGet(`${there}/${file}`, join(here, 'down', file), done);
    });
  if (!statSync(join(here, name)).isDirectory()) await one(name);
  else {
    if (direction === 'upload') await new Promise<void>((resolve, reject) => session.mkdir(`${there}/${name}`, (error) => (error ? reject(error) : resolve())));
    else mkdirSync(join(here, 'down', name));
    for (const file of readdirSync(join(here, name))) await one(`${name}/${file}`);
  }
  return (performance.now() - startedAt) / 1000;
}

function digest(path: string): string {
  const hash = createHash('sha256');
  if (!statSync(path).isDirectory()) return hash.update(readFileSync(path)).digest('hex');
  for (const name of readdirSync(path).toSorted()) hash.update(name).update(readFileSync(join(path, name)));
  return hash.digest('hex');
}
