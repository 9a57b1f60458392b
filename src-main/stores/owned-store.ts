import { type Draft, enablePatches, produceWithPatches } from 'immer';
import { NO_DIAGNOSTICS } from '../../shared/diagnostics/diagnostics-state.ts';
import type { StoreName, StorePatch, StoreStates } from '../../shared/ipc/stores.ts';

type PatchListener = (patch: StorePatch) => void;

/** A state that main owns. Each change is told as a patch under the next revision, and holds only the parts that changed. */
export class OwnedStore<Name extends StoreName> {
  readonly name: Name;
  #state: StoreStates[Name];
  #revision = 0;
  readonly #listeners = new Set<PatchListener>();

  constructor(name: Name, state: StoreStates[Name]) {
    this.name = name;
    this.#state = state;
  }

  get state(): StoreStates[Name] {
    return this.#state;
  }

  get revision(): number {
    return this.#revision;
  }

  /** Changes the state by a recipe on a draft; tells nobody where nothing has changed. */
  update(recipe: (draft: Draft<StoreStates[Name]>) => void): void {
    const [next, patches] = produceWithPatches(this.#state, (draft: Draft<StoreStates[Name]>) => {
      recipe(draft);
    });
    if (patches.length === 0) return;
    this.#state = next;
    this.#revision += 1;
    const patch: StorePatch = { store: this.name, revision: this.#revision, patch: patches.map(({ op, path, value }) => (op === 'remove' ? { op, path } : { op, path, value })) };
    for (const listener of this.#listeners) listener(patch);
  }

  /** Takes the place of the whole state. */
  replace(state: StoreStates[Name]): void {
    this.#state = state;
    this.#revision += 1;
    const patch: StorePatch = { store: this.name, revision: this.#revision, patch: [{ op: 'replace', path: [], value: state }] };
    for (const listener of this.#listeners) listener(patch);
  }

  /** Calls back for each patch; gives the function that ends it. */
  onPatch(listener: PatchListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** Every store that main owns. */
export type Stores = { readonly [Name in StoreName]: OwnedStore<Name> };

/** The stores at start: nothing known, nobody signed in. */
export function createStores(settings: StoreStates['settings']): Stores {
  enablePatches();
  return {
    settings: new OwnedStore('settings', settings),
    profiles: new OwnedStore('profiles', { items: [], selected: null }),
    account: new OwnedStore('account', { status: 'signed-out', reason: null }),
    inventory: new OwnedStore('inventory', { status: 'empty', error: null, total: 0, loaded: 0, revision: 0, online: false, segments: [] }),
    gateways: new OwnedStore('gateways', { status: 'empty', error: null, items: {} }),
    sessions: new OwnedStore('sessions', { items: {} }),
    foreignClients: new OwnedStore('foreignClients', { items: {} }),
    changes: new OwnedStore('changes', { audit: 0, 'error-log': 0, recordings: 0, users: 0, 'access-rules': 0, credentials: 0, tunnel: 0, 'service-keys': 0, connections: 0 }),
    logWork: new OwnedStore('logWork', { exports: {}, proof: { status: 'not-asked' } }),
    network: new OwnedStore('network', { proxyQuestion: null }),
    updates: new OwnedStore('updates', { version: '', source: null, checkedAt: null, phase: { status: 'unchecked' } }),
    diagnostics: new OwnedStore('diagnostics', NO_DIAGNOSTICS),
  };
}
