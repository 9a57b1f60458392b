import { chmod, lstat, mkdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Where a gateway keeps what: all under one folder of mode 0700. */
export interface DataFolder {
  readonly path: string;
  readonly configuration: string;
  readonly settings: string;
  readonly keys: string;
  readonly journal: string;
  readonly recordings: string;
  readonly status: string;
  readonly auditHeads: string;
  readonly announcedPins: string;
  readonly portMap: string;
  readonly announcedAddresses: string;
  readonly lock: string;
}

/** The paths in a data folder. */
export function dataFolderPaths(path: string): DataFolder {
  return {
    path,
    configuration: join(path, 'configuration.json'),
    settings: join(path, 'settings.json'),
    keys: join(path, 'keys'),
    journal: join(path, 'journal'),
    recordings: join(path, 'recordings'),
    status: join(path, 'status.json'),
    auditHeads: join(path, 'audit-heads.jsonl'),
    announcedPins: join(path, 'announced-pins.json'),
    portMap: join(path, 'port-map.json'),
    announcedAddresses: join(path, 'announced-addresses.json'),
    lock: join(path, 'lock'),
  };
}

/** Makes the folder where it is missing, and closes it to everybody else; rejects where the path is a symbolic link or a file. */
export async function ensureDataFolder(path: string): Promise<DataFolder> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const found = await lstat(path);
  if (!found.isDirectory()) throw new Error(`${path} is no folder`);
  if ((found.mode & 0o077) !== 0) await chmod(path, 0o700);
  return dataFolderPaths(path);
}
