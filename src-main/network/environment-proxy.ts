import { isIPv4 } from 'node:net';
import { parseServer, proxyCredentials, type WayOut } from './way-out.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy that the environment names for an HTTPS address, as command-line programs read it: `HTTPS_PROXY`, else
 * `ALL_PROXY`, in small letters first, unless `NO_PROXY` excepts the host. Null where there is none. This computer itself is
 * never reached by a proxy.
 */
export function environmentProxy(environment: Environment, host: string, port: number): WayOut | null {
  const read = (name: string): string => environment[name] || environment[name.toUpperCase()] || '';
  const named = read('https_proxy') || read('all_proxy');
  if (named === '' || isOwnComputer(host) || isExcepted(read('no_proxy'), host, port)) return null;
  const [, scheme = 'http', rest = ''] = /^(?:([a-z][a-z0-9+.-]*):\/\/)?([^/]*)/i.exec(named.trim()) ?? [];
  const at = rest.lastIndexOf('@');
  const server = parseServer(rest.slice(at + 1), 80);
  if (server === undefined) return null;
  if (scheme.toLowerCase() !== 'http') return { kind: 'unsupported', scheme: scheme.toUpperCase().slice(0, 20), proxy: `${server.host}:${server.port}` };
  return { kind: 'http-proxy', ...server, credentials: at < 0 ? null : credentialsOf(rest.slice(0, at)) };
}

function credentialsOf(userInformation: string): { userName: string; password: string } | null {
  const [userName = '', ...password] = userInformation.split(':');
  try {
    const parsed = proxyCredentials.safeParse({ userName: decodeURIComponent(userName), password: decodeURIComponent(password.join(':')) });
    return parsed.success ? parsed.data : null;
  } catch {
    // A percent sign that begins no escape: not what we can use.
    return null;
  }
}

function isOwnComputer(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

/** `*`, `example.com` and `.example.com` (with what is below), `10.0.0.1`, `host:port`; separated by commas or blanks. */
function isExcepted(list: string, host: string, port: number): boolean {
  return list
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => {
      if (entry === '*') return true;
      const [, name = '', onlyPort] = /^(.*?)(?::(\d+))?$/.exec(entry.toLowerCase()) ?? [];
      if (onlyPort !== undefined && Number(onlyPort) !== port) return false;
      const plain = name.replace(/^\*?\./, '');
      return host.toLowerCase() === plain || (!isIPv4(plain) && host.toLowerCase().endsWith(`.${plain}`));
    });
}
