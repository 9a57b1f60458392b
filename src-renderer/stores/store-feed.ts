import { createStore, type StoreApi } from 'zustand/vanilla';
import { storePatch, storeSchemas, type ShownError, type StoreName, type StorePatch, type StoreStates } from '../../shared/ipc/stores.ts';
import type { WindowApi } from '../../shared/ipc/window-api.ts';
import { ask, shownErrorOf } from '../mavis/ask.ts';
import { applyPatch, PatchMismatch } from './apply-patch.ts';

/** A store of main as this page has it. */
export type Fed<Name extends StoreName> =
  | { readonly status: 'loading' }
  | { readonly status: 'ready'; readonly revision: number; readonly state: StoreStates[Name] }
  | { readonly status: 'failed'; readonly error: ShownError };

export type FedStores = { readonly [Name in StoreName]: StoreApi<Fed<Name>> };

/** A state that cannot be read is asked for again after so long: soon enough to go unnoticed, rare enough to burden nobody. */
const READ_AGAIN_MS = 1000;

/**
 * Keeps this page's copies of main's stores: the whole state first, then each patch. A gap in the revisions, or a patch that
 * does not fit, means that the whole is read again. One for a window; `stop` ends it.
 */
export class StoreFeed {
  readonly stores: FedStores;
  readonly #mavis: Pick<WindowApi, 'stores' | 'events'>;
  readonly #names: readonly StoreName[];
  /** Patches that came while a store's whole state was on its way. */
  readonly #early = new Map<StoreName, StorePatch[]>();
  #end: (() => void) | undefined;
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();

  constructor(mavis: Pick<WindowApi, 'stores' | 'events'>, names: readonly StoreName[]) {
    this.#mavis = mavis;
    this.#names = names;
    this.stores = { settings: loading<'settings'>(), profiles: loading<'profiles'>(), account: loading<'account'>(), inventory: loading<'inventory'>(), gateways: loading<'gateways'>(), sessions: loading<'sessions'>(), foreignClients: loading<'foreignClients'>(), changes: loading<'changes'>(), logWork: loading<'logWork'>(), network: loading<'network'>(), updates: loading<'updates'>(), diagnostics: loading<'diagnostics'>() };
  }

  /** Begins to listen and reads every store; comes back when each has been read once. */
  async start(): Promise<void> {
    this.#end = this.#mavis.events.onStorePatch((patch) => this.#take(patch));
    await Promise.all(this.#names.map((name) => this.#read(name)));
  }

  stop(): void {
    this.#end?.();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  async #read(name: StoreName): Promise<void> {
    this.#early.set(name, []);
    const answer = await ask(this.#mavis.stores.read({ store: name }));
    const early = this.#early.get(name) ?? [];
    this.#early.delete(name);
    if (!answer.ok) return this.#fail(name, answer.error);
    this.#set(name, answer.value.revision, answer.value.state);
    for (const patch of early) this.#take(patch);
  }

  #take(received: StorePatch): void {
    const parsed = storePatch.safeParse(received);
    if (!parsed.success || !this.#names.includes(parsed.data.store)) return;
    const patch = parsed.data;
    const early = this.#early.get(patch.store);
    if (early) {
      early.push(patch);
      return;
    }
    const current = this.stores[patch.store].getState();
    if (current.status !== 'ready' || patch.revision <= current.revision) return;
    if (patch.revision !== current.revision + 1) return this.#readAgain(patch.store, 0);
    try {
      this.#set(patch.store, patch.revision, applyPatch(current.state, patch.patch));
    } catch (error) {
      if (!(error instanceof PatchMismatch)) throw error;
      this.#readAgain(patch.store, 0);
    }
  }

  #set(name: StoreName, revision: number, state: unknown): void {
    switch (name) {
      case 'settings':
        return this.#put(name, this.stores.settings, revision, state);
      case 'profiles':
        return this.#put(name, this.stores.profiles, revision, state);
      case 'account':
        return this.#put(name, this.stores.account, revision, state);
      case 'inventory':
        return this.#put(name, this.stores.inventory, revision, state);
      case 'foreignClients':
        return this.#put(name, this.stores.foreignClients, revision, state);
      case 'gateways':
        return this.#put(name, this.stores.gateways, revision, state);
      case 'sessions':
        return this.#put(name, this.stores.sessions, revision, state);
      case 'changes':
        return this.#put(name, this.stores.changes, revision, state);
      case 'logWork':
        return this.#put(name, this.stores.logWork, revision, state);
      case 'network':
        return this.#put(name, this.stores.network, revision, state);
      case 'updates':
        return this.#put(name, this.stores.updates, revision, state);
      case 'diagnostics':
        return this.#put(name, this.stores.diagnostics, revision, state);
    }
    return name satisfies never;
  }

  #put<Name extends StoreName>(name: Name, store: StoreApi<Fed<Name>>, revision: number, state: unknown): void {
    if (isStateOf(name, state)) store.setState({ status: 'ready', revision, state }, true);
    else this.#fail(name, shownErrorOf('internal'));
  }

  #fail(name: StoreName, error: ShownError): void {
    const failed = { status: 'failed', error } as const;
    const { settings, profiles, account, inventory, gateways, sessions, foreignClients, changes, logWork, network, updates, diagnostics } = this.stores;
    const stores = { settings: () => settings.setState(failed, true), profiles: () => profiles.setState(failed, true), account: () => account.setState(failed, true), inventory: () => inventory.setState(failed, true), gateways: () => gateways.setState(failed, true), sessions: () => sessions.setState(failed, true), foreignClients: () => foreignClients.setState(failed, true), changes: () => changes.setState(failed, true), logWork: () => logWork.setState(failed, true), network: () => network.setState(failed, true), updates: () => updates.setState(failed, true), diagnostics: () => diagnostics.setState(failed, true) };
    stores[name]();
    this.#readAgain(name, READ_AGAIN_MS);
  }

  #readAgain(name: StoreName, afterMs: number): void {
    if (afterMs === 0) this.#early.set(name, []);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void this.#read(name);
    }, afterMs);
    this.#timers.add(timer);
  }
}

function loading<Name extends StoreName>(): StoreApi<Fed<Name>> {
  return createStore<Fed<Name>>(() => ({ status: 'loading' }));
}

/** Whether main's state is what the contract says; the state itself is kept, so that unchanged parts stay the same objects. */
function isStateOf<Name extends StoreName>(name: Name, state: unknown): state is StoreStates[Name] {
  return storeSchemas[name].safeParse(state).success;
}
