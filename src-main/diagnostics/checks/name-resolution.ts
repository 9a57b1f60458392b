import { isIP } from 'node:net';
import type { FamilyFound, Subject } from '../../../shared/diagnostics/check-result.ts';
import { type Check, systemCode, type Tries } from '../check.ts';

/** Resolvers give up after five seconds and more: a name that takes longer than this is as good as none. */
const RESOLVE_LIMIT_MS = 2500;

/** Addresses of a name in one family; rejects as `dns.lookup` does. */
export type ResolveFamily = (host: string, family: 4 | 6) => Promise<readonly string[]>;

/** Whether a name leads to addresses, in each family. */
export function nameResolution(subject: Subject, leg: 'L1' | 'L2', host: string, resolve: ResolveFamily): Check {
  return {
    id: `name ${subject.kind === 'gateway' ? subject.gatewayId : subject.kind}`,
    check: 'name', subject, leg,
    limitMs: RESOLVE_LIMIT_MS + 500,
    run: async (_signal, tries) => {
      const [ipv4, ipv6] = await Promise.all([family(host, 4, resolve, tries), family(host, 6, resolve, tries)]);
      const usable = [ipv4, ipv6].some(({ outcome }) => outcome === 'found' || outcome === 'literal');
      return { verdict: usable ? 'good' : 'bad', facts: { check: 'name', host, ipv4, ipv6 } };
    },
  };
}

async function family(host: string, version: 4 | 6, resolve: ResolveFamily, tries: Tries): Promise<FamilyFound> {
  const literal = isIP(host);
  if (literal !== 0) return { outcome: literal === version ? 'literal' : 'none', addresses: literal === version ? [host] : [], milliseconds: 0 };
  const begun = performance.now();
  const found = (outcome: FamilyFound['outcome'], addresses: readonly string[] = []): FamilyFound => ({ outcome, addresses: addresses.slice(0, 16), milliseconds: Math.round(performance.now() - begun) });
  try {
    const addresses = await tries.note(version === 4 ? 'resolve-ipv4' : 'resolve-ipv6', host, () => withLimit(resolve(host, version)), (all) => all.join(', ') || 'ENODATA');
    return found(addresses.length === 0 ? 'none' : 'found', addresses);
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ETIMEDOUT') return found('time-out');
    return found(code === 'ENOTFOUND' || code === 'ENODATA' || code === 'EAI_NODATA' || code === 'EAI_NONAME' ? 'none' : 'failed');
  }
}

async function withLimit<T>(work: Promise<T>): Promise<T> {
  const limit = Promise.withResolvers<never>();
  const timer = setTimeout(() => limit.reject(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })), RESOLVE_LIMIT_MS);
  try {
    return await Promise.race([work, limit.promise]);
  } finally {
    clearTimeout(timer);
  }
}
