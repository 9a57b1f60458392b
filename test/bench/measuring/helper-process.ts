import { type ChildProcess, fork } from 'node:child_process';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { SMALL_YOUNG_GENERATION } from '../../../src-gateway/collector-pace.ts';

/** Starts a part of a benchmark in a process of its own, so that what it costs can be counted alone; whoever starts it kills it. */
export function startHelper(file: string, ...parameters: readonly string[]): ChildProcess {
  return fork(join(import.meta.dirname, file), parameters, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
}

/** The same for a part that is a gateway, launched as the product launches it. */
export function startGatewayHelper(file: string, ...parameters: readonly string[]): ChildProcess {
  return fork(join(import.meta.dirname, file), parameters, { execArgv: [...process.execArgv, SMALL_YOUNG_GENERATION], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
}

/** The next message of a helper; rejects where it ends. */
export function next(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const ended = (): void => reject(new Error('a helper ended'));
    child.once('exit', ended);
    child.once('message', (message) => {
      child.off('exit', ended);
      resolve(message);
    });
  });
}

/** What a helper answers to a command. */
export function ask(child: ChildProcess, command: object): Promise<unknown> {
  const answer = next(child);
  child.send(command);
  return answer;
}

/** The machine and the versions that a measurement holds for. */
export function machineLine(): string {
  return `${cpus()[0]?.model.trim() ?? ''}, ${cpus().length} processors, Node ${process.version}, OpenSSL ${process.versions.openssl}`;
}

/** Ways in the order of a run: every other one goes backwards, so that no way always comes first, or always after the same one. */
export function inTurn<T>(ways: readonly T[], run: number): readonly T[] {
  return run % 2 === 0 ? ways : ways.toReversed();
}
