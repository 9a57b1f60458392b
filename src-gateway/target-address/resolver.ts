import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { Clock } from '../clock/clock.ts';
import { limited } from '../clock/limited.ts';

/** Gives all addresses of a name, in the order in which they are to be tried; rejects as `dns.lookup` does. */
export type Resolve = (name: string) => Promise<readonly string[]>;

/** A resolver that says nothing for so long is given up: the connection's own 15 s must leave room to dial. */
const RESOLVE_LIMIT_MS = 3000;
/** Addresses of one name that are looked at. */
const MAX_ADDRESSES = 16;

/** The system's own resolver: hosts file, DNS, whatever the machine is set to. */
export const systemResolve: Resolve = async (name) => (await lookup(name, { all: true, verbatim: true })).map(({ address }) => address);

/** A number in one of the forms that resolvers take for an IPv4 address (decimal, octal, hexadecimal, fewer than four parts). */
const NUMERIC_NAME = /^(0x[0-9a-f]*|\d+)(\.(0x[0-9a-f]*|\d+)){0,3}\.?$/i;

/**
 * The addresses of a target, resolved once (rule 13); an address stands for itself. Rejects with
 * `target.address-forbidden` for a number in disguise, `target.name-unknown`, or the signal's reason.
 */
export async function resolveTarget(host: string, resolve: Resolve, clock: Pick<Clock, 'setTimer'>, signal: AbortSignal): Promise<readonly string[]> {
  if (isIP(host) !== 0) return [host];
  if (NUMERIC_NAME.test(host) || host.includes(':') || host.includes('%')) throw new MavisError('target.address-forbidden');
  let found: readonly string[];
  try {
    found = await limited(resolve(host), clock, RESOLVE_LIMIT_MS, () => new MavisError('target.name-unknown'), signal);
  } catch (error) {
    if (error instanceof MavisError) throw error;
    throw new MavisError('target.name-unknown', {}, { cause: error });
  }
  const addresses = found.filter((address) => isIP(address) !== 0).slice(0, MAX_ADDRESSES);
  if (addresses.length === 0) throw new MavisError('target.name-unknown');
  return addresses;
}
