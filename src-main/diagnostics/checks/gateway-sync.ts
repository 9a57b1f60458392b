import type { DiagnosedGateway } from '../../../shared/api/diagnostics.ts';
import type { Subject } from '../../../shared/diagnostics/check-result.ts';
import type { Check } from '../check.ts';

/** What the service said of a gateway, and when. */
export interface ToldGateway {
  readonly gateway: DiagnosedGateway;
  readonly serverTime: string;
  readonly syncSeconds: number;
}

/** What the service knows of a gateway, and how old that is (S10): two syncs may be missed by a moment's trouble, more may not. */
export function gatewaySync(subject: Extract<Subject, { kind: 'gateway' }>, told: ToldGateway | undefined, unknown: 'not-signed-in' | 'service-not-reached'): Check {
  return {
    id: `sync ${subject.gatewayId}`, check: 'sync', subject, leg: 'L3',
    limitMs: 1000,
    run: async () => {
      if (told === undefined) return { notRun: unknown };
      const { gateway, serverTime, syncSeconds } = told;
      // Both times are of the service's clock.
      const ageSeconds = gateway.confirmedAt === null ? null : Math.max(0, Math.round((Date.parse(serverTime) - Date.parse(gateway.confirmedAt)) / 1000));
      const fresh = ageSeconds !== null && ageSeconds <= 3 * syncSeconds;
      const good = gateway.state === 'available' && fresh && !gateway.ejected;
      return { verdict: good ? 'good' : gateway.state === 'unavailable' || !fresh ? 'bad' : 'attention', facts: { check: 'sync', state: gateway.state, code: gateway.code, ageSeconds, intervalSeconds: syncSeconds, ejected: gateway.ejected, changes: gateway.changes } };
    },
  };
}
