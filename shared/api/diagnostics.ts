import { z } from 'zod';
import { connectionReference, gatewayId, instant, protocol, resourceId, sha256, userId } from '../ids.ts';
import { auditEntry } from './audit.ts';
import { gatewayState, gatewayStateChange } from './gateways.ts';
import { connectionTest, hostAddress, port } from './resources.ts';
import { defineRoute, pageOf, pageQuery } from './route.ts';

/** Changes of a gateway's state that a diagnosis is told: one that comes and goes is known by then. */
export const MAX_TOLD_CHANGES = 10;

/** A gateway as a client's diagnostics need it: what to try, and what the service itself knows of it (rule 26). */
export const diagnosedGateway = z.object({
  id: gatewayId,
  name: z.string(),
  segment: z.string().nullable(),
  /** Where this client may reach it; null where it is reached by way of another gateway only. */
  place: z.object({ host: hostAddress, linkPort: port, proxyPorts: z.array(port).min(1).max(8), over443: z.boolean() }).nullable(),
  /** The gateway, or segment, by way of which it is reached; null where it is reached straight. */
  by: z.string().nullable(),
  /** SHA-256 of the SubjectPublicKeyInfo of its TLS key; empty where none was entered. */
  pins: z.array(sha256).max(4),
  state: gatewayState,
  /** Why it is not simply available: a code of the error catalogue. */
  code: z.string().nullable(),
  /** When it last answered the service. */
  confirmedAt: instant.nullable(),
  ejected: z.boolean(),
  /** States that it changed to in the last 24 hours, newest first. */
  changes: z.array(gatewayStateChange).max(MAX_TOLD_CHANGES).default([]),
});
export type DiagnosedGateway = z.infer<typeof diagnosedGateway>;

/** Gateways that one client's diagnostics look at: more would be no diagnosis. */
export const MAX_DIAGNOSED_GATEWAYS = 50;

/** What a connection to a resource would come to now: who may, which gateways would be chosen from, and why the others not. */
export const choicePreview = z.object({
  resource: z.object({ id: resourceId, name: z.string() }),
  protocol,
  /** Segments that the resource's tags name; empty for an untagged one. */
  segments: z.array(z.string()),
  tunnel: z.boolean(),
  /** Why there is no way, as a code of the error catalogue; null where there is one. */
  code: z.string().nullable(),
  args: z.record(z.string(), z.union([z.string(), z.number()])),
  gateways: z.array(z.object({ id: gatewayId, name: z.string(), usable: z.boolean(), state: gatewayState, code: z.string().nullable() })).max(MAX_DIAGNOSED_GATEWAYS),
});
export type ChoicePreview = z.infer<typeof choicePreview>;

/** The choice, and where there is a way, how far the target is reached over it: no credential is sent. */
export const resourceDiagnosis = z.object({
  choice: choicePreview,
  test: connectionTest.nullable(),
  /** Identities that an administrator has confirmed; none means that none is known yet (rule 14). */
  identitiesKnown: z.number().int(),
});
export type ResourceDiagnosis = z.infer<typeof resourceDiagnosis>;

/** A report is read by people: so much of it, and for tools with its log so much. */
const MAX_TEXT = 256 * 1024;
const MAX_JSON = 1024 * 1024;
/** Letters outside ASCII take three bytes, and JSON's escapes double what is in it. */
const MAX_REPORT_BYTES = 6 * 1024 * 1024;
const findingCodes = z.array(z.string().max(100)).max(100);

/** A report as a client sends it: what it says is the client's claim (rule 12). */
export const newDiagnosisReport = z.object({ text: z.string().min(1).max(MAX_TEXT), json: z.string().max(MAX_JSON), findings: findingCodes });
export type NewDiagnosisReport = z.infer<typeof newDiagnosisReport>;

/** A report that was sent; its reference is its id. */
export const sentDiagnosisReport = z.object({ id: connectionReference, sentAt: instant, userId, userName: z.string(), findings: findingCodes });
export type SentDiagnosisReport = z.infer<typeof sentDiagnosisReport>;

/** One report whole, with the audit entries of its user from an hour before until ten minutes after it was sent, newest first. */
export const diagnosisReport = sentDiagnosisReport.extend({ text: z.string(), json: z.string(), entries: z.array(auditEntry).max(200) });
export type DiagnosisReport = z.infer<typeof diagnosisReport>;

const reportReaders = ['admin', 'operator', 'auditor'] as const;

export const diagnosticsRoutes = {
  diagnosedGateways: defineRoute({
    method: 'GET', path: '/v1/diagnostics/gateways', summary: 'Gateways that connections of the caller may use, with what the service knows of them', access: 'signed-in',
    response: z.object({ serverTime: instant, syncSeconds: z.number().int(), items: z.array(diagnosedGateway).max(MAX_DIAGNOSED_GATEWAYS) }),
  }),
  resourceDiagnosis: defineRoute({ method: 'POST', path: '/v1/resources/:resourceId/diagnosis', summary: 'What a connection to a resource would come to, and how far its target is reached, without credentials', access: 'signed-in', params: z.object({ resourceId }), body: z.object({ protocol }), response: resourceDiagnosis }),
  diagnosisReportSend: defineRoute({ method: 'POST', path: '/v1/diagnostics/reports', summary: 'Send the report of a diagnosis to the helpdesk; gives its reference', access: 'signed-in', body: newDiagnosisReport, maxBodyBytes: MAX_REPORT_BYTES, response: z.object({ reference: connectionReference }) }),
  diagnosisReportList: defineRoute({ method: 'GET', path: '/v1/diagnostics/reports', summary: 'Reports that users sent, newest first', access: reportReaders, query: pageQuery, response: pageOf(sentDiagnosisReport) }),
  diagnosisReport: defineRoute({ method: 'GET', path: '/v1/diagnostics/reports/:reference', summary: 'One report, with the audit entries of its user and time', access: reportReaders, params: z.object({ reference: connectionReference }), response: diagnosisReport }),
} as const;
