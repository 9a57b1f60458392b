import { isIPv6 } from 'node:net';

/** PostgreSQL's own port, where a URL names none. */
const DATABASE_PORT = 5432;

/** Where the service and its database are reached, as far as the service knows it. */
export interface ServiceWhereabouts {
  /** What the service listens on; `0.0.0.0` and `::` stand for all of `machineAddresses`. */
  readonly host: string;
  /** 0 where the system chooses one at the start. */
  readonly port: number;
  /** URL of the database server, null for the embedded database. */
  readonly databaseUrl: string | null;
  readonly machineAddresses: readonly string[];
  /** Further ones that the administrator has set, with a port or without. */
  readonly further: readonly string[];
}

/**
 * The addresses that no gateway dials as a target (rule 13), each with its port: a gateway refuses that port whatever a
 * resource allows, and the other ports of the same host unless the one resource allows them.
 */
export function serviceAddresses({ host, port, databaseUrl, machineAddresses, further }: ServiceWhereabouts): string[] {
  const listening = host === '0.0.0.0' || host === '::' ? machineAddresses : [host];
  const own = listening.map((address) => withPort(address, port));
  return [...new Set([...own, ...databaseAddresses(databaseUrl), ...further])];
}

function databaseAddresses(url: string | null): string[] {
  if (url === null) return [];
  const { hostname, port } = new URL(url);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  // A server at a socket of this machine has no address.
  return host === '' ? [] : [withPort(host, port === '' ? DATABASE_PORT : Number(port))];
}

function withPort(host: string, port: number): string {
  if (port === 0) return host;
  return `${isIPv6(host) ? `[${host}]` : host}:${String(port)}`;
}
