import { BlockList, isIP } from 'node:net';

/** Names that stand for networks where proxies are configured, as fastify knows them. */
const NAMED: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.1/8', '::1/128'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
};

/**
 * Whether an address is of one of these proxies: addresses, networks (`10.0.0.0/8`, `10.0.0.0/255.0.0.0`) and the names above, just
 * as fastify reads them where it believes `X-Forwarded-For`. What is none of these is nobody's; fastify refuses to start with it.
 */
export function trustedProxies(configured: readonly string[]): (address: string) => boolean {
  const trusted = new BlockList();
  for (const entry of configured.flatMap((one) => NAMED[one] ?? [one])) {
    const [network = '', length] = entry.split('/');
    const kind = kindOf(network);
    if (kind === undefined) continue;
    if (length === undefined) trusted.addAddress(network, kind);
    else trusted.addSubnet(network, isIP(length) === 4 ? bitsOf(length) : Number(length), kind);
  }
  return (address) => {
    const kind = kindOf(address);
    return kind !== undefined && trusted.check(address, kind);
  };
}

function kindOf(address: string): 'ipv4' | 'ipv6' | undefined {
  const kind = isIP(address);
  return kind === 4 ? 'ipv4' : kind === 6 ? 'ipv6' : undefined;
}

function bitsOf(mask: string): number {
  return mask.split('.').reduce((bits, octet) => bits + Number(octet).toString(2).replaceAll('0', '').length, 0);
}
