import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { type Policy, readPolicyValues } from './policy.ts';

/** Where the policy of a computer with Linux lies. */
export const POLICY_FOLDER = '/etc/mavis';
/** Larger ones are not ours. */
const MAX_POLICY_BYTES = 256 * 1024;
const WRITABLE_BY_OTHERS = 0o022;

/** Who must own folder and file, so that no other account can set what everybody is held to. */
const ROOT = 0;

/**
 * Reads `policy.json` of the folder. Folder and file must be root's and not writable by anybody else, and neither a link: else nothing of
 * it is used and `client.policy-untrusted` says so. Blocking, for the start alone. Without a file there is no policy.
 */
export function readPolicyFile(folder: string = POLICY_FOLDER, owner: number = ROOT): Policy {
  const place = join(folder, 'policy.json');
  const unused = (code: 'client.policy-untrusted' | 'client.policy-unreadable'): Policy => ({ settings: {}, problems: [new MavisError(code, { place })] });
  let descriptor: number;
  try {
    const around = lstatSync(folder);
    if (!around.isDirectory() || around.uid !== owner || (around.mode & WRITABLE_BY_OTHERS) !== 0) return unused('client.policy-untrusted');
    // What is looked at is what is read: the file is opened once, and not through a link.
    descriptor = openSync(place, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return { settings: {}, problems: [] };
    return unused(code === 'ELOOP' ? 'client.policy-untrusted' : 'client.policy-unreadable');
  }
  try {
    const { uid, mode, size } = fstatSync(descriptor);
    if ((mode & constants.S_IFMT) !== constants.S_IFREG || uid !== owner || (mode & WRITABLE_BY_OTHERS) !== 0) return unused('client.policy-untrusted');
    if (size > MAX_POLICY_BYTES) return unused('client.policy-unreadable');
    return readPolicyValues(JSON.parse(readFileSync(descriptor, 'utf8')), place);
  } catch {
    return unused('client.policy-unreadable');
  } finally {
    closeSync(descriptor);
  }
}
