import { systemRoutes } from '../../../shared/api/system.ts';
import { asMavisError } from '../../../shared/errors/mavis-error.ts';
import { isOlder } from '../../../shared/diagnostics/versions.ts';
import type { ServiceClient } from '../../service-client/service-client.ts';
import type { Check, Clocks } from '../check.ts';

/** The service answers this in milliseconds; one that takes longer is overloaded for people too. */
export const API_LIMIT_MS = 4000;
/** The answer says this of itself; clocks that differ by more make times in logs mislead, and sign-ins fail. */
export const CLOCK_TOLERANCE_MS = 10_000;

export interface ServiceApiParts {
  readonly client: Pick<ServiceClient, 'call' | 'address'>;
  readonly clientVersion: string;
  readonly clocks: Clocks;
}

/** Whether it is the service that answers, how its clock stands to ours, whether it takes this version of the app, and whether its store answers it. */
export function serviceApi({ client, clientVersion, clocks }: ServiceApiParts): Check {
  const nothing = { params: {}, query: {}, body: {} };
  return {
    id: 'api', check: 'api', subject: { kind: 'service' }, leg: 'L1',
    limitMs: 2 * API_LIMIT_MS,
    run: async (signal, tries) => {
      const none = { check: 'api', code: null, args: {}, version: null, oldestClient: null, clientVersion, tooOld: false, clockDifferenceMs: null, database: null, recordings: null } as const;
      try {
        const askedAt = clocks.clock();
        const about = await tries.note('http', `GET ${client.address}${systemRoutes.about.path}`, () => client.call(systemRoutes.about, nothing, { signal, timeoutMs: API_LIMIT_MS }), () => '200');
        const answeredAt = clocks.clock();
        const ready = await tries.note('http', `GET ${client.address}${systemRoutes.ready.path}`, () => client.call(systemRoutes.ready, nothing, { signal, timeoutMs: API_LIMIT_MS }), ({ ok }) => (ok ? '200' : 'not ready'));
        const clockDifferenceMs = clockDifference(Date.parse(about.serverTime), askedAt, answeredAt);
        const tooOld = isOlder(clientVersion, about.oldestClient);
        const good = !tooOld && ready.database && ready.recordings && Math.abs(clockDifferenceMs) <= CLOCK_TOLERANCE_MS;
        return { verdict: good ? 'good' : 'bad', facts: { ...none, version: about.version.slice(0, 50), oldestClient: about.oldestClient.slice(0, 50), tooOld, clockDifferenceMs, database: ready.database, recordings: ready.recordings } };
      } catch (thrown) {
        const { code, args } = asMavisError(thrown);
        return { verdict: 'bad', facts: { ...none, code, args: { ...args } } };
      }
    },
  };
}

/** By how much a peer's clock is ahead of ours, as far as the time that the answer took leaves it known: nothing where it may be the same. */
export function clockDifference(peerMs: number, askedMs: number, answeredMs: number): number {
  if (peerMs < askedMs) return Math.round(peerMs - askedMs);
  return peerMs > answeredMs ? Math.round(peerMs - answeredMs) : 0;
}
