import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { MavisError } from '../../shared/errors/mavis-error.ts';

/** What an administrator may set on the gateway's own machine, in `DIR/settings.json`. Every key has a default. */
const settingSchemas = {
  /** Sessions at once; beyond, grants are refused rather than all sessions slowed. */
  maxSessions: z.number().int().min(1).max(20_000).default(1000),
  /** Connections of one address that have not proved who they are: enough for an office behind one address to start work at nine. */
  unauthenticatedPerAddress: z.number().int().min(1).max(100_000).default(64),
  /** ... and of all addresses: the oldest is dropped for a new one beyond. */
  unauthenticatedInAll: z.number().int().min(1).max(100_000).default(2000),
  /** New sessions are refused where less is free for recordings: room for the live ones to end in good order. */
  spoolFreeBytesAtLeast: z.number().int().min(0).default(256 * 1024 * 1024),
  /** Recordings are sent to the service no faster, so that sessions keep the line (rule 16). */
  bulkBytesPerSecond: z.number().int().min(64 * 1024).default(64 * 1024 * 1024),
  /** What a target sends reaches the user only when it is on the disk: a crash loses nothing that was seen, at the cost of a sync for every piece of output. */
  strictRecording: z.boolean().default(false),
  /** A session whose client's connection was cut waits so long for it; with 0 it ends at once (rule 10). */
  resumeSeconds: z.number().int().min(0).max(900).default(300),
  /** What all sessions together keep for clients that have not acknowledged it; 16 MiB at most of one (rule 10). */
  unacknowledgedBytesInAll: z.number().int().min(16 * 1024 * 1024).max(64 * 1024 ** 3).default(512 * 1024 * 1024),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  /** Figures for Prometheus: on a loopback port, or written to a file every 15 s; off where null. */
  metrics: z.union([z.object({ port: z.number().int().min(1).max(65_535) }), z.object({ file: z.string().min(1) })]).nullable().default(null),
} as const;

const allSettings = z.object(settingSchemas);
export type GatewaySettings = z.infer<typeof allSettings>;

/** The settings where nothing is set. */
export function defaultSettings(): GatewaySettings {
  return allSettings.parse({});
}

/** Settings, and the names of keys that were wrong and fell back to their default. */
export interface ReadSettings {
  readonly settings: GatewaySettings;
  readonly fallenBack: readonly string[];
}

/** Reads `settings.json`; a missing file gives the defaults. Throws `gateway.configuration-invalid` for one that is no JSON object; it is never written. */
export async function readSettings(path: string): Promise<ReadSettings> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return { settings: defaultSettings(), fallenBack: [] };
    throw error;
  }
  return parseSettings(text);
}

/** Parses the text of `settings.json`: each key by itself, so that one bad key does not undo the others. */
export function parseSettings(text: string): ReadSettings {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new MavisError('gateway.configuration-invalid', { field: 'settings.json' }, { cause: error });
  }
  const given = z.record(z.string(), z.unknown()).safeParse(value);
  if (!given.success) throw new MavisError('gateway.configuration-invalid', { field: 'settings.json' });
  const good: Record<string, unknown> = {};
  const fallenBack: string[] = [];
  for (const [name, one] of Object.entries(given.data)) {
    const schema = Object.hasOwn(settingSchemas, name) ? Object.entries(settingSchemas).find(([known]) => known === name)?.[1] : undefined;
    if (schema !== undefined && schema.safeParse(one).success) good[name] = one;
    else fallenBack.push(name);
  }
  return { settings: allSettings.parse(good), fallenBack };
}
