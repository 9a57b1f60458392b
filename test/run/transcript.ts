import { spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Shows lines and, where it has a file, keeps them there too. */
export class Transcript {
  readonly #file: string | undefined;

  constructor(file: string | undefined) {
    this.#file = file;
    if (file === undefined) return;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, '');
  }

  /** Shows a line. */
  line(text: string): void {
    this.write(`${text}\n`);
  }

  /** Shows text as it is. */
  write(text: string): void {
    process.stdout.write(text);
    if (this.#file !== undefined) appendFileSync(this.#file, text);
  }

  /** Runs a program and shows what it says. Gives its code, or null where it was ended after `limitMs`. */
  async run(command: string, parameters: readonly string[], environment: NodeJS.ProcessEnv, limitMs: number): Promise<number | null> {
    const child = spawn(command, parameters, { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.setEncoding('utf8').on('data', (text: string) => this.write(text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => this.write(text));
    const endWithThis = (): boolean => child.kill('SIGTERM');
    process.once('exit', endWithThis);
    const timer = setTimeout(() => {
      this.line(`ended after ${Math.round(limitMs / 60_000)} minutes, which is its limit`);
      child.kill('SIGKILL');
    }, limitMs);
    try {
      return await new Promise((resolve, reject) => {
        child.once('error', reject);
        child.once('close', (code) => resolve(code));
      });
    } finally {
      clearTimeout(timer);
      process.off('exit', endWithThis);
    }
  }
}
