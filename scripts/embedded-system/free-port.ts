import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** True where a server could listen on this loopback port now. */
export function isPortFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/**
 * Ports that systems give to connections on their own (Linux from 32768, Windows and macOS from 49152) may be taken by any
 * program at any moment; below, only who asks for a port gets it.
 */
const FIRST_PORT = 10_240;
const PORT_BOUND = 32_768;
/** Where so many are taken, there is something else wrong. */
const MOST_TRIES = 200;

/** A loopback port that nobody uses now and no connection gets by itself; another program that wants just this one may still take it. */
export async function findFreePort(host = '127.0.0.1'): Promise<number> {
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const port = randomInt(FIRST_PORT, PORT_BOUND);
    if (await isPortFree(port, host)) return port;
  }
  throw new Error(`no free port on ${host}`);
}
