import { access, constants, mkdir, statfs } from 'node:fs/promises';
import { sql } from 'drizzle-orm';
import { routes } from '../../shared/api/index.ts';
import type { Clock } from '../clock.ts';
import { handleOpen } from '../http/bound-route.ts';
import { openApiDocument } from '../http/openapi.ts';
import type { Database } from '../store/database.ts';

interface Dependencies {
  readonly clock: Pick<Clock, 'now'>;
  readonly database: Database;
  readonly version: string;
  readonly oldestClient: string;
  readonly embedded: boolean;
  readonly recordingsFolder: string;
}

/** Below this much room no recording is said to be storable. */
const MIN_FREE_BYTES = 64 * 1024 * 1024;
const DATABASE_LIMIT_MS = 2_000;

/** What anyone may ask: about, health, readiness, the API's description. */
export function systemRoutes({ clock, database, version, oldestClient, embedded, recordingsFolder }: Dependencies) {
  const document = openApiDocument(version);
  return {
    about: handleOpen(routes.about, async () => ({ product: 'MAVIS' as const, version, serverTime: clock.now().toISOString(), oldestClient, embedded })),
    health: handleOpen(routes.health, async () => ({ ok: true as const })),
    ready: handleOpen(routes.ready, async () => {
      const [databaseAnswers, recordings] = await Promise.all([answers(database), canStore(recordingsFolder)]);
      return { ok: databaseAnswers && recordings, database: databaseAnswers, recordings };
    }),
    openapi: handleOpen(routes.openapi, async () => document),
  };
}

async function answers(database: Database): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<false>();
  const timer = setTimeout(() => resolve(false), DATABASE_LIMIT_MS);
  try {
    return await Promise.race([database.execute(sql`SELECT 1`).then(() => true), late]);
  } catch {
    // What went wrong is logged by whoever needs the database for work; here only that it does not answer.
    return false;
  } finally {
    clearTimeout(timer);
  }
}

async function canStore(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await access(folder, constants.W_OK);
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize > MIN_FREE_BYTES;
  } catch {
    // A folder that cannot be made or asked about cannot be written either.
    return false;
  }
}
