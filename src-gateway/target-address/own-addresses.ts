import { networkInterfaces } from 'node:os';

/** The machine's own addresses as they are now, of both families. */
export function machineAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
}
