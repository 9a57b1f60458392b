import type { Protocol } from '../../shared/ids.ts';
import { openable } from '../../shared/ipc/openable-protocols.ts';

/** The protocol that Enter connects with: the first of the resource's that can be opened. */
export function firstOpenable(protocols: readonly Protocol[]): Protocol | undefined {
  return protocols.find(openable);
}
