import { isIPv6 } from 'node:net';
import { z } from 'zod';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { proxyPassword, proxyUserName } from '../../shared/ipc/proxy-setting.ts';

/** What an HTTP proxy asks to know who uses it (RFC 7617). In memory and between our own processes only. */
export const proxyCredentials = z.object({ userName: proxyUserName, password: proxyPassword });
export type ProxyCredentials = z.infer<typeof proxyCredentials>;

const port = z.number().int().min(1).max(65_535);
const hostName = z.string().min(1).max(255).regex(/^[^\s\p{Cc}/@]+$/u);

/** One way out of this computer's network: straight, by way of an HTTP proxy, or by one of a kind that we do not speak. */
export const wayOut = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('direct') }),
  z.object({ kind: z.literal('http-proxy'), host: hostName, port, credentials: proxyCredentials.nullable() }),
  z.object({ kind: z.literal('unsupported'), scheme: z.string().max(20), proxy: z.string().max(300) }),
]);
export type WayOut = z.infer<typeof wayOut>;
export type HttpProxy = Extract<WayOut, { kind: 'http-proxy' }>;

/** More proxies than that are no list that a person wrote. */
export const MAX_WAYS_OUT = 8;
export const waysOut = z.array(wayOut).max(MAX_WAYS_OUT);

/** A proxy as people name it, and as its credentials are found: `host:port`. */
export function proxyName({ host, port: number }: Pick<HttpProxy, 'host' | 'port'>): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${number}`;
}

/**
 * The ways of an answer as PAC scripts give it: `PROXY host:port; DIRECT`. What is not of the form is left out; an answer
 * without anything that we understand is the straight way, as browsers take it.
 */
export function parseProxyList(answer: string): WayOut[] {
  const ways = answer
    .slice(0, 4096)
    .split(';')
    .slice(0, MAX_WAYS_OUT)
    .flatMap((entry): WayOut[] => {
      const [keyword = '', server = ''] = entry.trim().split(/\s+/, 2);
      const scheme = keyword.toUpperCase();
      if (scheme === 'DIRECT') return [{ kind: 'direct' }];
      const place = parseServer(server, 80);
      if (scheme === '' || place === undefined) return [];
      if (scheme === 'PROXY' || scheme === 'HTTP') return [{ kind: 'http-proxy', ...place, credentials: null }];
      return /^[A-Z0-9]{1,20}$/.test(scheme) ? [{ kind: 'unsupported', scheme, proxy: proxyName(place) }] : [];
    });
  return ways.length === 0 ? [{ kind: 'direct' }] : ways;
}

/** `proxy:3128`, `[2001:db8::1]:3128`; undefined for what is neither. */
export function parseServer(text: string, defaultPort: number): { host: string; port: number } | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text.trim());
  const host = hostName.safeParse(match?.[1] ?? match?.[2]);
  const number = port.safeParse(match?.[3] === undefined ? defaultPort : Number(match[3]));
  return host.success && number.success ? { host: host.data, port: number.data } : undefined;
}

/** Why a way of a kind that we do not speak cannot be used. */
export function unsupportedWay({ scheme, proxy }: Extract<WayOut, { kind: 'unsupported' }>): MavisError {
  return new MavisError('proxy.scheme-unsupported', { proxy, scheme });
}
