import { guarded } from './covered.ts';

/**
 * Custom schemes. Chromium knows none but its own, so `app://host/path` is shown as `https://host.app.invalid/path`, which is
 * an origin of its own and a secure context; requests to it are answered by interception and never leave the machine.
 */

type Handler = (request: Request) => Response | Promise<Response>;
type RequestWithUrl = Parameters<Electron.Protocol['handle']>[1];

const handlers = new Map<string, Handler>();
const privileged = new Map<string, Electron.Privileges>();

const APP_URL = /^([a-z][\w+.-]*):\/\/([^/?#]*)(.*)$/is;
const WEB_URL = /^https:\/\/([^/?#]*)\.([a-z][\w+-]*)\.invalid(.*)$/is;

function isCustom(scheme: string): boolean {
  return handlers.has(scheme) || privileged.has(scheme);
}

/** The address under which Chromium loads it; addresses of other schemes are unchanged. */
export function toChromiumUrl(url: string): string {
  const [, scheme, host, rest] = APP_URL.exec(url) ?? [];
  return scheme && isCustom(scheme.toLowerCase()) ? `https://${host || 'host'}.${scheme.toLowerCase()}.invalid${rest?.startsWith('/') ? rest : `/${rest ?? ''}`}` : url;
}

/** The address as Electron would say it. */
export function toElectronUrl(url: string): string {
  const [, host, scheme, rest] = WEB_URL.exec(url) ?? [];
  return host && scheme && isCustom(scheme) ? `${scheme}://${host}${rest || '/'}` : url;
}

/** The origin as Electron would say it: `app://host` for standard custom schemes. */
export function toElectronOrigin(url: string): string {
  const [, scheme, host] = APP_URL.exec(url) ?? [];
  if (scheme && isCustom(scheme)) return `${scheme}://${host}`;
  return URL.canParse(url) ? new URL(url).origin : 'null';
}

/** Asks the application's handler, if the address is one of a handled scheme. */
export function customSchemeHandler(electronUrl: string): Handler | undefined {
  return handlers.get(APP_URL.exec(electronUrl)?.[1]?.toLowerCase() ?? '');
}

/** Names of all custom schemes. */
export function customSchemes(): string[] {
  return [...new Set([...handlers.keys(), ...privileged.keys()])];
}

/** Electron's `protocol`. */
export const protocol = guarded('protocol', {
  registerSchemesAsPrivileged(schemes: Electron.CustomScheme[]): void {
    for (const { scheme, privileges } of schemes) privileged.set(scheme, privileges ?? {});
  },
  handle(scheme: string, handler: RequestWithUrl): void {
    if (handlers.has(scheme)) throw new Error(`The scheme has been registered`);
    handlers.set(scheme, handler as unknown as Handler);
  },
  unhandle(scheme: string): void {
    if (!handlers.delete(scheme)) throw new Error(`The scheme has not been registered`);
  },
  isProtocolHandled: (scheme: string): boolean => handlers.has(scheme),
} satisfies Pick<Electron.Protocol, 'registerSchemesAsPrivileged' | 'handle' | 'unhandle' | 'isProtocolHandled'>);

/** The directives of a policy, in order. */
function directives(policy: string): string[][] {
  return policy
    .split(';')
    .map((directive) => directive.trim().split(/\s+/))
    .filter(([name]) => name);
}

/**
 * A content security policy as it has to stand in Chromium: the custom schemes' own addresses, and the stand-in's connection
 * from the isolated world to the main process, which the page itself cannot use for want of the token.
 */
export function rewritePolicy(policy: string, port: number): string {
  const own = `ws://127.0.0.1:${port}`;
  const renamed = directives(policy).map(([name = '', ...sources]) => [name, ...sources.map((source) => customSchemes().reduce((text, scheme) => (text === `${scheme}:` ? `https://*.${scheme}.invalid` : toChromiumUrl(text)), source))]);
  const withOwn = (sources: readonly string[]): string[] => ['connect-src', ...sources.filter((source) => source !== "'none'"), own];
  const connect = renamed.find(([name]) => name === 'connect-src');
  const fallback = renamed.find(([name]) => name === 'default-src');
  const result = renamed.map((directive) => (directive === connect ? withOwn(directive.slice(1)) : directive));
  if (!connect && fallback) result.push(withOwn(fallback.slice(1)));
  return result.map((directive) => directive.join(' ')).join('; ');
}

const META_POLICY = /(<meta\s[^>]*http-equiv\s*=\s*["']?content-security-policy["']?[^>]*content\s*=\s*)("([^"]*)"|'([^']*)')/gi;

/** The same for policies that stand in the document itself. */
export function rewriteMetaPolicies(html: string, port: number): string {
  return html.replace(META_POLICY, (_all, before: string, _quoted: string, double?: string, single?: string) => {
    const rewritten = rewritePolicy(double ?? single ?? '', port);
    return double === undefined ? `${before}'${rewritten.replaceAll("'", '&#39;')}'` : `${before}"${rewritten}"`;
  });
}
