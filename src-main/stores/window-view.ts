import type { SessionId, StoreName, StorePatch, StoreStates } from '../../shared/ipc/stores.ts';
import type { CallerWindow } from '../windows/window-registry.ts';
import type { Stores } from './owned-store.ts';

type Operation = StorePatch['patch'][number];

/** A session window knows nothing of inventory, gateways and logs: what it shows is in its session. */
const HIDDEN_FROM_SESSION_WINDOWS: ReadonlySet<StoreName> = new Set(['inventory', 'gateways', 'foreignClients', 'changes', 'logWork', 'updates', 'diagnostics']);

/** A diagnosis window: how it looks, whether somebody is signed in, what a proxy asks; its diagnosis comes to it from its own desk. */
const SHOWN_TO_DIAGNOSIS_WINDOWS: ReadonlySet<StoreName> = new Set(['settings', 'account', 'network']);

function isHidden({ role }: CallerWindow, name: StoreName): boolean {
  return (role === 'session' && HIDDEN_FROM_SESSION_WINDOWS.has(name)) || (role === 'diagnosis' && !SHOWN_TO_DIAGNOSIS_WINDOWS.has(name));
}

/** What a window may see of a store's whole state: a session window its own session alone. */
export function stateFor(window: CallerWindow, stores: Stores, name: StoreName): { revision: number; state: unknown } | undefined {
  if (isHidden(window, name)) return undefined;
  const store = stores[name];
  const state = window.role === 'session' && name === 'sessions' ? onlySession(stores.sessions.state, window.sessionId) : store.state;
  return { revision: store.revision, state };
}

/**
 * What a window may see of a patch. The revision is kept even where nothing of it is for this window, so that a window
 * that was late still finds its gap.
 */
export function patchFor(window: CallerWindow, patch: StorePatch): StorePatch | undefined {
  if (window.role === 'main') return patch;
  if (isHidden(window, patch.store)) return undefined;
  if (patch.store !== 'sessions') return patch;
  return { ...patch, patch: patch.patch.flatMap((operation) => ownOperation(operation, window.sessionId)) };
}

function ownOperation(operation: Operation, sessionId: SessionId | null): Operation[] {
  const [collection, id] = operation.path;
  if (collection === 'items' && id !== undefined) return id === sessionId ? [operation] : [];
  // The whole map or the whole state: rare, and never told as it is.
  return [];
}

function onlySession(state: StoreStates['sessions'], sessionId: SessionId | null): StoreStates['sessions'] {
  const session = sessionId === null ? undefined : state.items[sessionId];
  return { items: session ? { [session.id]: session } : {} };
}
