import { isIPv6 } from 'node:net';
import { asMavisError } from '../../shared/errors/mavis-error.ts';
import type { ProxySetting } from '../../shared/ipc/proxy-setting.ts';
import type { Log } from '../logging/log.ts';
import { environmentProxy } from './environment-proxy.ts';
import type { ProxySignOn } from './proxy-sign-on.ts';
import { parseProxyList, proxyName, type WayOut } from './way-out.ts';

/** The system's answer takes milliseconds; a PAC file that does not load must not hold up what would go straight. */
const SYSTEM_LIMIT_MS = 2500;

export interface WaysOutParts {
  /** Electron's `session.resolveProxy`: system settings and PAC files. */
  readonly resolveSystem: (url: string) => Promise<string>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signOn: Pick<ProxySignOn, 'find'>;
  readonly log: Log;
}

/** Where to, and how the profile gets out. */
export interface WantedWay {
  readonly host: string;
  readonly port: number;
  readonly setting: ProxySetting;
}

export interface ExplainedWays {
  readonly source: 'profile' | 'system' | 'environment' | 'none';
  readonly ways: WayOut[];
}

/** Says by which ways an address is reached from this computer, in the order to try them, with the credentials that are known for each proxy. */
export class WaysOut {
  readonly #parts: WaysOutParts;

  constructor(parts: WaysOutParts) {
    this.#parts = parts;
  }

  /** At least one way; never rejects: a system that does not say how is taken to mean the straight way. */
  async find(wanted: WantedWay): Promise<WayOut[]> {
    return (await this.explain(wanted)).ways;
  }

  /** The same ways, and what named them: the profile, the system (settings, PAC file), the environment; `none` where nothing names a proxy. */
  async explain({ host, port, setting }: WantedWay): Promise<ExplainedWays> {
    if (setting.kind === 'none') return { source: 'none', ways: [{ kind: 'direct' }] };
    if (setting.kind === 'manual') return { source: 'profile', ways: [this.#known({ kind: 'http-proxy', host: setting.host, port: setting.port, credentials: null })] };
    const system = parseProxyList(await this.#askSystem(`https://${isIPv6(host) ? `[${host}]` : host}:${port}/`));
    const straight = system.every(({ kind }) => kind === 'direct');
    const named = straight ? environmentProxy(this.#parts.environment, host, port) : null;
    return { source: named === null ? (straight ? 'none' : 'system') : 'environment', ways: (named === null ? system : [named]).map((way) => this.#known(way)) };
  }

  #known(way: WayOut): WayOut {
    return way.kind === 'http-proxy' ? { ...way, credentials: this.#parts.signOn.find(proxyName(way)) ?? way.credentials } : way;
  }

  async #askSystem(url: string): Promise<string> {
    const { resolveSystem, log } = this.#parts;
    const limit = Promise.withResolvers<string>();
    const timer = setTimeout(() => limit.reject(new Error('the system did not say in time')), SYSTEM_LIMIT_MS);
    try {
      return await Promise.race([resolveSystem(url), limit.promise]);
    } catch (error) {
      log.warn('proxy settings of the system not read', { code: asMavisError(error).code }, error);
      return 'DIRECT';
    } finally {
      clearTimeout(timer);
    }
  }
}
