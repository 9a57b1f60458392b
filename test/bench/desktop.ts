import { type ChildProcess, spawnSync } from 'node:child_process';
import type { z } from 'zod';
import { findCommand } from '../../scripts/set-up/found-command.ts';
import { startVncTarget } from '../targets/vnc-target.ts';
import { type DesktopCommand, engineResult, scene } from './measuring/desktop-contract.ts';
import { distributionOf, medianInterval } from './measuring/distribution.ts';
import { ask, inTurn, machineLine, next, startGatewayHelper, startHelper } from './measuring/helper-process.ts';
import { cpuSecondsOf, machineSeconds } from './measuring/process-cost.ts';
import { clientOpened, clientReady, gatewayReady, gatewayTicket } from './measuring/tunnel-contract.ts';

/**
 * A VNC desktop over the whole way beside the same engine straight at the target (rule 39): updates a second and bytes of a scripted
 * screen, with the recording of the desktop's bytes on and off. What the recording costs is asked twice: of the throughput, by pairs
 * of runs that follow each other through the same Gateway, since what a screen brings differs more from run to run than by it; and of
 * the processor, which holds also where other work runs beside.
 */
const RUNS = Number(process.env['BENCH_RUNS'] ?? 7);
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 2);
const SCENES = scene.options.filter((one) => new RegExp(process.env['BENCH_SCENES'] ?? '', 'u').test(one));
/** Tight, ZRLE, Hextile, what is copied, raw; the last rectangle: as noVNC asks, but for the pointer. And pixels as they are, in which the way is all there is. */
const ENCODINGS = { Tight: [7, 16, 5, 1, 0, -224], raw: [0, 1, -224] } as const;

interface Way {
  readonly name: string;
  /** A port of loopback that leads to the target's VNC server. */
  readonly open: () => Promise<number>;
  /** Waits for what a run leaves to be done. */
  readonly settle: () => Promise<void>;
  readonly password: string | null;
  readonly processes: () => readonly number[];
}
interface Measured {
  readonly updatesPerSecond: number;
  readonly megabytesPerSecond: number;
  /** Of the app's and the Gateway's processes, for a gigabyte of the desktop. */
  readonly wayCpuSeconds: number;
  /** Of all that the desktop takes: those, the target with its screen, and the engine. */
  readonly allCpuSeconds: number;
}

const RECORDING = 'MAVIS, recording';
const NOT_RECORDING = 'MAVIS, not recording';
const STRAIGHT = 'straight at the target';

const started: ChildProcess[] = [];
const kept = (child: ChildProcess): ChildProcess => {
  started.push(child);
  return child;
};
const helper = (file: string, ...parameters: string[]): ChildProcess => kept(startHelper(file, ...parameters));
const target = await startVncTarget({ width: 1280, height: 720 });
try {
  const [client, engine, gateway] = [helper('tunnel-client.ts'), helper('desktop-engine.ts'), kept(startGatewayHelper('desktop-gateway.ts'))];
  const { thumbprint } = clientReady.parse(await next(client));
  const ready = gatewayReady.parse(await next(gateway));
  const throughGateway = (name: string, recorded: boolean): Way => ({
    name,
    open: async () => {
      const { ticket } = gatewayTicket.parse(await ask(gateway, { kind: 'session', port: target.port, password: target.password, thumbprint, recorded } satisfies DesktopCommand));
      return clientOpened.parse(await ask(client, { hops: [{ gatewayName: ready.name, ports: [ready.proxyPorts], pin: ready.pin, ticket }], protocol: 'vnc' })).port;
    },
    settle: async () => void (await ask(gateway, { kind: 'forget' } satisfies DesktopCommand)),
    password: null,
    processes: () => [gateway.pid ?? 0, client.pid ?? 0],
  });
  const straight: Way = { name: STRAIGHT, open: async () => target.port, settle: async () => undefined, password: target.password, processes: () => [] };
  const ways = [straight, throughGateway(RECORDING, true), throughGateway(NOT_RECORDING, false)];
  const xvnc = spawnSync(findCommand('Xtigervnc') ?? 'Xtigervnc', ['-version'], { encoding: 'utf8' });
  console.log(`${machineLine()}; ${/TigerVNC [\d.]+|Xvnc TigerVNC [\d.]+/.exec(xvnc.stderr + xvnc.stdout)?.[0] ?? 'TigerVNC'} at 1280x720, VncAuth, on this machine`);
  console.log(`${RUNS} runs of ${SECONDS} s each, alternating, after one that is not counted; the screen changes at most 60 times a second`);
  console.log('straight at the target: the engine alone. MAVIS: the app’s dial, hello and stream in a process, one Gateway as shipped in another. The engine reads each update to its end and decodes none');
  console.log('CPU s/GB: of app and Gateway, the hash of the closed recording included; of all, with target, screen and engine');
  const [before, ownBefore] = [machineSeconds(), cpuSecondsOf([process.pid])];
  for (const [encodingName, encodings] of Object.entries(ENCODINGS)) for (const shown of SCENES) await compare(ways, engine, shown, encodingName, encodings);
  const after = machineSeconds();
  const own = cpuSecondsOf([process.pid]) - ownBefore;
  console.log(`\nof the processor all this took ${own.toFixed(0)} s; other work on the machine took ${(after.busy - before.busy - own).toFixed(0)} s meanwhile, and other machines of its host ${(after.stolen - before.stolen).toFixed(0)} s`);
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
      const measured = await measure(way, engine, encodings);
      if (run > 0) all.get(way.name)?.push(measured);
    }
  }
  screen.kill();
  console.log(`\n${`${shown}, ${encodingName}`.padEnd(26)} updates/s  min  median    max      MB/s  min  median    max   CPU s/GB: way      all   of straight: updates   bytes`);
  const medianOf = (name: string, what: keyof Measured): number => distributionOf((all.get(name) ?? []).map((one) => one[what])).median;
  for (const [name, measured] of all) {
    const [rate, bytes] = [distributionOf(measured.map(({ updatesPerSecond }) => updatesPerSecond)), distributionOf(measured.map(({ megabytesPerSecond }) => megabytesPerSecond))];
    const ratio = (what: keyof Measured): string => (medianOf(name, what) / medianOf(STRAIGHT, what)).toFixed(2);
    const three = ({ min, median, max }: typeof rate, digits: number): string => [min, median, max].map((value) => value.toFixed(digits).padStart(7)).join(' ');
    console.log(name.padEnd(36), three(rate, 1), '        ', three(bytes, 2), medianOf(name, 'wayCpuSeconds').toFixed(1).padStart(14), medianOf(name, 'allCpuSeconds').toFixed(1).padStart(8), ratio('updatesPerSecond').padStart(22), ratio('megabytesPerSecond').padStart(7));
  }
  const [on, off] = [all.get(RECORDING) ?? [], all.get(NOT_RECORDING) ?? []];
  const percent = (value: number): string => `${(value * 100).toFixed(1)} %`;
  const costs = on.map(({ megabytesPerSecond }, run) => 1 - megabytesPerSecond / (off[run]?.megabytesPerSecond ?? Number.NaN));
  const { low, high } = medianInterval(costs);
  console.log(`recording costs ${percent(distributionOf(costs).median)} of the throughput (median of ${costs.length} pairs; with 95 % between ${percent(low)} and ${percent(high)})`);
  const recorder = medianOf(RECORDING, 'wayCpuSeconds') - medianOf(NOT_RECORDING, 'wayCpuSeconds');
  const ofOne = (recorder * medianOf(RECORDING, 'megabytesPerSecond')) / 1000;
  console.log(`          and ${recorder.toFixed(1)} s of processor for a gigabyte: ${percent(ofOne)} of one processor at this rate, ${percent(recorder / medianOf(RECORDING, 'allCpuSeconds'))} of all that the desktop takes`);
}

async function measure(way: Way, engine: ChildProcess, encodings: readonly number[]): Promise<Measured> {
  const before = { way: cpuSecondsOf(way.processes()), all: cpuSecondsOf([process.pid]) };
  const { updates, bytes, seconds, allBytes } = engineResult.parse(await ask(engine, { port: await way.open(), password: way.password, encodings, seconds: SECONDS }));
  await way.settle();
  return {
    updatesPerSecond: updates / seconds, megabytesPerSecond: bytes / seconds / 1e6,
    wayCpuSeconds: (cpuSecondsOf(way.processes()) - before.way) / (allBytes / 1e9), allCpuSeconds: (cpuSecondsOf([process.pid]) - before.all) / (allBytes / 1e9),
  };
}
