import { routes } from '../../shared/api/index.ts';
import { SYNC_INTERVAL_MS } from '../gateways/status-sync.ts';
import { handle } from '../http/bound-route.ts';
import type { Diagnosis } from './diagnosis.ts';
import type { SentReports } from './sent-reports.ts';

/** The routes of a client's diagnostics. */
export function diagnosticsRoutes(diagnosis: Pick<Diagnosis, 'gateways' | 'resource'>) {
  return {
    diagnosedGateways: handle(routes.diagnosedGateways, async (_input, { user }) => ({ ...(await diagnosis.gateways(user)), syncSeconds: SYNC_INTERVAL_MS / 1000 })),
    resourceDiagnosis: handle(routes.resourceDiagnosis, ({ params, body }, context) => diagnosis.resource(context, params.resourceId, body.protocol)),
  };
}

/** The routes of reports that users send to the helpdesk. */
export function sentReportRoutes(reports: Pick<SentReports, 'send' | 'list' | 'open'>) {
  return {
    diagnosisReportSend: handle(routes.diagnosisReportSend, async ({ body }, { user, actor }) => ({ reference: await reports.send(user, actor, body) })),
    diagnosisReportList: handle(routes.diagnosisReportList, ({ query }) => reports.list(query)),
    diagnosisReport: handle(routes.diagnosisReport, ({ params }, { actor }) => reports.open(params.reference, actor)),
  };
}
