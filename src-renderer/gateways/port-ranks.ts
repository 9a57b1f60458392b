import { protocol, type Protocol } from '../../shared/ids.ts';
import type { PortPreference } from '../../shared/gateway-configuration.ts';

/** For each protocol the rank of each of its ports: 1 is tried first, ports of one rank are taken at random (S74); a port without a rank does not carry it (S75). */
export type PortRanks = Readonly<Record<Protocol, ReadonlyMap<number, number>>>;

/** A preference as ranks; ports that the gateway no longer has are left out. */
export function ranksOf(preference: PortPreference, ports: readonly number[]): PortRanks {
  const ranks = (name: Protocol) => new Map(preference[name].flatMap((equals, index) => equals.filter((port) => ports.includes(port)).map((port) => [port, index + 1] as const)));
  return { ssh: ranks('ssh'), sftp: ranks('sftp'), rdp: ranks('rdp'), vnc: ranks('vnc') };
}

/** The ranks after one cell of the table was changed; null takes the protocol from the port. */
export function withRank(ranks: PortRanks, name: Protocol, port: number, rank: number | null): PortRanks {
  const changed = new Map(ranks[name]);
  if (rank === null) changed.delete(port);
  else changed.set(port, rank);
  return { ...ranks, [name]: changed };
}

/** Ranks as a preference, ports in the order given; a rank that no port has is no step of its own. */
export function preferenceOf(ranks: PortRanks, ports: readonly number[]): PortPreference {
  const groups = (name: Protocol): number[][] => {
    const used = [...new Set(ranks[name].values())].toSorted((a, b) => a - b);
    return used.map((rank) => ports.filter((port) => ranks[name].get(port) === rank));
  };
  return { ssh: groups('ssh'), sftp: groups('sftp'), rdp: groups('rdp'), vnc: groups('vnc') };
}

/** Protocols that no port carries any more: nobody could connect with them, and the service refuses such a map. */
export function lostProtocols(ranks: PortRanks): Protocol[] {
  return protocol.options.filter((name) => ranks[name].size === 0);
}

/** Protocols whose every port is among `closed`: as good as lost until one is opened. */
export function closedProtocols(ranks: PortRanks, closed: readonly number[]): Protocol[] {
  return protocol.options.filter((name) => ranks[name].size > 0 && [...ranks[name].keys()].every((port) => closed.includes(port)));
}
