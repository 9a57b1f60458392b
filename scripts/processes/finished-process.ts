import { spawn, type SpawnOptions } from 'node:child_process';

/** How a process that was waited for ended. */
export type FinishedProcess = {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
  readonly errors: string;
  /** True where it was ended because its time was up or `stalled` said so. */
  readonly cut: boolean;
};

/** What may be told to `runToEnd`. */
export type RunOptions = Pick<SpawnOptions, 'cwd' | 'env' | 'shell'> & {
  /** Show the output as it comes instead of collecting it. */
  readonly show?: boolean;
  readonly limitMs?: number;
  /** Asked twice a second; true ends the process. */
  readonly stalled?: () => boolean;
  readonly input?: string;
};

/** Runs a command to its end. Resolves however it ends; rejects only where it could not be started. */
export function runToEnd(command: string, parameters: readonly string[], options: RunOptions = {}): Promise<FinishedProcess> {
  const { show = false, limitMs, stalled, input, ...spawnOptions } = options;
  return new Promise((resolve, reject) => {
    const output = show ? 'inherit' : 'pipe';
    const child = spawn(command, parameters, { ...spawnOptions, stdio: [input === undefined ? 'ignore' : 'pipe', output, output] });
    let told = '';
    let errors = '';
    let cut = false;
    const end = (): void => {
      cut = true;
      child.kill('SIGKILL');
    };
    const timer = limitMs === undefined ? undefined : setTimeout(end, limitMs);
    const watch = stalled === undefined ? undefined : setInterval(() => stalled() && end(), 500);
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (told += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (errors += text));
    child.stdin?.end(input);
    child.once('error', (error) => {
      clearTimeout(timer);
      clearInterval(watch);
      reject(error);
    });
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      clearInterval(watch);
      resolve({ code, signal, output: told, errors, cut });
    });
  });
}
