import { chmod, mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import packageDescription from '../package.json' with { type: 'json' };
import { assemble, type Assembly } from './assembly.ts';
import { systemClock, type Clock } from './clock.ts';
import { readConfiguration, type Configuration, type ConfigurationOverrides } from './configuration/configuration.ts';
import { CredentialSeal } from './credentials/credential-seal.ts';
import { KeysInForce } from './keys/keys-in-force.ts';
import { notePublicKeys, openServiceKeys } from './keys/service-keys.ts';
import type { Log } from './logging/log.ts';
import { lockDataFolder } from './store/data-folder-lock.ts';
import type { Store } from './store/database.ts';
import { openPglite } from './store/open-pglite.ts';
import { openPostgresql } from './store/open-postgresql.ts';
import { makeFirstAdministrator, type FirstAdministrator } from './users/first-administrator.ts';

/** What opening needs beside the data folder. */
export interface OpenInput {
  readonly folder: string;
  readonly overrides?: ConfigurationOverrides;
  /** `MAVIS_DATABASE_URL` and `MAVIS_DATABASE_OWNER_URL`: may hold a password, unlike the configuration. */
  readonly databaseUrl?: string | undefined;
  readonly databaseOwnerUrl?: string | undefined;
  readonly makeLog: (configuration: Configuration) => Log;
  readonly clock?: Clock;
}

/** The service with its data folder taken and its database open, not started. */
export interface OpenService extends Assembly {
  readonly firstAdministrator: FirstAdministrator;
  close(): Promise<void>;
}

/** Takes the data folder, opens the database and the keys, makes what is missing, and joins all subjects. Throws `service.data-folder-in-use`. */
export async function openService({ folder, overrides = {}, databaseUrl, databaseOwnerUrl, makeLog, clock = systemClock }: OpenInput): Promise<OpenService> {
  await closedFolder(folder);
  const configuration = await readConfiguration(folder, overrides);
  const log = makeLog(configuration);
  const lock = await lockDataFolder(folder);
  let store: Store | undefined;
  try {
    const url = databaseUrl ?? configuration.database;
    store = await openStore(folder, url, databaseOwnerUrl, log);
    const files = await openServiceKeys(folder, configuration.host, clock);
    const keysInForce = await KeysInForce.open({ database: store.database, seal: new CredentialSeal(files.masterKey), folder, host: configuration.host, clock, log }, files);
    const keys = { ...files, ...keysInForce.present };
    await notePublicKeys(store.database, keys, clock);
    const assembly = assemble({ folder, configuration, databaseUrl: url, store, keys, keysInForce, clock, log, version: packageDescription.version });
    const firstAdministrator = await makeFirstAdministrator({ database: store.database, auditLog: assembly.core.auditLog, passwords: assembly.core.passwords, clock });
    const opened = store;
    return {
      ...assembly,
      firstAdministrator,
      close: async () => {
        await opened.close();
        await lock.release();
      },
    };
  } catch (error) {
    await store?.close();
    await lock.release();
    throw error;
  }
}

/** Makes the data folder where it is missing, and closes it to everybody else: the files of the embedded database are not closed one by one. */
async function closedFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (process.platform !== 'win32' && ((await stat(folder)).mode & 0o077) !== 0) await chmod(folder, 0o700);
}

function openStore(folder: string, url: string | null, ownerUrl: string | undefined, log: Log): Promise<Store> {
  if (url === null) return openPglite(join(folder, 'database'));
  return openPostgresql({ url, ownerUrl, connectionLost: (error) => log.warn('a connection to the database was lost', { error }) });
}
