import { resolve } from 'node:path';
import { keepConfiguration, type ConfigurationOverrides } from '../configuration/configuration.ts';
import { openControlPipe } from '../control-pipe.ts';
import { fingerprints } from '../keys/service-keys.ts';
import { createLog } from '../logging/log.ts';
import { openService, type OpenService } from '../open-service.ts';
import { startService } from '../start-service.ts';
import { firstAdministratorId, keepFirstPassword } from '../users/first-administrator.ts';
import { databaseUrls } from './database-urls.ts';

/** Stopping in good order takes a second; a part that hangs must not keep the process. */
const STOP_LIMIT_MS = 15_000;

/** What `init` and `start` are told on the command line. */
export interface ServeOptions {
  data: string;
  database?: string;
  embedded?: boolean;
  host?: string;
  port?: number;
  controlFd?: number;
  exitWithStdin?: boolean;
}

/** Makes keys, database and the first administrator, and says what it made. */
export async function initService(options: ServeOptions): Promise<void> {
  const opened = await open(options);
  const { keys, keysInForce } = opened.core;
  const { made } = keys;
  print(made.length === 0 ? 'keys: there already' : `keys made: ${made.join(', ')}`);
  await tellFirstPassword(opened, options.data, print);
  const { tls, signing } = fingerprints({ ...keys, ...keysInForce.present });
  print(`fingerprint of the service (compare at mavis-gateway init): ${signing}`);
  print(`fingerprint of its certificate's key (compare in the client): ${tls}`);
  await opened.core.auditChain.chainAll();
  await opened.close();
}

/** Serves until a signal or the end of standard input stops it in good order; says on its first line where it listens. */
export async function serve(options: ServeOptions): Promise<void> {
  const opened = await open(options);
  const { core } = opened;
  await tellFirstPassword(opened, options.data, (text) => process.stderr.write(`${text}\n`));
  const running = await startService(opened);
  const closePipe = options.controlFd === undefined || !core.configuration.embedded ? undefined : openControlPipe({ fileDescriptor: options.controlFd, administratorId: () => firstAdministratorId(core.database), issue: (id) => core.oneTimeSignIns.issue(id), log: core.log });
  let stopping = false;
  const stop = (why: string): void => {
    if (stopping) return;
    stopping = true;
    core.log.info('stopping', { state: why });
    closePipe?.();
    const late = setTimeout(() => process.exit(1), STOP_LIMIT_MS);
    running.stop().then(
      () => {
        clearTimeout(late);
        process.exit(0);
      },
      (error: unknown) => {
        core.log.error('could not stop in good order', { error });
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', () => stop('SIGTERM'));
  process.once('SIGINT', () => stop('SIGINT'));
  process.on('uncaughtException', (error) => {
    core.log.error('uncaught', { error });
    stop('uncaught');
  });
  process.on('unhandledRejection', (error) => {
    core.log.error('unhandled rejection', { error });
    stop('unhandled');
  });
  if (options.exitWithStdin === true) {
    process.stdin.resume();
    process.stdin.once('end', () => stop('stdin'));
    process.stdin.once('error', () => stop('stdin'));
  }
  print(JSON.stringify({ event: 'listening', url: running.url, pin: running.pin }));
}

async function open(options: ServeOptions): Promise<OpenService> {
  const overrides: ConfigurationOverrides = { database: options.database, embedded: options.embedded, host: options.host, port: options.port };
  const folder = resolve(options.data);
  const opened = await openService({ folder, overrides, ...databaseUrls(), makeLog: ({ logLevel }) => createLog(logLevel) });
  await keepConfiguration(folder, overrides);
  return opened;
}

/** Rule 27: to a terminal only, else into a file that goes at the first sign-in. */
async function tellFirstPassword({ firstAdministrator }: OpenService, folder: string, say: (text: string) => void): Promise<void> {
  if (!firstAdministrator.made) return say('administrator: there already');
  if (process.stdout.isTTY) return say(`administrator: admin, one-time password: ${firstAdministrator.oneTimePassword}`);
  return say(`administrator: admin, one-time password in ${await keepFirstPassword(folder, firstAdministrator.oneTimePassword)}`);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
