import { readFile, stat } from 'node:fs/promises';
import { z } from 'zod';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { type ClientSettings, SETTINGS_SCHEMA_ID } from '../../shared/ipc/settings.ts';

/** A file of settings is some hundred bytes; a larger one is another file that was chosen by mistake. */
const MOST_BYTES = 256 * 1024;

const object = z.record(z.string(), z.unknown());

/** Settings as the text of a file that another computer can read in; `$schema` names what describes it. */
export function settingsFileText(settings: ClientSettings): string {
  return `${JSON.stringify({ $schema: SETTINGS_SCHEMA_ID, ...settings }, undefined, 2)}\n`;
}

/** The values of such a file, none of them checked yet. Throws `client.settings-not-imported` where it cannot be read, is too large, or holds no object of JSON. */
export async function readSettingsValues(path: string): Promise<Record<string, unknown>> {
  try {
    if ((await stat(path)).size > MOST_BYTES) throw new RangeError('too large');
    return object.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    throw new MavisError('client.settings-not-imported', {}, { cause: error });
  }
}
