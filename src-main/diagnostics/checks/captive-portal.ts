import { request } from 'node:http';
import type { LookupFunction } from 'node:net';
import type { Check } from '../check.ts';

/** Portals answer at once, since they sit on the next router; who does not is none. */
const PORTAL_LIMIT_MS = 2000;
/** RFC 6585, 6: the status that portals were given. */
const NETWORK_AUTHENTICATION_REQUIRED = 511;

export interface CaptivePortalParts {
  readonly host: string;
  /** 80; portals take it for every host. */
  readonly port: number;
  readonly lookup?: LookupFunction | undefined;
}

/** Whether a sign-in page of the network stands before everything: plain HTTP to the service's own host is led elsewhere. No other address is asked, so that closed networks see nothing new. */
export function captivePortal({ host, port, lookup }: CaptivePortalParts): Check {
  return {
    id: 'portal', check: 'portal', subject: { kind: 'device' }, leg: 'client',
    limitMs: PORTAL_LIMIT_MS + 500,
    run: async (signal, tries) => {
      const none = { verdict: 'good', facts: { check: 'portal', found: false, status: null, leadsTo: null } } as const;
      try {
        const { status, location } = await tries.note('http', `http://${host}:${port}/`, () => ask({ host, port, lookup }, signal), (answer) => String(answer.status));
        const leadsTo = status >= 300 && status < 400 ? otherHost(location, host) : null;
        if (status !== NETWORK_AUTHENTICATION_REQUIRED && leadsTo === null) return { verdict: 'good', facts: { check: 'portal', found: false, status, leadsTo: null } };
        return { verdict: 'attention', facts: { check: 'portal', found: true, status, leadsTo } };
      } catch {
        // A closed port 80 is what is to be expected.
        return none;
      }
    },
  };
}

function ask({ host, port, lookup }: CaptivePortalParts, signal: AbortSignal): Promise<{ status: number; location: string }> {
  return new Promise((resolve, reject) => {
    const asked = request({ host, port, path: '/', method: 'GET', headers: { host, connection: 'close' }, agent: false, signal, timeout: PORTAL_LIMIT_MS, maxHeaderSize: 8 * 1024, ...(lookup === undefined ? {} : { lookup }) });
    asked.on('timeout', () => asked.destroy(new Error('time-out')));
    asked.once('error', reject);
    asked.once('response', (response) => {
      resolve({ status: response.statusCode ?? 0, location: response.headers.location ?? '' });
      response.destroy();
    });
    asked.end();
  });
}

/** The host to which a redirect leads, where it is neither the one that was asked nor beside it in the same domain. */
function otherHost(location: string, host: string): string | null {
  let leadsTo: string;
  try {
    leadsTo = new URL(location, `http://${host}/`).hostname;
  } catch {
    return null;
  }
  const domain = (name: string): string => name.toLowerCase().split('.').slice(-2).join('.');
  return domain(leadsTo) === domain(host) ? null : leadsTo.slice(0, 253);
}
