import { build, preview } from 'vite';
import { inRepository } from '../../scripts/set-up/repository.ts';
import { freePorts } from '../fixtures/free-ports.ts';

/** The pages with scripted data, built and served. */
export interface PageHarnessServer {
  /** Ends with a slash. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Builds the page harness and serves it on a free port of this machine, under the app's own content security policy. */
export async function startPageHarness(): Promise<PageHarnessServer> {
  const configFile = inRepository('test', 'renderer', 'page-harness', 'vite.config.ts');
  const [port = 0] = await freePorts(1);
  await build({ configFile, logLevel: 'warn' });
  const server = await preview({ configFile, logLevel: 'warn', preview: { port, strictPort: true, host: '127.0.0.1' } });
  return { url: `http://127.0.0.1:${String(port)}/`, stop: () => server.close() };
}
