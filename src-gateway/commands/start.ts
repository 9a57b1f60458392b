import { destination } from 'pino';
import { systemClock } from '../clock/clock.ts';
import { setCollectorPace } from '../collector-pace.ts';
import { dataFolderPaths } from '../configuration/data-folder.ts';
import { readSettings } from '../configuration/gateway-settings.ts';
import { type RunningGateway, startGateway } from '../gateway.ts';
import { createLogger } from '../logging/logger.ts';
import { openProductProtocols } from '../protocols.ts';
import { machineAddresses } from '../target-address/own-addresses.ts';
import { systemResolve } from '../target-address/resolver.ts';
import type { Console } from './console.ts';
import { stopRequested } from './stop-request.ts';

/** A stop that takes longer than sessions may take to end has failed; who waits for the process is not kept waiting. */
const STOP_LIMIT_MS = 30_000;

export interface StartOptions {
  readonly data: string;
  readonly exitWithStdin: boolean;
  readonly version: string;
}

/** `mavis-gateway start`: runs until a signal, or the end of standard input, asks it to stop. The first line on standard output says what it listens on. */
export async function runGateway(options: StartOptions, console: Console): Promise<void> {
  setCollectorPace();
  const data = dataFolderPaths(options.data);
  const { settings } = await readSettings(data.settings);
  const log = createLogger(destination({ dest: 2, sync: true }), settings.logLevel);
  const stop = stopRequested(options.exitWithStdin);
  process.on('uncaughtExceptionMonitor', (error) => log.error('gateway falls on an unforeseen error', { error }));
  const gateway: RunningGateway = await startGateway({ data, log, version: options.version, clock: systemClock(), resolve: systemResolve, ownAddresses: machineAddresses, openProtocols: openProductProtocols });
  console.line(JSON.stringify({ event: 'listening', linkPort: gateway.linkPort, proxyPorts: gateway.proxyPorts }));
  const because = await stop;
  log.info('gateway stops', { what: because, count: gateway.sessions() });
  setTimeout(() => {
    log.error('gateway did not stop in time');
    process.exit(1);
  }, STOP_LIMIT_MS).unref();
  await gateway.stop();
  log.info('gateway stopped');
}
