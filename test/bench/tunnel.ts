import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { findCommand } from '../../scripts/set-up/found-command.ts';
import { commandForPeople } from '../../scripts/set-up/system-package-list.ts';
import { freePorts } from '../fixtures/free-ports.ts';
import { makeSelfSigned } from '../fixtures/self-signed.ts';
import { startOpenSshTarget } from '../targets/open-ssh-target.ts';
import { distributionOf } from './measuring/distribution.ts';
import { ask, inTurn, machineLine, next, startGatewayHelper, startHelper } from './measuring/helper-process.ts';
import { anonymousBytesOf, cpuSecondsOf } from './measuring/process-cost.ts';
import { clientOpened, clientReady, gatewayReady, gatewayTicket, relayProtocol, type GatewayReady } from './measuring/tunnel-contract.ts';

/** Counted runs of each way, alternating, after one of each that is not counted. */
const RUNS = Number(process.env['BENCH_RUNS'] ?? 5);
const BYTES = Number(process.env['BENCH_MIB'] ?? 256) * 1024 * 1024;
const STREAMS = (process.env['BENCH_STREAMS'] ?? '1,8').split(',').map(Number);
/** Only the ways whose name this matches: for a trial of one change. */
const WAYS = new RegExp(process.env['BENCH_WAYS'] ?? '', 'u');
const IDLE_SESSIONS = Number(process.env['BENCH_IDLE'] ?? 500);
const WARM_UP_SESSIONS = 50;
const GIB = 1024 ** 3;

/** One way of bringing bytes from a port of this machine to the same server. */
interface WayThrough {
  readonly name: string;
  /** Ports that lead through, one for each stream. */
  open(streams: number): Promise<number[]>;
  /** Waits for the work that is left behind a run, and belongs to it. */
  finish?(): Promise<unknown>;
  /** Processes whose processor time counts: both ends of the way, not the sender and the server. */
  readonly processes: () => readonly number[];
}

const started: ChildProcess[] = [];
const kept = (child: ChildProcess): ChildProcess => {
  started.push(child);
  return child;
};
const helper = (file: string, ...parameters: string[]): ChildProcess => kept(startHelper(file, ...parameters));
const folder = mkdtempSync(join(tmpdir(), 'mavis-bench-tunnel-'));
const ends = helper('tunnel-ends.ts');
const [serverPort] = [Number((await next(ends) as { port: number }).port)];
const ssh = await startOpenSshTarget({ extraLines: ['AllowTcpForwarding yes'] });
try {
  const [first, second, client] = [kept(startGatewayHelper('tunnel-gateway.ts', 'first')), kept(startGatewayHelper('tunnel-gateway.ts', 'second')), helper('tunnel-client.ts')];
  const [firstReady, secondReady, { thumbprint }] = [gatewayReady.parse(await next(first)), gatewayReady.parse(await next(second)), clientReady.parse(await next(client))];
  const ticket = async (gateway: ChildProcess, command: object): Promise<string> => gatewayTicket.parse(await ask(gateway, { ...command, thumbprint })).ticket;
  const toTarget = async (gateway: ChildProcess, recorded = false): Promise<string> => ticket(gateway, { kind: 'target', port: serverPort, recorded });
  const hop = ({ name, pin }: GatewayReady, ports: readonly number[], used: string) => ({ gatewayName: name, ports: [ports], pin, ticket: used });
  const session = async (hops: object[], recorded = false): Promise<number> => clientOpened.parse(await ask(client, { hops, protocol: recorded ? relayProtocol.recorded : relayProtocol.plain })).port;
  const severally = async (streams: number, open: () => Promise<number>): Promise<number[]> => {
    const ports: number[] = [];
    for (let index = 0; index < streams; index += 1) ports.push(await open());
    return ports;
  };
  const pids = (...all: ChildProcess[]) => () => all.map(({ pid }) => pid ?? 0);

  const overOne = (name: string, ports: readonly number[], recorded: boolean): WayThrough => ({
    name: recorded ? `${name}, recorded` : name,
    open: (streams) => severally(streams, async () => session([hop(firstReady, ports, await toTarget(first, recorded))], recorded)),
    ...(recorded ? { finish: () => ticket(first, { kind: 'forget' }) } : {}),
    processes: pids(first, client),
  });
  const overTwo = (recorded: boolean): WayThrough => ({
    name: recorded ? 'MAVIS, Tunnel, recorded' : 'MAVIS, Tunnel (two hops)',
    open: (streams) => severally(streams, async () =>
      session([
        hop(firstReady, firstReady.proxyPorts, await ticket(first, { kind: 'forward', gatewayId: secondReady.gatewayId, gatewayName: secondReady.name, ports: secondReady.proxyPorts })),
        hop(secondReady, [], await toTarget(second, recorded)),
      ], recorded)),
    ...(recorded ? { finish: () => ticket(second, { kind: 'forget' }) } : {}),
    processes: pids(first, second, client),
  });
  const ways: WayThrough[] = [
    ...[false, true].flatMap((recorded) => [overOne('MAVIS, proxy port', firstReady.proxyPorts, recorded), overOne('MAVIS, over 443', [firstReady.linkPort], recorded), overTwo(recorded)]),
    ...(await otherPrograms()),
  ];
  console.log(`${machineLine()}; ${BYTES / 1024 / 1024} MiB a run, ${RUNS} runs, alternating; SHA-256 of what came compared in every run`);
  console.log('MAVIS: the gateway and the client’s own dial, hello and stream, each in its process; the protocol in the gateway is one of the tests that relays bytes as they are. “recorded”: every byte, both ways, goes into a recording of the gateway that reaches the target, encrypted, chained and synced as what a desktop draws; the others record nothing, as ssh, stunnel and socat do not');
  for (const streams of STREAMS) await compare(ways.filter(({ name }) => WAYS.test(name)), streams);
  if (IDLE_SESSIONS > 0) {
    // A gateway of its own: one that has relayed gigabytes gives back more meanwhile than sessions take.
    const idle = kept(startGatewayHelper('tunnel-gateway.ts', 'idle'));
    const idleReady = gatewayReady.parse(await next(idle));
    await idleSessions(idle, session, async () => hop(idleReady, idleReady.proxyPorts, await toTarget(idle)));
  }
} finally {
  for (const process of started) process.kill();
  await ssh.stop();
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
}

async function compare(ways: readonly WayThrough[], streams: number): Promise<void> {
  const speeds = new Map<string, number[]>();
  const costs = new Map<string, number[]>();
  for (let run = 0; run <= RUNS; run += 1) {
    for (const way of inTurn(ways, run)) {
      const ports = await way.open(streams);
      const before = cpuSecondsOf(way.processes());
      const { seconds } = (await ask(ends, { ports, bytes: BYTES })) as { seconds: number };
      await way.finish?.();
      // A child that has just ended is counted with its parent a moment later.
      await setTimeout(100);
      const cpu = cpuSecondsOf(way.processes()) - before;
      if (run === 0) continue;
      speeds.set(way.name, [...(speeds.get(way.name) ?? []), BYTES / seconds / 1e6]);
      costs.set(way.name, [...(costs.get(way.name) ?? []), cpu / (BYTES / GIB)]);
    }
  }
  const medianOf = (name: string): number => distributionOf(speeds.get(name) ?? [0]).median;
  console.log(`\n${streams === 1 ? 'one stream' : `${streams} streams at once`}`.padEnd(30), 'MB/s  min    median       max    CPU s/GiB', ways.filter(({ name }) => /stunnel|aes128/.test(name)).map(({ name }) => ` of ${name}`).join(''));
  for (const { name } of ways) {
    const speed = distributionOf(speeds.get(name) ?? [0]);
    const ratios = ways.filter((way) => /stunnel|aes128/.test(way.name)).map((way) => (speed.median / medianOf(way.name)).toFixed(2).padStart(way.name.length + 4));
    console.log(name.padEnd(30), speed.min.toFixed(0).padStart(9), speed.median.toFixed(0).padStart(9), speed.max.toFixed(0).padStart(9), distributionOf(costs.get(name) ?? [0]).median.toFixed(2).padStart(12), ratios.join(''));
  }
}

/** What the gateway's process holds more with so many sessions that stand and say nothing. */
async function idleSessions(gateway: ChildProcess, session: (hops: object[]) => Promise<number>, nextHop: () => Promise<object>): Promise<void> {
  const pid = gateway.pid ?? 0;
  const sockets: Socket[] = [];
  const open = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index += 1) {
      const socket = connect({ host: '127.0.0.1', port: await session([await nextHop()]) });
      await once(socket, 'data');
      sockets.push(socket);
    }
  };
  // What the first sessions bring once (compiled code, a larger heap) is no session's.
  await open(WARM_UP_SESSIONS);
  await setTimeout(2000);
  const before = anonymousBytesOf(pid);
  await open(IDLE_SESSIONS);
  await setTimeout(5000);
  const held = anonymousBytesOf(pid) - before;
  console.log(`\n${IDLE_SESSIONS} idle sessions at once: ${(held / 1024 / 1024).toFixed(1)} MiB more in the gateway's process, ${(held / IDLE_SESSIONS / 1024).toFixed(0)} KiB a session (anonymous memory, without recording)`);
  for (const socket of sockets) socket.destroy();
}

/** The programs to compare with, as their defaults and with their fastest cipher; those that are not installed are named. */
async function otherPrograms(): Promise<WayThrough[]> {
  const [stunnel, socat] = [findCommand('stunnel4') ?? findCommand('stunnel'), findCommand('socat')];
  const missing = [...(stunnel === undefined ? ['stunnel4'] : []), ...(socat === undefined ? ['socat'] : [])];
  if (missing.length > 0) console.log(`not compared with ${missing.join(' and ')}: ${commandForPeople(missing)}`);
  return [
    ...(stunnel === undefined ? [] : [await stunnelWay('stunnel', stunnel, ''), await stunnelWay('stunnel, AES-128-GCM', stunnel, 'ciphersuites = TLS_AES_128_GCM_SHA256\n')]),
    await sshWay('ssh -L', []),
    await sshWay('ssh -L aes128-gcm', ['-c', 'aes128-gcm@openssh.com']),
    ...(socat === undefined ? [] : [await socatWay(socat)]),
  ];
}

async function stunnelWay(name: string, program: string, cipher: string): Promise<WayThrough> {
  const { keyPem, certificatePem } = await makeSelfSigned('stunnel');
  const file = join(folder, `${name.replaceAll(/\W/g, '-')}.pem`);
  writeFileSync(file, `${keyPem}\n${certificatePem}\n`, { mode: 0o600 });
  const [middle = 0, local = 0] = await freePorts(2);
  const side = async (kind: string, text: string): Promise<ChildProcess> => {
    const configuration = join(folder, `${name.replaceAll(/\W/g, '-')}-${kind}.conf`);
    writeFileSync(configuration, `foreground = yes\npid =\ndebug = err\n${text}`);
    return other(name, program, [configuration]);
  };
  const both = [
    await side('server', `[bench]\naccept = 127.0.0.1:${middle}\nconnect = 127.0.0.1:${serverPort}\ncert = ${file}\nsslVersionMin = TLSv1.3\n${cipher}`),
    await side('client', `[bench]\nclient = yes\naccept = 127.0.0.1:${local}\nconnect = 127.0.0.1:${middle}\nverifyPeer = yes\nCAfile = ${file}\nsslVersionMin = TLSv1.3\n${cipher}`),
  ];
  version(program, ['-version']);
  await listens(local);
  return { name, open: async (streams) => Array.from({ length: streams }, () => local), processes: () => both.map(({ pid }) => pid ?? 0) };
}

async function sshWay(name: string, options: readonly string[]): Promise<WayThrough> {
  const [local = 0] = await freePorts(1);
  const parameters = ['-N', '-F', 'none', '-i', ssh.privateKeyFile, '-p', String(ssh.port), '-o', 'StrictHostKeyChecking=no', '-o', `UserKnownHostsFile=${join(folder, 'known-hosts')}`, '-o', 'LogLevel=ERROR', ...options, '-L', `127.0.0.1:${local}:127.0.0.1:${serverPort}`, `${ssh.user}@127.0.0.1`];
  const client = other(name, 'ssh', parameters);
  version('ssh', ['-V']);
  await listens(local);
  const servers = spawnSync('pgrep', ['-f', `sshd.*${ssh.port}|sshd: ${ssh.user}`], { encoding: 'utf8' });
  const session = sshSessionOf(client.pid ?? 0);
  return { name, open: async (streams) => Array.from({ length: streams }, () => local), processes: () => [client.pid ?? 0, ...(session === undefined ? servers.stdout.split('\n').filter(Boolean).map(Number) : [session])] };
}

/** The process of the server at the other end of the one TCP connection that a client has. */
function sshSessionOf(clientPid: number): number | undefined {
  const all = spawnSync('ss', ['-tnpH'], { encoding: 'utf8' }).stdout.split('\n');
  const own = all.find((line) => line.includes(`pid=${clientPid},`) && line.includes(`:${ssh.port} `));
  const port = /127\.0\.0\.1:(\d+)\s+127\.0\.0\.1:\d+/.exec(own ?? '')?.[1];
  const peer = all.find((line) => port !== undefined && new RegExp(`:${ssh.port}\\s+127\\.0\\.0\\.1:${port}\\s`).test(line));
  const pid = [...(peer ?? '').matchAll(/pid=(\d+)/g)].map((match) => Number(match[1])).at(0);
  return pid;
}

async function socatWay(program: string): Promise<WayThrough> {
  const [local = 0] = await freePorts(1);
  const relay = other('socat', program, [`TCP-LISTEN:${local},bind=127.0.0.1,fork,reuseaddr`, `TCP:127.0.0.1:${serverPort}`]);
  version(program, ['-V']);
  await listens(local);
  return { name: 'socat (not encrypted, one relay)', open: async (streams) => Array.from({ length: streams }, () => local), processes: () => [relay.pid ?? 0] };
}

function other(name: string, program: string, parameters: readonly string[]): ChildProcess {
  console.log(`${name}: ${program} ${parameters.join(' ')}`);
  const child = spawn(program, parameters, { stdio: ['ignore', 'ignore', 'inherit'] });
  started.push(child);
  return child;
}

function version(program: string, parameters: readonly string[]): void {
  const { stdout, stderr } = spawnSync(program, parameters, { encoding: 'utf8' });
  const line = `${stdout}${stderr}`.split('\n').find((one) => /\d+\.\d/.test(one));
  console.log(`  ${line?.trim() ?? 'version unknown'}`);
}

async function listens(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const socket = connect({ host: '127.0.0.1', port });
    const up = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    socket.destroy();
    if (up) return;
    await setTimeout(50);
  }
  throw new Error(`nothing listens on ${port}`);
}
