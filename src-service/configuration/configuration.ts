import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writePrivateFile } from '../keys/private-file.ts';

/** What `DIR/service.json` may set. Everything has a default, so that the file may be empty or absent. */
export const configuration = z.strictObject({
  host: z.string().min(1).max(253).default('127.0.0.1'),
  port: z.number().int().min(0).max(65_535).default(443),
  /** URL of a PostgreSQL server, without a password (that stands in `MAVIS_DATABASE_URL`, or in libpq's password file); null for the embedded database. */
  database: z.url({ protocol: /^postgres(ql)?$/ }).nullable().default(null),
  embedded: z.boolean().default(false),
  /** A session token ends after so long at the latest, and after so long without a request. */
  sessionMaxHours: z.number().min(0.1).max(24 * 7).default(12),
  sessionIdleMinutes: z.number().min(1).max(24 * 60).default(60),
  /** Addresses of reverse proxies whose `X-Forwarded-For` is believed. */
  trustedProxies: z.array(z.string().max(100)).max(16).default([]),
  /** Further addresses of the service and its database that no gateway may dial as a target (rule 13). */
  ownAddresses: z.array(z.string().max(253)).max(64).default([]),
  /** A recording larger than this is left on its gateway (64 GiB: more than a week of a busy desktop): what a gateway claims is not what it may fill. */
  recordingBytesAtMost: z.number().int().min(1024 * 1024).default(64 * 1024 ** 3),
  /** So much of the disk stays free of recordings (1 GiB), for the database and the audit log, which go on when no recording fits any more. */
  recordingsFreeBytesAtLeast: z.number().int().min(0).default(1024 ** 3),
  /** The feed of client updates that is given out, below the data folder unless it is a whole path: a manifest of `npm run sign-update` and the packages. Need not be there. */
  updatesFolder: z.string().min(1).max(4096).default('updates'),
  /** The oldest client version that is accepted. */
  oldestClient: z.string().regex(/^\d+\.\d+\.\d+$/).default('0.1.0'),
  logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
});
export type Configuration = z.infer<typeof configuration>;

/** A configuration that cannot be used: the file, and the field at fault. */
export class WrongConfiguration extends Error {
  readonly file: string;
  readonly field: string;

  constructor(file: string, field: string, why: string, options?: ErrorOptions) {
    super(`${file}: ${field === '' ? '' : `${field}: `}${why}`, options);
    this.name = 'WrongConfiguration';
    this.file = file;
    this.field = field;
  }
}

/** What the command line sets over the file. */
export type ConfigurationOverrides = { readonly [Key in keyof Configuration]?: Configuration[Key] | undefined };

/** Reads `folder`/service.json and puts the overrides over it. Throws `WrongConfiguration` where the file is wrong; it is never overwritten. */
export async function readConfiguration(folder: string, overrides: ConfigurationOverrides = {}): Promise<Configuration> {
  const path = join(folder, 'service.json');
  const given = Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined));
  const parsed = configuration.safeParse({ ...(await readObject(path)), ...given });
  if (parsed.success) return refusePassword(path, parsed.data);
  const [issue] = parsed.error.issues;
  throw new WrongConfiguration(path, (issue?.path ?? []).join('.'), issue?.message ?? 'is not of the form');
}

/** Keeps at `init` what the command line gave, so that later commands need only `--data`; leaves a file that is there. */
export async function keepConfiguration(folder: string, overrides: ConfigurationOverrides): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const kept = Object.fromEntries(Object.entries(overrides).filter(([key, value]) => value !== undefined && (key === 'database' || key === 'embedded')));
  if (Object.keys(kept).length === 0) return;
  try {
    await writePrivateFile(join(folder, 'service.json'), `${JSON.stringify(kept, null, 2)}\n`);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}

async function readObject(path: string): Promise<Record<string, unknown>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
    throw error;
  }
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch (error) {
    throw new WrongConfiguration(path, '', 'is not a JSON object', { cause: error });
  }
}

/** A password on a command line or in a file that is copied about is known to every process of the machine. */
function refusePassword(path: string, found: Configuration): Configuration {
  if (found.database !== null && new URL(found.database).password !== '') throw new WrongConfiguration(path, 'database', 'leave the password out of the URL; set MAVIS_DATABASE_URL or use a password file (PGPASSFILE)');
  return found;
}
