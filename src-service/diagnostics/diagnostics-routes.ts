import { routes } from '../../shared/api/index.ts';
import { SYNC_INTERVAL_MS } from '../gateways/status-sync.ts';
import { handle } from '../http/bound-route.ts';
import type { Diagnosis } from './diagnosis.ts';

/** The routes of a client's diagnostics. */
export function diagnosticsRoutes(diagnosis: Pick<Diagnosis, 'gateways' | 'resource'>) {
  return {
    diagnosedGateways: handle(routes.diagnosedGateways, async (_input, { user }) => ({ ...(await diagnosis.gateways(user)), syncSeconds: SYNC_INTERVAL_MS / 1000 })),
    resourceDiagnosis: handle(routes.resourceDiagnosis, ({ params, body }, context) => diagnosis.resource(context, params.resourceId, body.protocol)),
  };
}
