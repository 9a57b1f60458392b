import { isIPv4, isIPv6 } from 'node:net';
import { createContext, runInContext } from 'node:vm';
import { application } from './application.ts';
import { notInStandIn } from './covered.ts';

/** What `session.setProxy` was given. */
export interface ProxyChoice {
  readonly mode: string;
  readonly pacScript?: string;
  readonly proxyRules?: string;
  readonly proxyBypassRules?: string;
}

const DIRECT = 'DIRECT';
/** How long a PAC file's script may run. */
const PAC_LIMIT_MS = 2000;
const PAC_SCHEMES: Readonly<Record<string, string>> = { http: 'PROXY', https: 'HTTPS', socks: 'SOCKS', socks4: 'SOCKS', socks5: 'SOCKS5', quic: 'QUIC', direct: DIRECT };
const DEFAULT_PORTS: Readonly<Record<string, string>> = { http: '80', https: '443', socks: '1080', socks4: '1080', socks5: '1080', quic: '443' };

/** `http://proxy:3128` as a PAC answer, `PROXY proxy:3128`. */
function pacForm(server: string, defaultScheme = 'http'): string {
  const [, given, hostPort = ''] = /^(?:([a-z0-9]+):\/\/)?([^/]*)/i.exec(server.trim()) ?? [];
  const scheme = (given ?? defaultScheme).toLowerCase();
  if (scheme === 'direct') return DIRECT;
  const name = PAC_SCHEMES[scheme];
  if (!name) return DIRECT;
  const withoutUser = hostPort.slice(hostPort.lastIndexOf('@') + 1);
  return `${name} ${/:\d+$/.test(withoutUser) ? withoutUser : `${withoutUser}:${DEFAULT_PORTS[scheme]}`}`;
}

function ipv4Number(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

function inCidr(host: string, range: string): boolean {
  const [network = '', bits = '32'] = range.split('/');
  if (!isIPv4(host) || !isIPv4(network)) return false;
  const size = 2 ** (32 - Number(bits));
  return Math.floor(ipv4Number(host) / size) === Math.floor(ipv4Number(network) / size);
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || inCidr(host, '127.0.0.0/8') || host === '::1' || inCidr(host, '169.254.0.0/16');
}

/** One bypass rule against an address, as Chromium reads them: `*.example.com`, `.example.com`, `<local>`, `10.0.0.0/8`, `host:port`. */
function bypasses(rule: string, url: URL, suffixMatching: boolean): boolean {
  const host = url.hostname.replaceAll(/[[\]]/g, '');
  const port = url.port || (url.protocol === 'https:' || url.protocol === 'wss:' ? '443' : '80');
  if (rule === '<local>') return !host.includes('.') && !isIPv6(host);
  const [, scheme, rest = ''] = /^(?:([a-z]+):\/\/)?(.*)$/i.exec(rule) ?? [];
  if (scheme && `${scheme}:` !== url.protocol) return false;
  if (rest.includes('/')) return inCidr(host, rest);
  const [, pattern = '', rulePort] = /^(.*?)(?::(\d+))?$/.exec(rest) ?? [];
  if (rulePort && rulePort !== port) return false;
  const wanted = pattern.startsWith('.') ? `*${pattern}` : suffixMatching && !isIPv4(pattern) && !pattern.startsWith('*') ? `*${pattern}` : pattern;
  return new RegExp(`^${wanted.replaceAll(/[.+^${}()|[\]\\?]/g, String.raw`\$&`).replaceAll('*', '.*')}$`, 'i').test(host);
}

function isBypassed(url: URL, rules: readonly string[], suffixMatching: boolean): boolean {
  const withoutLoopback = rules.includes('<-loopback>');
  const host = url.hostname.replaceAll(/[[\]]/g, '');
  if (!withoutLoopback && isLoopback(host)) return true;
  return rules.some((rule) => rule !== '<-loopback>' && rule !== '' && bypasses(rule, url, suffixMatching));
}

function splitList(list: string | undefined): string[] {
  return (list ?? '').split(/[,;]/).map((rule) => rule.trim());
}

/** By rules such as `http=proxy:80;https=other:443` or `socks5://proxy:1080,direct://`. */
function byRules(url: URL, rules: string, bypass: readonly string[], suffixMatching: boolean): string {
  if (isBypassed(url, bypass, suffixMatching)) return DIRECT;
  const scheme = url.protocol.slice(0, -1);
  const wanted = scheme === 'ws' ? 'http' : scheme === 'wss' ? 'https' : scheme;
  const parts = rules.split(';').map((part) => part.trim()).filter(Boolean);
  const perScheme = parts.filter((part) => part.includes('='));
  const chosen = perScheme.length === 0 ? parts[0] : (perScheme.find((part) => part.startsWith(`${wanted}=`)) ?? perScheme.find((part) => part.startsWith('socks=')));
  if (!chosen) return DIRECT;
  const [name, servers = ''] = chosen.includes('=') ? chosen.split('=') : ['', chosen];
  return servers.split(',').map((server) => pacForm(server, name === 'socks' ? 'socks4' : 'http')).join(';');
}

/** By the environment, as Chromium does on Linux outside GNOME and KDE. */
function byEnvironment(url: URL): string {
  const read = (name: string): string | undefined => process.env[name] || process.env[name.toUpperCase()];
  const scheme = url.protocol === 'https:' || url.protocol === 'wss:' ? 'https' : 'http';
  const server = read('all_proxy') ?? read(`${scheme}_proxy`);
  return server ? byRules(url, server, splitList(read('no_proxy')), true) : DIRECT;
}

/** The functions that a PAC file may call; those that would need a name look-up answer for addresses only. */
const PAC_FUNCTIONS = {
  isPlainHostName: (host: string) => !host.includes('.'),
  dnsDomainIs: (host: string, domain: string) => host.endsWith(domain),
  localHostOrDomainIs: (host: string, full: string) => host === full || full.startsWith(`${host}.`),
  isResolvable: (host: string) => isIPv4(host) || host === 'localhost',
  dnsResolve: (host: string) => (isIPv4(host) ? host : host === 'localhost' ? '127.0.0.1' : null),
  isInNet: (host: string, network: string, mask: string) => isIPv4(host) && ((ipv4Number(host) & ipv4Number(mask)) >>> 0) === ((ipv4Number(network) & ipv4Number(mask)) >>> 0),
  myIpAddress: () => '127.0.0.1',
  dnsDomainLevels: (host: string) => host.split('.').length - 1,
  shExpMatch: (text: string, pattern: string) => new RegExp(`^${pattern.replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`).replaceAll('*', '.*').replaceAll('?', '.')}$`).test(text),
  alert: () => undefined,
  weekdayRange: () => {
    throw notInStandIn('weekdayRange in a PAC file');
  },
  dateRange: () => {
    throw notInStandIn('dateRange in a PAC file');
  },
  timeRange: () => {
    throw notInStandIn('timeRange in a PAC file');
  },
};

async function byPacFile(url: URL, pacFile: string): Promise<string> {
  const script = await (await fetch(pacFile)).text();
  const context = createContext({ ...PAC_FUNCTIONS });
  const answer: unknown = runInContext(`${script}\n;String(FindProxyForURL(${JSON.stringify(url.href)}, ${JSON.stringify(url.hostname)}))`, context, { timeout: PAC_LIMIT_MS });
  return String(answer)
    .split(';')
    .map((part) => part.trim())
    .filter(Boolean)
    .join(';');
}

/**
 * The proxies for an address, as `session.resolveProxy` says them: `DIRECT`, `PROXY host:port`, `HTTPS …`, `SOCKS5 …`, joined by `;`.
 * Names are not looked up: bypass rules and PAC files see the name as it stands.
 */
export function chosenProxy(address: string, choice: ProxyChoice): Promise<string> {
  const url = new URL(address);
  const switches = application.switches;
  switch (choice.mode) {
    case 'direct':
      return Promise.resolve(DIRECT);
    case 'fixed_servers':
      return Promise.resolve(byRules(url, choice.proxyRules ?? '', splitList(choice.proxyBypassRules), false));
    case 'pac_script':
      return byPacFile(url, choice.pacScript ?? '');
    case 'auto_detect':
      return Promise.reject(notInStandIn('proxy auto-detection'));
    default:
      if (switches.has('no-proxy-server')) return Promise.resolve(DIRECT);
      if (switches.has('proxy-pac-url')) return byPacFile(url, switches.get('proxy-pac-url') ?? '');
      if (switches.has('proxy-server')) return Promise.resolve(byRules(url, switches.get('proxy-server') ?? '', splitList(switches.get('proxy-bypass-list')), false));
      return Promise.resolve(byEnvironment(url));
  }
}
