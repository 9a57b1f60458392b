import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { type ProfileId, profileId } from '../../shared/ids.ts';
import { type ProfileFields, profileFields } from '../../shared/ipc/contract.ts';
import { type Profile, profile } from '../../shared/ipc/stores.ts';
import type { Log } from '../logging/log.ts';
import type { JsonFile } from '../stored-files/json-file.ts';
import type { OwnedStore } from '../stores/owned-store.ts';

/** Keys by which one service may show itself: two while it rotates them (rule 15). */
const MAX_PINS = 4;
const storedProfile = profile.extend({ name: profileFields.shape.name, colour: profileFields.shape.colour, serviceUrl: profileFields.shape.serviceUrl, pin: profileFields.shape.pin, furtherPins: z.array(profileFields.shape.pin.unwrap()).max(MAX_PINS - 1).optional().catch(undefined), proxy: profileFields.shape.proxy, userName: z.string().max(128).nullable() });
const storedProfiles = z.object({ items: z.array(z.unknown()).max(200), selected: profileId.nullable().catch(null) });

/** More services than anybody works with; bounds the file. */
const MAX_PROFILES = 100;
/** The embedded system is one profile, which each start brings up to date. */
const EMBEDDED_COLOUR = 'green';

/** The services that the user works with, in a file without secrets. */
export class Profiles {
  readonly #store: OwnedStore<'profiles'>;
  readonly #file: Pick<JsonFile, 'write'>;
  readonly #newId: () => string;

  constructor(store: OwnedStore<'profiles'>, file: Pick<JsonFile, 'write'>, newId: () => string) {
    this.#store = store;
    this.#file = file;
    this.#newId = newId;
  }

  /** Takes what stood in the file; an entry that is not a profile is left out and reported, the others stay. */
  load(stored: unknown, log: Log): void {
    const parsed = storedProfiles.safeParse(stored);
    if (!parsed.success) return;
    const items = parsed.data.items.flatMap((entry) => {
      const one = storedProfile.safeParse(entry);
      return one.success ? [one.data] : [];
    });
    if (items.length < parsed.data.items.length) log.warn('profiles refused', { code: 'client.settings-unreadable', count: parsed.data.items.length - items.length });
    const selected = items.some(({ id }) => id === parsed.data.selected) ? parsed.data.selected : (items[0]?.id ?? null);
    this.#store.replace({ items, selected });
  }

  get selected(): Profile | undefined {
    const { items, selected } = this.#store.state;
    return items.find(({ id }) => id === selected);
  }

  /** The profile of an id; undefined where there is none. */
  byId(id: ProfileId | undefined): Profile | undefined {
    return this.#store.state.items.find((item) => item.id === id);
  }

  /** The profile of an id; throws `request.not-found`. */
  find(id: ProfileId): Profile {
    const found = this.byId(id);
    if (!found) throw new MavisError('request.not-found');
    return found;
  }

  /** Adds a profile, selected where it is the first. */
  async add(fields: ProfileFields): Promise<ProfileId> {
    if (this.#store.state.items.length >= MAX_PROFILES) throw new MavisError('request.conflict', { what: 'profiles' });
    const id = profileId.parse(this.#newId());
    this.#store.update((draft) => {
      draft.items.push({ id, ...fields, userName: null, embedded: false });
      draft.selected ??= id;
    });
    await this.#save();
    return id;
  }

  /** Throws `client.managed` for the profile that the organisation has set. */
  async update(id: ProfileId, fields: ProfileFields): Promise<void> {
    this.#requireOwn(id);
    this.#store.update((draft) => {
      const item = draft.items.find((one) => one.id === id);
      if (item) Object.assign(item, fields, fields.pin === item.pin ? {} : { furtherPins: [] });
    });
    await this.#save();
  }

  /**
   * Goes by the fingerprints that a service announced over a connection which a known one had proved (rule 15): the first is
   * its present one. Gives them once they are kept; undefined where nothing is pinned, or where none of them is one that the
   * profile knows.
   */
  async takePins(id: ProfileId, announced: readonly string[]): Promise<readonly string[] | undefined> {
    const { pin, furtherPins = [] } = this.find(id);
    const known = pin === null ? [] : [pin, ...furtherPins];
    const [first, ...further] = announced.slice(0, MAX_PINS);
    if (first === undefined || !announced.some((one) => known.includes(one))) return undefined;
    const taken = [first, ...further];
    if (isDeepStrictEqual(taken, known)) return taken;
    this.#store.update((draft) => {
      const item = draft.items.find((one) => one.id === id);
      if (item) Object.assign(item, { pin: first, furtherPins: further });
    });
    await this.#save();
    return taken;
  }

  #requireOwn(id: ProfileId): void {
    if (this.find(id).managed === true) throw new MavisError('client.managed');
  }

  /** Throws `client.managed` for the profile that the organisation has set. */
  async remove(id: ProfileId): Promise<void> {
    this.#requireOwn(id);
    this.#store.update((draft) => {
      draft.items = draft.items.filter((item) => item.id !== id);
      if (draft.selected === id) draft.selected = draft.items[0]?.id ?? null;
    });
    await this.#save();
  }

  async select(id: ProfileId): Promise<void> {
    this.find(id);
    this.#store.update((draft) => {
      draft.selected = id;
    });
    await this.#save();
  }

  /** Remembers the name to sign in with, or forgets it. */
  async rememberUserName(id: ProfileId, userName: string | null): Promise<void> {
    this.#store.update((draft) => {
      const item = draft.items.find((one) => one.id === id);
      if (item) item.userName = userName;
    });
    await this.#save();
  }

  /** The profile of the embedded system, added or brought up to date, and selected. */
  async useEmbedded(service: { readonly serviceUrl: string; readonly pin: string }): Promise<ProfileId> {
    const known = this.#store.state.items.find(({ embedded }) => embedded);
    const id = known?.id ?? profileId.parse(this.#newId());
    this.#store.update((draft) => {
      const item = draft.items.find((one) => one.id === id);
      if (item) Object.assign(item, service, service.pin === item.pin ? {} : { furtherPins: [] });
      else draft.items.push({ id, name: 'embedded', colour: EMBEDDED_COLOUR, ...service, userName: null, embedded: true, proxy: { kind: 'none' } });
      draft.selected = id;
    });
    await this.#save();
    return id;
  }

  /**
   * The profile of the service that the organisation has set: the user's own of that address or a new one, with its pins and way out,
   * first to be selected. Without a service the profiles are all the user's.
   */
  async useManaged(service: { readonly name?: string | undefined; readonly serviceUrl: string; readonly pins: readonly string[] | undefined; readonly proxy: ProfileFields['proxy'] | undefined } | undefined): Promise<void> {
    const origin = service === undefined ? undefined : new URL(service.serviceUrl).origin;
    const known = this.#store.state.items.find((item) => new URL(item.serviceUrl).origin === origin);
    const [pin, ...furtherPins] = service?.pins ?? [];
    const fields = service === undefined ? {} : {
      serviceUrl: service.serviceUrl,
      managed: true,
      ...(service.name === undefined ? {} : { name: service.name }),
      ...(pin === undefined ? {} : { pin, furtherPins }),
      ...(service.proxy === undefined ? {} : { proxy: service.proxy }),
    };
    const before = this.#store.state;
    this.#store.update((draft) => {
      for (const item of draft.items) delete item.managed;
      if (service === undefined) return;
      const item = draft.items.find(({ id }) => id === known?.id);
      const id = known?.id ?? profileId.parse(this.#newId());
      if (item) Object.assign(item, fields);
      else draft.items.push({ id, name: new URL(service.serviceUrl).host.slice(0, 60), colour: 'blue', pin: null, userName: null, embedded: false, proxy: { kind: 'system' }, ...fields, serviceUrl: service.serviceUrl });
      if (!item || draft.selected === null) draft.selected = id;
    });
    // At every start: a disk that is full or read-only is no reason to write what stands there.
    if (!isDeepStrictEqual(before, this.#store.state)) await this.#save();
  }

  /** The profile of an address given at start, added where there is none, and selected. */
  async useAddress(serviceUrl: string): Promise<ProfileId> {
    const wanted = new URL(serviceUrl).origin;
    const known = this.#store.state.items.find((item) => new URL(item.serviceUrl).origin === wanted);
    if (!known) {
      const id = await this.add({ name: new URL(serviceUrl).host.slice(0, 60), colour: 'blue', serviceUrl, pin: null, proxy: { kind: 'system' } });
      await this.select(id);
      return id;
    }
    await this.select(known.id);
    return known.id;
  }

  async #save(): Promise<void> {
    await this.#file.write(this.#store.state);
  }
}
