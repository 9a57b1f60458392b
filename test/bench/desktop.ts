import { type ChildProcess, spawnSync } from 'node:child_process';
import type { z } from 'zod';
import { findCommand } from '../../scripts/set-up/found-command.ts';
import { startVncTarget } from '../targets/vnc-target.ts';
import { engineResult, scene } from './measuring/desktop-contract.ts';
import { distributionOf } from './measuring/distribution.ts';
import { ask, inTurn, machineLine, next, startHelper } from './measuring/helper-process.ts';
import { cpuSecondsOf } from './measuring/process-cost.ts';
import { clientOpened, clientReady, gatewayReady, gatewayTicket } from './measuring/tunnel-contract.ts';

/** A VNC desktop over the whole way beside the same engine straight at the target (rule 39): updates a second and bytes of a scripted screen, with the recording of the desktop's bytes on and off. */
const RUNS = Number(process.env['BENCH_RUNS'] ?? 5);
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 4);
const SCENES = scene.options.filter((one) => new RegExp(process.env['BENCH_SCENES'] ?? '', 'u').test(one));
/** Tight, ZRLE, Hextile, what is copied, raw; the last rectangle: as noVNC asks, but for the pointer. And pixels as they are, in which the way is all there is. */
const ENCODINGS = { Tight: [7, 16, 5, 1, 0, -224], raw: [0, 1, -224] } as const;

interface Way {
  readonly name: string;
  /** A port of loopback that leads to the target's VNC server. */
  readonly open: () => Promise<number>;
  readonly password: string | null;
  readonly processes: () => readonly number[];
}
interface Measured {
  readonly updatesPerSecond: number;
  readonly megabytesPerSecond: number;
  readonly cpuSecondsPerGigabyte: number;
}

const started: ChildProcess[] = [];
const helper = (file: string, ...parameters: string[]): ChildProcess => {
  const child = startHelper(file, ...parameters);
  started.push(child);
  return child;
};
const target = await startVncTarget({ width: 1280, height: 720 });
try {
  const [client, engine] = [helper('tunnel-client.ts'), helper('desktop-engine.ts')];
  const { thumbprint } = clientReady.parse(await next(client));
  const throughGateway = async (name: string, mode: string): Promise<Way> => {
    const gateway = helper('desktop-gateway.ts', mode);
    const ready = gatewayReady.parse(await next(gateway));
    const open = async (): Promise<number> => {
      const { ticket } = gatewayTicket.parse(await ask(gateway, { port: target.port, password: target.password, thumbprint }));
      return clientOpened.parse(await ask(client, { hops: [{ gatewayName: ready.name, ports: [ready.proxyPorts], pin: ready.pin, ticket }], protocol: 'vnc' })).port;
    };
    return { name, open, password: null, processes: () => [gateway.pid ?? 0, client.pid ?? 0] };
  };
  const direct: Way = { name: 'straight at the target', open: async () => target.port, password: target.password, processes: () => [] };
  const ways = [direct, await throughGateway('MAVIS, recording', 'recording'), await throughGateway('MAVIS, not recording', 'no-recording')];
  const xvnc = spawnSync(findCommand('Xtigervnc') ?? 'Xtigervnc', ['-version'], { encoding: 'utf8' });
  console.log(`${machineLine()}; ${/TigerVNC [\d.]+|Xvnc TigerVNC [\d.]+/.exec(xvnc.stderr + xvnc.stdout)?.[0] ?? 'TigerVNC'} at 1280x720, VncAuth, on this machine`);
  console.log(`${RUNS} runs of ${SECONDS} s each, alternating, after one that is not counted; the screen changes at most 60 times a second`);
  console.log('straight at the target: the engine alone. MAVIS: the app’s dial, hello and stream in a process, one Gateway as shipped in another. The engine reads each update to its end and decodes none');
  for (const [encodingName, encodings] of Object.entries(ENCODINGS)) for (const shown of SCENES) await compare(ways, engine, shown, encodingName, encodings);
} finally {
  for (const process of started) process.kill();
  await target.stop();
}

async function compare(ways: readonly Way[], engine: ChildProcess, shown: z.infer<typeof scene>, encodingName: string, encodings: readonly number[]): Promise<void> {
  const all = new Map<string, Measured[]>(ways.map(({ name }) => [name, []]));
  const screen = helper('scripted-screen.ts', target.display, shown);
  await next(screen);
  for (let run = 0; run <= RUNS; run += 1) {
    for (const way of inTurn(ways, run)) {
      const before = cpuSecondsOf(way.processes());
      const { updates, bytes, seconds } = engineResult.parse(await ask(engine, { port: await way.open(), password: way.password, encodings, seconds: SECONDS }));
      const cpu = cpuSecondsOf(way.processes()) - before;
      if (run > 0) all.get(way.name)?.push({ updatesPerSecond: updates / seconds, megabytesPerSecond: bytes / seconds / 1e6, cpuSecondsPerGigabyte: cpu / (bytes / 1e9) });
    }
  }
  screen.kill();
  console.log(`\n${`${shown}, ${encodingName}`.padEnd(26)} updates/s  min  median    max      MB/s  min  median    max   CPU s/GB   of straight: updates   bytes`);
  const medianOf = (name: string, what: keyof Measured): number => distributionOf((all.get(name) ?? []).map((one) => one[what])).median;
  for (const [name, measured] of all) {
    const [rate, bytes] = [distributionOf(measured.map(({ updatesPerSecond }) => updatesPerSecond)), distributionOf(measured.map(({ megabytesPerSecond }) => megabytesPerSecond))];
    const [straight] = ways;
    const ratio = (what: keyof Measured): string => (medianOf(name, what) / medianOf(straight?.name ?? '', what)).toFixed(2);
    const three = ({ min, median, max }: typeof rate, digits: number): string => [min, median, max].map((value) => value.toFixed(digits).padStart(7)).join(' ');
    console.log(name.padEnd(36), three(rate, 1), '        ', three(bytes, 2), medianOf(name, 'cpuSecondsPerGigabyte').toFixed(1).padStart(9), ratio('updatesPerSecond').padStart(18), ratio('megabytesPerSecond').padStart(8));
  }
  const kept = medianOf('MAVIS, recording', 'megabytesPerSecond') / medianOf('MAVIS, not recording', 'megabytesPerSecond');
  console.log(`recording costs ${((1 - kept) * 100).toFixed(1)} % of the throughput`);
}
