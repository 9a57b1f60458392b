import { useCallback } from 'react';
import type { Credential } from '../../shared/api/credentials.ts';
import { type Fresh, useFresh } from '../mavis/use-fresh.ts';
import { useFed, useParts } from '../stores/parts.tsx';

/** Target credentials by name, for administrators. Asked for again when one changes, or a resource that may use it. */
export function useCredentials(): Fresh<{ items: Credential[] }> {
  const { mavis } = useParts();
  const load = useCallback(() => mavis.service.credentialList({ params: {}, query: {}, body: {} }), [mavis]);
  const changed = useFed('changes', (state) => state.credentials) ?? 0;
  const resources = useFed('inventory', (state) => state.revision) ?? 0;
  return useFresh(load, changed + resources);
}
