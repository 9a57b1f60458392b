import type { SessionCommand } from './session-process-contract.ts';

/** A process that runs one session, as main holds it. `Port` is what main hands on, unopened: Electron's MessagePortMain. */
export interface SessionProcess<Port> {
  send(command: SessionCommand, port?: Port): void;
  /** Reports come unparsed: the process reads what targets send, and is not taken at its word. */
  onReport(listener: (report: unknown) => void): void;
  /** Called once when the process has gone, for whatever reason. */
  onExit(listener: (exitCode: number) => void): void;
  kill(): void;
}

/** Keeps one process ready, so that a connection does not wait for its start; makes the next when one is taken. */
export class SessionProcesses<Port> {
  readonly #fork: () => SessionProcess<Port>;
  #ready: SessionProcess<Port> | undefined;
  #stopped = false;

  constructor(fork: () => SessionProcess<Port>) {
    this.#fork = fork;
  }

  /** Starts the spare process. */
  prepare(): void {
    if (this.#stopped || this.#ready) return;
    const process = this.#fork();
    this.#ready = process;
    // One that dies unused is not handed out.
    process.onExit(() => {
      if (this.#ready === process) this.#ready = undefined;
    });
  }

  /** A process of its own for a session; the caller ends it. */
  take(): SessionProcess<Port> {
    const process = this.#ready ?? this.#fork();
    this.#ready = undefined;
    setTimeout(() => this.prepare(), PREPARE_PAUSE_MS).unref();
    return process;
  }

  stop(): void {
    this.#stopped = true;
    this.#ready?.kill();
    this.#ready = undefined;
  }
}

/** The spare is started when the connection that took the last one has had the machine to itself. */
const PREPARE_PAUSE_MS = 1500;
