import { isIPv6 } from 'node:net';
import type { Interfaces } from '../../sessions/network-watch.ts';
import type { Check } from '../check.ts';

/** Whether this computer has an address on any network but its own loopback. `onLoopback`: the service runs on this computer, so that none is needed. */
export function ownNetwork(interfaces: Interfaces, onLoopback: boolean): Check {
  return {
    id: 'network', check: 'network', subject: { kind: 'device' }, leg: 'client',
    limitMs: 1000,
    run: async () => {
      const addresses = Object.values(interfaces()).flatMap((all) => all ?? []).filter(({ internal, address }) => !internal && !/^(?:fe80:|169\.254\.)/i.test(address));
      const online = addresses.length > 0 || onLoopback;
      return { verdict: online ? 'good' : 'bad', facts: { check: 'network', online, addresses: addresses.length, ipv6: addresses.some(({ address }) => isIPv6(address)) } };
    },
  };
}
