import { isIP } from 'node:net';
import { carriedAddress, comparable, specialAddressKind, type SpecialAddress } from './address-kind.ts';

/** An address that a gateway does not dial as a target; without a port it means all ports. */
export interface Endpoint {
  readonly host: string;
  readonly port: number | null;
}

/** What the rules look at beside the address itself. */
export interface AddressSurroundings {
  /** The service's and the database's, with names resolved. */
  readonly service: readonly Endpoint[];
  /** The gateway's own addresses. */
  readonly ownAddresses: readonly string[];
  /** The ports on which the gateway itself listens. */
  readonly ownPorts: readonly number[];
}

/** Why an address is refused, or that it may be dialled; `special` says what an allowed one is, for the journal. */
export type AddressJudgement =
  | { readonly allowed: true; readonly special: SpecialAddress | 'own' | 'service' | null }
  | { readonly allowed: false; readonly because: SpecialAddress | 'own' | 'own-listener' | 'service' };

/** Which special addresses may be dialled: none, all, or those of some kinds. */
export type AllowedSpecial = boolean | ReadonlySet<SpecialAddress | 'own' | 'service'>;

/**
 * Judges one address and port of a target (rule 13). What is special is refused unless this one resource allows it; the
 * gateway's own listeners and the service's own port are refused always: no resource is there. Where the service is on this
 * machine, every way to name the machine leads to it.
 */
export function judgeAddress(address: string, port: number, allowed: AllowedSpecial, surroundings: AddressSurroundings): AddressJudgement {
  const wanted = comparable(address);
  const special = specialAddressKind(address);
  const own = isOwn(address, surroundings);
  if (own && surroundings.ownPorts.includes(port)) return { allowed: false, because: 'own-listener' };
  const ofService = surroundings.service.filter(({ host }) => isIP(host) !== 0 && (comparable(host) === wanted || (own && isOwn(host, surroundings))));
  if (ofService.some((endpoint) => endpoint.port === port)) return { allowed: false, because: 'service' };
  const kind = special ?? (ofService.length > 0 ? 'service' : own ? 'own' : null);
  if (kind === null || allowed === true || (allowed !== false && allowed.has(kind))) return { allowed: true, special: kind };
  return { allowed: false, because: kind };
}

function isOwn(address: string, { ownAddresses }: Pick<AddressSurroundings, 'ownAddresses'>): boolean {
  // `::ffff:127.0.0.1` is special for its form, and leads to loopback all the same.
  const special = specialAddressKind(carriedAddress(address));
  return special === 'loopback' || special === 'unspecified' || ownAddresses.some((one) => comparable(one) === comparable(address));
}

/** Reads `host`, `host:port`, `[address]:port` or a URL, as the configuration lists the service's addresses. */
export function parseEndpoint(text: string): Endpoint {
  const plain = text.replace(/^[a-z][a-z0-9+.-]*:\/\/(?:[^/@]*@)?/i, '').replace(/[/?#].*$/, '');
  if (isIP(plain) !== 0) return { host: plain, port: defaultPort(text) };
  const [, bracketed, named, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(plain) ?? [];
  return { host: bracketed ?? named ?? plain, port: port === undefined ? defaultPort(text) : Number(port) };
}

function defaultPort(text: string): number | null {
  return text.startsWith('https://') ? 443 : null;
}
