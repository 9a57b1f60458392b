import { type ClientSettings, clientSettings, clientSettingsChanges, settingName, type SettingName, type SettingsImport } from '../../shared/ipc/settings.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { Log } from '../logging/log.ts';
import type { JsonFile } from '../stored-files/json-file.ts';
import type { OwnedStore } from '../stores/owned-store.ts';

/** Settings as read, with what was wrong with them. */
export interface ReadSettings {
  readonly settings: ClientSettings;
  /** Names of the keys whose value was refused and replaced by the default. */
  readonly refusedKeys: readonly string[];
  /** Keys of a newer version: kept in the file as they are. */
  readonly unknown: Readonly<Record<string, unknown>>;
}

/** Settings from what stood in the file: one bad key falls back to its default and costs no other. */
export function readSettings(stored: unknown): ReadSettings {
  const given = typeof stored === 'object' && stored !== null && !Array.isArray(stored) ? Object.entries(stored) : [];
  const shape = new Map(Object.entries(clientSettings.shape));
  const good: Record<string, unknown> = {};
  const unknown: Record<string, unknown> = {};
  const refusedKeys: string[] = [];
  for (const [key, value] of given) {
    const schema = shape.get(key);
    if (!schema) unknown[key] = value;
    else if (schema.safeParse(value).success) good[key] = value;
    else refusedKeys.push(key);
  }
  return { settings: clientSettings.parse(good), refusedKeys, unknown };
}

/** The user's settings: the store that pages see, and the file behind it. */
export class Settings {
  readonly #store: OwnedStore<'settings'>;
  readonly #file: Pick<JsonFile, 'write'>;
  readonly #unknown: Readonly<Record<string, unknown>>;
  readonly #locked: Partial<ClientSettings>;
  /** What the user had chosen where it is locked now: kept in the file for when it no longer is. */
  readonly #own: Partial<ClientSettings>;

  /** `locked`: what the organisation has set, which holds over the user's. */
  constructor(store: OwnedStore<'settings'>, file: Pick<JsonFile, 'write'>, unknown: ReadSettings['unknown'], locked: Partial<ClientSettings> = {}) {
    this.#store = store;
    this.#file = file;
    this.#unknown = unknown;
    this.#locked = locked;
    this.#own = Object.fromEntries(Object.entries(store.state).filter(([key]) => key in locked));
    store.update((draft) => {
      Object.assign(draft, locked);
    });
  }

  get current(): ClientSettings {
    return this.#store.state;
  }

  /** Names of the settings that the organisation has set. */
  get managed(): SettingName[] {
    return settingName.options.filter((name) => Object.hasOwn(this.#locked, name));
  }

  /** What the user has chosen, also where the organisation's holds over it. */
  get own(): ClientSettings {
    return { ...this.#store.state, ...this.#own };
  }

  /** Takes settings from a file of another computer's: what it does not name stays, a bad value costs no other, and what the organisation has set is left alone. */
  async take(values: Readonly<Record<string, unknown>>): Promise<SettingsImport> {
    const managed = new Set<string>(this.managed);
    const named = settingName.options.filter((name) => Object.hasOwn(values, name));
    const open = named.filter((name) => !managed.has(name));
    const taken = open.filter((name) => clientSettingsChanges.shape[name].safeParse(values[name]).success);
    await this.update(clientSettingsChanges.parse(Object.fromEntries(taken.map((name) => [name, values[name]]))));
    const known = new Set<string>(['$schema', ...named]);
    return { taken, refused: open.filter((name) => !taken.includes(name)), managed: named.filter((name) => managed.has(name)), unknown: Object.keys(values).filter((name) => !known.has(name)).length };
  }

  /** Everything as it was when the app was new, but for what the organisation has set. */
  reset(): Promise<ClientSettings> {
    const managed = new Set<string>(this.managed);
    return this.update(clientSettingsChanges.parse(Object.fromEntries(Object.entries(clientSettings.parse({})).filter(([name]) => !managed.has(name)))));
  }

  /** Changes some settings, at once for all windows, and writes the file; rejects where it cannot be written, and with `client.managed` for what the organisation has set. */
  async update(changes: { readonly [Key in keyof ClientSettings]?: ClientSettings[Key] | undefined }): Promise<ClientSettings> {
    const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
    if (Object.entries(given).some(([key, value]) => Object.hasOwn(this.#locked, key) && value !== Object.entries(this.#locked).find(([one]) => one === key)?.[1])) throw new MavisError('client.managed');
    const next = clientSettings.parse({ ...this.#store.state, ...given });
    this.#store.update((draft) => {
      Object.assign(draft, next);
    });
    await this.#file.write({ ...this.#unknown, ...this.#store.state, ...this.#own });
    return this.#store.state;
  }
}

/** Reads the settings file at start; reports what was wrong, and leaves a file that cannot be read where it can be looked at. */
export function readSettingsFile(file: Pick<JsonFile, 'readAtStart'>, log: Log): ReadSettings {
  const stored = file.readAtStart();
  if (stored.status === 'broken') log.warn('settings file unreadable, kept aside', { code: 'client.settings-unreadable', file: stored.keptAs ?? '' });
  const read = readSettings(stored.status === 'read' ? stored.value : undefined);
  if (read.refusedKeys.length > 0) log.warn('settings refused, defaults used', { code: 'client.settings-unreadable', keys: read.refusedKeys.join(',') });
  return read;
}
