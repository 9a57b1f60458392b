import type { Protocol } from '../../shared/ids.ts';

/** Protocols whose session window this version has. */
const openableProtocols: readonly Protocol[] = ['ssh'];

/** Whether this version opens sessions of a protocol. */
export function openable(protocol: Protocol): boolean {
  return openableProtocols.includes(protocol);
}

/** The protocol that Enter connects with: the first of the resource's that can be opened. */
export function firstOpenable(protocols: readonly Protocol[]): Protocol | undefined {
  return protocols.find(openable);
}
