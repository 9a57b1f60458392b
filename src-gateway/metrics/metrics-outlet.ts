import { createServer, type Server } from 'node:http';
import type { Clock, Timer } from '../clock/clock.ts';
import type { GatewaySettings } from '../configuration/gateway-settings.ts';
import { writeFileSafely } from '../configuration/safe-file.ts';
import type { Logger } from '../logging/logger.ts';

/** A file of figures is that fresh: Prometheus' own usual interval. */
const FILE_MS = 15_000;

/** Something that gives out figures until it is stopped. */
export interface MetricsOutlet {
  stop(): Promise<void>;
}

/** Gives out the figures as the settings say: on a loopback port, to a file, or not at all. */
export async function startMetricsOutlet(wanted: GatewaySettings['metrics'], text: () => Promise<string>, clock: Pick<Clock, 'setTimer'>, log: Logger): Promise<MetricsOutlet> {
  if (wanted === null) return { stop: async () => undefined };
  return 'port' in wanted ? servePort(wanted.port, text, log) : writeFiles(wanted.file, text, clock, log);
}

async function servePort(port: number, text: () => Promise<string>, log: Logger): Promise<MetricsOutlet> {
  const server: Server = createServer({ headersTimeout: 5000, requestTimeout: 5000 }, (request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    text().then(
      (body) => response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(body),
      (error: unknown) => {
        log.error('figures cannot be read', { error });
        response.writeHead(500).end();
      },
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function writeFiles(path: string, text: () => Promise<string>, clock: Pick<Clock, 'setTimer'>, log: Logger): MetricsOutlet {
  let stopped = false;
  let timer: Timer | undefined;
  let writing: Promise<void> = Promise.resolve();
  const write = async (): Promise<void> => {
    try {
      await writeFileSafely(path, await text());
    } catch (error) {
      log.warn('figures cannot be written', { error });
    }
    if (!stopped) timer = clock.setTimer(() => (writing = write()), FILE_MS);
  };
  writing = write();
  return {
    async stop() {
      stopped = true;
      timer?.cancel();
      await writing;
    },
  };
}
