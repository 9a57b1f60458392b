import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import type { Duplex } from 'node:stream';
import { app } from './app.ts';
import { asElectron, Covered, debug, makeEvent, notInStandIn } from './covered.ts';
import { readFrames, writeFrame } from './frame-stream.ts';
import { PortConnection } from './message-port.ts';
import { UTILITY_CHANNEL_FD } from './utility-channel.ts';

type Stdio = 'pipe' | 'ignore' | 'inherit';

const running = new Set<StandInUtilityProcess>();

function stdioOf(given: Electron.ForkOptions['stdio']): [Stdio, Stdio] {
  const list = Array.isArray(given) ? given : [given ?? 'inherit', given ?? 'inherit', given ?? 'inherit'];
  if (list[0] === 'pipe' && Array.isArray(given)) throw new Error('stdin value for utility process must be ignore');
  return [(list[1] ?? 'inherit') as Stdio, (list[2] ?? 'inherit') as Stdio];
}

/** Why a child that ended by itself or by a signal has ended, in Electron's words. */
function reasonOf(code: number | null, signal: NodeJS.Signals | null): Electron.Details['reason'] {
  if (signal === 'SIGTERM' || signal === 'SIGKILL' || signal === 'SIGINT') return 'killed';
  if (signal) return 'crashed';
  return code === 0 ? 'clean-exit' : 'abnormal-exit';
}

/** Electron's `UtilityProcess`: a real child process, Node as here. */
export class StandInUtilityProcess extends Covered implements Pick<Electron.UtilityProcess, 'pid' | 'stdout' | 'stderr' | 'kill' | 'postMessage'> {
  pid: number | undefined = undefined;
  readonly stdout: NodeJS.ReadableStream | null;
  readonly stderr: NodeJS.ReadableStream | null;
  readonly #child: ChildProcess;
  readonly #ports: PortConnection;
  readonly #serviceName: string;
  #ended = false;

  constructor(modulePath: string, childArguments: readonly string[], options: Electron.ForkOptions) {
    // 'error' (fatal errors of V8) and 'login' are never emitted.
    super('UtilityProcess', ['spawn', 'exit', 'message', 'error', 'login']);
    if (options.session || options.partition) throw notInStandIn('utilityProcess.fork with session or partition');
    this.#serviceName = options.serviceName ?? 'Node Utility Process';
    const [stdout, stderr] = stdioOf(options.stdio);
    const stdio: StdioOptions = ['ignore', stdout, stderr, 'pipe'];
    const entry = path.join(import.meta.dirname, 'utility-entry.ts');
    const nodeArguments = [...(options.execArgv ?? []), '--disable-warning=ExperimentalWarning', entry, modulePath, ...childArguments];
    const env = { ...(options.env ?? process.env) } as NodeJS.ProcessEnv;
    this.#child = spawn(process.execPath, nodeArguments, { stdio, env, ...(options.cwd === undefined ? {} : { cwd: options.cwd }) });
    this.stdout = this.#child.stdout;
    this.stderr = this.#child.stderr;
    const channel = this.#child.stdio[UTILITY_CHANNEL_FD] as Duplex;
    this.#ports = new PortConnection((frame) => channel.writable && writeFrame(channel, frame), 'parent');
    channel.on('error', (error) => debug('utility process channel', error.message));
    readFrames(channel, (frame) => this.#ports.receive(frame, (value) => this.emit('message', (value as { message: unknown }).message)));
    this.#child.once('spawn', () => {
      this.pid = this.#child.pid;
      this.emit('spawn');
    });
    this.#child.once('error', (error) => {
      debug('utility process', error);
      this.#finish(1, null);
    });
    // 'close' comes after the streams have been read to their end, so no last message is lost.
    this.#child.once('close', (code, signal) => this.#finish(code, signal));
    running.add(this);
  }

  /** Starts a child that runs the module; with `serviceName` in the events that speak of it. */
  static fork(modulePath: string, childArguments: readonly string[] = [], options: Electron.ForkOptions = {}): Electron.UtilityProcess {
    return asElectron(new StandInUtilityProcess(modulePath, childArguments, options));
  }

  postMessage(message: unknown, transfer: readonly Electron.MessagePortMain[] = []): void {
    if (this.#ended) return;
    this.#ports.give(transfer, (portIds) => this.#ports.sendControl({ t: 'message', message, portIds }));
  }

  kill(): boolean {
    if (this.#ended) return false;
    return this.#child.kill('SIGTERM');
  }

  /** At the end of the application: nothing of it stays. */
  _killNow(): void {
    this.#child.kill('SIGKILL');
  }

  #finish(code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#ended) return;
    this.#ended = true;
    running.delete(this);
    this.#ports.close();
    const exitCode = code ?? (signal ? os.constants.signals[signal] : 1);
    const reason = reasonOf(code, signal);
    this.emit('exit', exitCode);
    this.pid = undefined;
    if (reason !== 'clean-exit') app.emit('child-process-gone', makeEvent(), { type: 'Utility', reason, exitCode, serviceName: 'node.mojom.NodeService', name: this.#serviceName });
  }
}

/** Kills what still runs. */
export function stopUtilityProcesses(): void {
  for (const child of running) child._killNow();
}

process.on('exit', stopUtilityProcesses);
