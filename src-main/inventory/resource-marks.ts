import { z } from 'zod';
import type { Log } from '../logging/log.ts';
import type { JsonFile } from '../stored-files/json-file.ts';

/** More favourites are no favourites. */
const MAX_FAVOURITES = 2000;
/** What was used longer ago than the last hundred is found by search. */
const MAX_RECENT = 100;

const profileMarks = z.object({ favourites: z.array(z.uuid()).max(MAX_FAVOURITES).catch([]), recent: z.array(z.tuple([z.uuid(), z.number()])).max(MAX_RECENT).catch([]) });
const stored = z.object({ profiles: z.record(z.string(), profileMarks.catch({ favourites: [], recent: [] })) });

interface Marks {
  readonly favourites: Set<string>;
  /** When a resource was last used, oldest first. */
  readonly lastUsedAt: Map<string, number>;
}

/** Favourites and recently used resources of each profile: ids and times, in one file. */
export class MarkedResources {
  readonly #file: Pick<JsonFile, 'write'>;
  readonly #clock: () => number;
  readonly #profiles = new Map<string, Marks>();

  constructor(file: Pick<JsonFile, 'write'>, clock: () => number) {
    this.#file = file;
    this.#clock = clock;
  }

  /** Takes what stood in the file; what cannot be read of it is left out and reported. */
  load(value: unknown, log: Log): void {
    const parsed = stored.safeParse(value);
    if (!parsed.success) {
      log.warn('marks refused', { code: 'client.settings-unreadable' });
      return;
    }
    for (const [id, { favourites, recent }] of Object.entries(parsed.data.profiles)) this.#profiles.set(id, { favourites: new Set(favourites), lastUsedAt: new Map(recent) });
  }

  of(profile: string): Marks {
    const known = this.#profiles.get(profile);
    if (known) return known;
    const fresh: Marks = { favourites: new Set(), lastUsedAt: new Map() };
    this.#profiles.set(profile, fresh);
    return fresh;
  }

  async setFavourite(profile: string, resource: string, favourite: boolean): Promise<void> {
    const { favourites } = this.of(profile);
    if (favourite && favourites.size < MAX_FAVOURITES) favourites.add(resource);
    else if (!favourite) favourites.delete(resource);
    await this.#save();
  }

  async noteUse(profile: string, resource: string): Promise<void> {
    const { lastUsedAt } = this.of(profile);
    lastUsedAt.delete(resource);
    lastUsedAt.set(resource, this.#clock());
    for (const oldest of lastUsedAt.keys()) {
      if (lastUsedAt.size <= MAX_RECENT) break;
      lastUsedAt.delete(oldest);
    }
    await this.#save();
  }

  async #save(): Promise<void> {
    const profiles = Object.fromEntries([...this.#profiles].map(([id, { favourites, lastUsedAt }]) => [id, { favourites: [...favourites], recent: [...lastUsedAt] }]));
    await this.#file.write({ profiles });
  }
}
