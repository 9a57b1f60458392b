import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { z } from 'zod';
import { findCommand } from '../../scripts/set-up/found-command.ts';

/** Targets that only root can start: their names, and what each of them is told. */
export const targetByRoot = z.discriminatedUnion('target', [
  z.object({ target: z.literal('xrdp'), desktop: z.string() }),
  z.object({ target: z.literal('vnc'), securityTypes: z.string(), certificate: z.object({ keyPem: z.string(), certificatePem: z.string() }).optional() }),
  z.object({ target: z.literal('sshd'), signOn: z.array(z.enum(['publickey', 'password', 'keyboard-interactive'])), extraLines: z.array(z.string()) }),
]);
export type TargetByRoot = z.infer<typeof targetByRoot>;

/** What its process says, a line of JSON each. */
export const saidByRoot = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('started'), facts: z.record(z.string(), z.string().or(z.number())) }),
  z.object({ kind: z.literal('log'), text: z.string() }),
  z.object({ kind: z.literal('done') }),
  z.object({ kind: z.literal('failed'), message: z.string() }),
]);

/** Whether this account is root, or becomes it by sudo without a password. */
export function mayBeRoot(): boolean {
  if (process.getuid?.() === 0) return true;
  if (findCommand('sudo') === undefined) return false;
  try {
    execFileSync('sudo', ['-n', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    // sudo said no: that is the answer.
    return false;
  }
}

/** Why something cannot be started by this account, and what to type. */
export function needsRoot(what: string, why: string): Error {
  return new Error(`${what} needs root, ${why}: run the tests as an account with sudo (echo "$USER ALL=(ALL) NOPASSWD: ALL" | sudo tee /etc/sudoers.d/mavis-tests), or as root`);
}

/** A target in a process of root's, which ends with this one: its input ends, however this one ends. */
export class RunningByRoot {
  readonly #child: ChildProcess;
  readonly #lines: Interface;
  readonly #log: string[] = [];
  facts: Readonly<Record<string, string | number>> = {};

  private constructor(child: ChildProcess) {
    if (child.stdout === null) throw new Error('no output');
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout });
    this.#lines.on('line', (line) => {
      const said = saidByRoot.parse(JSON.parse(line));
      if (said.kind === 'log') this.#log.push(said.text);
    });
  }

  /** Starts it. Throws with what to do where this account may not. */
  static async start(wanted: TargetByRoot): Promise<RunningByRoot> {
    if (!mayBeRoot()) throw needsRoot(wanted.target, 'which checks passwords and mounts folders');
    const child = spawn('sudo', ['-n', process.execPath, join(import.meta.dirname, 'by-root-process.ts')], { stdio: ['pipe', 'pipe', 'inherit'] });
    const running = new RunningByRoot(child);
    const first = running.#next();
    running.#tell(wanted);
    const said = await first;
    if (said.kind !== 'started') throw new Error(said.kind === 'failed' ? said.message : 'the target said nothing');
    running.facts = said.facts;
    return running;
  }

  /** What the server said so far. */
  log(): string {
    return this.#log.join('');
  }

  /** Cuts everybody off, or shows the server's other host key from now on. */
  async ask(what: 'kill' | 'first' | 'second'): Promise<void> {
    const answer = this.#next();
    this.#tell(what);
    const said = await answer;
    if (said.kind === 'failed') throw new Error(said.message);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.stdin?.end();
    await gone;
  }

  #tell(line: unknown): void {
    this.#child.stdin?.write(`${JSON.stringify(line)}\n`);
  }

  /** What it says next, but for its log. */
  #next(): Promise<z.infer<typeof saidByRoot>> {
    return new Promise((resolve) => {
      const ended = (): void => resolve({ kind: 'failed', message: 'the process of root ended' });
      const onLine = (line: string): void => {
        const said = saidByRoot.parse(JSON.parse(line));
        if (said.kind === 'log') return;
        this.#lines.off('line', onLine);
        this.#child.off('exit', ended);
        resolve(said);
      };
      this.#lines.on('line', onLine);
      this.#child.once('exit', ended);
    });
  }
}
