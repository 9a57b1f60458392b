import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { Policy } from '../policy/policy.ts';
import type { InstalledPackage } from './installed-package.ts';
import type { UpdateAbility } from './updates.ts';

const packageDescription = z.object({ updateKeys: z.array(z.base64().length(44)).max(8).default([]) });

/** The publisher's keys that a package was built with (`MAVIS_UPDATE_PUBLIC_KEYS`), from its own `package.json`, whose archive is what the signature of the package covers. Blocking, for the start alone. */
export function builtInUpdateKeys(packageFile: string): readonly string[] {
  return packageDescription.parse(JSON.parse(readFileSync(packageFile, 'utf8'))).updateKeys;
}

/** Whether this app takes updates: not where the organisation has switched them off, without keys, or where nobody would know how to install them. */
export function updateAbility({ policy, keys, installed }: { readonly policy: Policy; readonly keys: readonly string[]; readonly installed: InstalledPackage | undefined }): UpdateAbility {
  if (policy.settings.updates === 'off') return { kind: 'off', why: 'managed' };
  if (keys.length === 0) return { kind: 'off', why: 'no-keys' };
  return installed === undefined ? { kind: 'off', why: 'no-package' } : { kind: 'on', installed, keys };
}
