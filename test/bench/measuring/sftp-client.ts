/** The client of an SFTP session in a process of its own, as the app has it: the session's runner with its transfer queue; the benchmark is main and page. */
import { randomInt } from 'node:crypto';
import { z } from 'zod';
import { hop } from '../../../shared/api/connections.ts';
import { ClientKey } from '../../../src-main/account/client-key.ts';
import { SessionRunner } from '../../../src-main/sessions/session-runner.ts';
import { FilesPage } from '../../fixtures/files-page.ts';

const command = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('open'), hop, localFolder: z.string() }),
  z.object({ kind: z.literal('transfer'), direction: z.enum(['upload', 'download']), name: z.string(), folder: z.string() }),
]);

const key = new ClientKey(() => Date.now());
const page = new FilesPage();
const runner = new SessionRunner({ report: () => undefined, random: () => randomInt(2 ** 32) / 2 ** 32, monotonic: () => performance.now(), onViolation: () => undefined });

process.on('message', (message) => {
  take(command.parse(message)).then(
    (answer) => process.send?.(answer),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.on('disconnect', () => process.exit());
process.send?.({ thumbprint: key.thumbprint });

async function take(asked: z.output<typeof command>): Promise<object> {
  if (asked.kind === 'open') {
    runner.take({ kind: 'local-folder', path: asked.localFolder }, undefined);
    runner.take({ kind: 'start', protocol: 'sftp', hops: [asked.hop], identity: key.identity, deadlineMs: 30_000, terminal: { columns: 80, rows: 24 }, environment: {} }, undefined);
    runner.take({ kind: 'port' }, page.port);
    await page.until(({ ready }) => ready !== undefined);
    return {};
  }
  const startedAt = performance.now();
  const { direction, name, folder } = asked;
  if (direction === 'upload') await page.call({ do: 'upload', place: [], names: [name], folder, conflict: 'overwrite' });
  else await page.call({ do: 'download', folder, names: [name], place: ['down'], conflict: 'overwrite' });
  const [job] = await page.finished();
  const seconds = (performance.now() - startedAt) / 1000;
  if (job?.status !== 'done') throw new Error(JSON.stringify(job));
  await page.call({ do: 'steer', jobId: job.id, how: 'dismiss' });
  await page.until(({ jobs }) => jobs.length === 0);
  return { seconds };
}
