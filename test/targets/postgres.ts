import { spawn, type ChildProcess } from 'node:child_process';
import { chownSync, globSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { endingWithParent, type CommandLine } from '../../scripts/processes/ending-with-parent.ts';
import { runToEnd } from '../../scripts/processes/finished-process.ts';
import { provideLabAccount, type LabAccount } from './lab-account.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';
import { freePort } from '../fixtures/free-ports.ts';

/** A running PostgreSQL server with an empty database. */
export type PostgresServer = {
  /** postgres://… on a loopback port. */
  readonly url: string;
  /** Folder of the server's socket. */
  readonly folder: string;
  /** What the server said on its log so far. */
  log(): string;
  /** Ends the server as a crash would, without a checkpoint, and leaves its data. */
  crash(): Promise<void>;
  /** Starts it again on the same port after `crash`. */
  restart(): Promise<void>;
  stop(): Promise<void>;
};

const commandLimitMs = 60_000;
const startLimitMs = 30_000;

/** Starts PostgreSQL on a free loopback port in a folder of its own. A commit waits for the system, not for the disk: it outlives `crash`. */
export async function startPostgres(): Promise<PostgresServer> {
  const programs = postgresPrograms();
  const account = unprivileged(await provideLabAccount());
  const folder = makeTemporaryFolder('postgres', 0o711);
  const data = join(folder.path, 'data');
  mkdirSync(data, { mode: 0o700 });
  if (account !== undefined) for (const path of [folder.path, data]) chownSync(path, account.uid, account.gid);
  const port = await freePort();
  const lines: string[] = [];
  const settings = ['listen_addresses=127.0.0.1', `unix_socket_directories=${folder.path}`, 'fsync=off', 'full_page_writes=off', 'max_connections=200'];
  const commandLine = endingWithParent([join(programs, 'postgres'), '-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])], account, 'QUIT');
  let server: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    server = await startServer(commandLine, folder.path, lines);
  };
  const crash = async (): Promise<void> => {
    await endServer(server);
    server = undefined;
  };
  try {
    await mustRun(endingWithParent([join(programs, 'initdb'), '-D', data, '-U', 'mavis', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'], account), folder.path);
    await start();
    await mustRun([join(programs, 'createdb'), '-h', '127.0.0.1', '-p', String(port), '-U', 'mavis', 'mavis'], folder.path);
  } catch (error) {
    await crash();
    folder.remove();
    throw error;
  }
  return {
    url: `postgres://mavis@127.0.0.1:${port}/mavis`,
    folder: folder.path,
    log: () => lines.join('\n'),
    crash,
    restart: start,
    stop: async () => {
      await crash();
      folder.remove();
    },
  };
}

/** Folder of the newest PostgreSQL's programs: Debian keeps them off the path. */
function postgresPrograms(): string {
  const found = globSync('/usr/lib/postgresql/*/bin').toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1);
  if (found === undefined) throw new Error('there is no PostgreSQL under /usr/lib/postgresql: install the package postgresql');
  return found;
}

/** PostgreSQL refuses to run as root, so there it runs as the lab's account. */
function unprivileged({ uid, gid }: LabAccount): { uid: number; gid: number } | undefined {
  return uid === undefined || gid === undefined ? undefined : { uid, gid };
}

function startServer([command, ...parameters]: CommandLine, cwd: string, lines: string[]): Promise<ChildProcess> {
  const child = spawn(command, parameters, { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      reject(new Error(`PostgreSQL did not start: ${why}\n${lines.slice(-20).join('\n')}`));
    };
    const timer = setTimeout(() => fail('it was not ready in time'), startLimitMs);
    const onExit = (code: number | null): void => fail(`it ended with code ${code}`);
    child.once('error', (error) => fail(error.message));
    child.once('exit', onExit);
    createInterface({ input: child.stderr }).on('line', (line) => {
      lines.push(line);
      if (!line.includes('database system is ready to accept connections')) return;
      clearTimeout(timer);
      child.off('exit', onExit);
      resolve(child);
    });
  });
}

/** SIGQUIT is PostgreSQL's immediate shutdown. */
async function endServer(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  await new Promise((resolve) => {
    child.once('exit', resolve);
    child.kill('SIGQUIT');
  });
}

async function mustRun([command, ...parameters]: CommandLine, cwd: string): Promise<void> {
  const ended = await runToEnd(command, parameters, { cwd, limitMs: commandLimitMs });
  if (ended.code !== 0) throw new Error(`${command} failed:\n${ended.errors || ended.output}`);
}
