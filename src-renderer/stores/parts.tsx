import { createContext, type ReactNode, useContext } from 'react';
import { useStore } from 'zustand';
import type { StoreName, StoreStates } from '../../shared/ipc/stores.ts';
import type { WindowApi } from '../../shared/ipc/window-api.ts';
import type { LanguageTools } from '../language/language-tools.ts';
import type { FedStores } from './store-feed.ts';

/** What a window's components are handed: the way to main, and the stores. The values in the stores never go through the context. */
export interface WindowParts {
  readonly mavis: WindowApi;
  readonly stores: FedStores;
  readonly language: LanguageTools;
}

const PartsContext = createContext<WindowParts | undefined>(undefined);

export function PartsProvider({ parts, children }: { readonly parts: WindowParts; readonly children: ReactNode }) {
  return <PartsContext value={parts}>{children}</PartsContext>;
}

/** The window's parts; throws outside of a window. */
export function useParts(): WindowParts {
  const parts = useContext(PartsContext);
  if (!parts) throw new Error('no parts: rendered outside of a window');
  return parts;
}

/** A selection of a store of main; undefined until the store has been read. */
export function useFed<Name extends StoreName, Selected>(name: Name, select: (state: StoreStates[Name]) => Selected): Selected | undefined {
  return useStore(useParts().stores[name], (fed) => (fed.status === 'ready' ? select(fed.state) : undefined));
}
