import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { MavisError } from '../../shared/errors/mavis-error.ts';

/** Where the running app listens for our own command. */
export interface CommandEndpoint {
  /** The folder with socket and secret, for this account alone. */
  readonly folder: string;
  /** A socket's path, or the name of a pipe on Windows. */
  readonly address: string;
  readonly secretFile: string;
}

/** The longest path that a socket takes on Linux and macOS alike (`sun_path`, less its end). */
const MOST_PATH_BYTES = 103;

/** The endpoint of the app whose files are in a folder. Where that path is too long for a socket it is below the system's temporary folder. */
export function commandEndpoint(userDataFolder: string, { platform, temporaryFolder, user }: { readonly platform: NodeJS.Platform; readonly temporaryFolder: string; readonly user: number | undefined }): CommandEndpoint {
  const id = createHash('sha256').update(userDataFolder).digest('hex').slice(0, 24);
  const own = join(userDataFolder, 'command');
  if (platform === 'win32') return { folder: own, address: `\\\\.\\pipe\\mavis-${id}`, secretFile: join(own, 'secret') };
  const folder = Buffer.byteLength(join(own, 'socket')) <= MOST_PATH_BYTES ? own : join(temporaryFolder, `mavis-${user ?? 0}-${id}`);
  return { folder, address: join(folder, 'socket'), secretFile: join(folder, 'secret') };
}

/** Makes the folder where it is not there. Throws `client.command-not-trusted` where it is not this account's alone. */
export function ownFolder(folder: string, user: number | undefined): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  requireOwn(folder, user);
}

/** Throws `client.command-not-trusted` where a folder is a link, another account's, or open to others. On Windows its access list is inherited from the profile's folder. */
export function requireOwn(folder: string, user: number | undefined): void {
  const stat = lstatSync(folder, { throwIfNoEntry: false });
  if (stat === undefined) throw new MavisError('client.app-not-running');
  const open = user !== undefined && (stat.uid !== user || (stat.mode & 0o077) !== 0);
  if (!stat.isDirectory() || open) throw new MavisError('client.command-not-trusted', { path: folder });
}
