import type { CheckFacts, CheckResult, DiagnosedLeg, Subject, TlsSeen } from '../../../shared/diagnostics/check-result.ts';
import type { SentDiagnosisReport } from '../../../shared/api/diagnostics.ts';
import type { DiagnosticsState } from '../../../shared/diagnostics/diagnostics-state.ts';
import { NO_DIAGNOSTICS } from '../../../shared/diagnostics/diagnostics-state.ts';
import { findFindings } from '../../../shared/diagnostics/findings/find-findings.ts';
import type { ShownPastRun } from '../../../shared/diagnostics/run-history.ts';
import { connectionReference, gatewayId, userId } from '../../../shared/ids.ts';

const AT = '2026-11-23T09:30:00.000Z';
const gatewaySubject = (number: number, name: string): Subject => ({ kind: 'gateway', gatewayId: gatewayId.parse(`00000000-0000-4000-8000-0000000000${number}`), name });
const TOKYO = gatewaySubject(71, 'gw-tokyo-1');
const OSAKA = gatewaySubject(72, 'gw-osaka-1');
const SERVICE: Subject = { kind: 'service' };

const good: TlsSeen = { outcome: 'done', version: 'TLSv1.3', alpn: 'mavis-proxy/1', subject: 'gateway', issuer: 'gateway', fingerprint: null, signedByAnother: false, validUntil: null, trust: 'good' };

function found(id: string, subject: Subject, leg: DiagnosedLeg, facts: CheckFacts, verdict: 'good' | 'attention' | 'bad' = 'good'): CheckResult {
  return { id, check: facts.check, subject, leg, startedAt: AT, milliseconds: 3.2, outcome: { status: 'found', verdict, facts }, tried: [{ at: AT, action: 'tcp', to: 'gw.nishi.example:7993', outcome: verdict === 'bad' ? 'ETIMEDOUT' : 'ok', milliseconds: 3.1 }] };
}

function gatewayResults(subject: Subject, dropped: readonly number[]): CheckResult[] {
  const id = subject.kind === 'gateway' ? subject.gatewayId : '';
  return [
    ...[443, 7993, 7994, 7995].map((port) => found(`port ${id} ${port}`, subject, 'L2', { check: 'port', role: port === 443 ? 'link' : 'proxy', host: 'gw.nishi.example', port, tcp: dropped.includes(port) ? 'dropped' : 'open', tls: dropped.includes(port) ? null : good, connectMs: dropped.includes(port) ? null : 2.4, pong: dropped.includes(port) || port === 443 ? null : true }, dropped.includes(port) ? 'bad' : 'good')),
    found(`ping ${id}`, subject, 'L2', { check: 'ping', code: null, clockDifferenceMs: 0, ports: [] }),
    found(`round-trip ${id}`, subject, 'L2', { check: 'round-trip', port: 443, samplesMs: [4, 4, 5], bestMs: 4, medianMs: 4, jitterMs: 1 }),
    found(`throughput ${id}`, subject, 'L2', { check: 'throughput', port: 443, upBytesPerSecond: 2_600_000, downBytesPerSecond: 11_250_000 }),
    found(`sync ${id}`, subject, 'L3', { check: 'sync', state: 'available', code: null, ageSeconds: 6, intervalSeconds: 15, ejected: false, changes: [{ at: AT, state: 'available', code: null }, { at: '2026-11-23T09:12:00.000Z', state: 'unavailable', code: 'gateway.link-time-out' }] }),
  ];
}

/** The connection that a diagnosis window is about. */
const ABOUT: DiagnosticsState['about'] = { profileName: 'Nishi Trading', profileColour: 'green', resourceName: 'tokyo-db-00009', protocol: 'ssh', reference: connectionReference.parse('MV-7K3QX-M2P4D') };
const WORKED_AT = '2026-11-25T08:12:00.000Z';
const pastRun = (results: readonly CheckResult[], at: string): ShownPastRun => ({ firstAt: at, lastAt: at, resource: null, findings: findFindings(results) });

/** A report that a user sent to the helpdesk. */
export const SENT_REPORT: SentDiagnosisReport = { id: connectionReference.parse('MV-YPN0X-QHEYA'), sentAt: AT, userId: userId.parse('00000000-0000-4000-8000-000000000075'), userName: 'aiko', findings: ['ports-dropped', 'disk-full'] };

/** A diagnosis for a scene: nothing yet, under way, all well, or two faults. */
export function madeDiagnostics(scene: string): DiagnosticsState {
  if (scene === 'diagnostics-empty') return NO_DIAGNOSTICS;
  const faulty = scene !== 'diagnostics-good';
  const results = [
    found('network', { kind: 'device' }, 'client', { check: 'network', online: true, addresses: 2, ipv6: true }),
    found('disk', { kind: 'device' }, 'client', { check: 'disk', freeBytes: faulty ? 20_000_000 : 9e9, writable: true }, faulty ? 'bad' : 'good'),
    found('name service', SERVICE, 'L1', { check: 'name', host: 'mavis.nishi.example', ipv4: { outcome: 'found', addresses: ['192.0.2.7'], milliseconds: 2 }, ipv6: { outcome: 'none', addresses: [], milliseconds: 2 } }),
    found('port service 443', SERVICE, 'L1', { check: 'port', role: 'service', host: 'mavis.nishi.example', port: 443, tcp: 'open', tls: good, connectMs: 7.5, pong: null }),
    found('sign-in', SERVICE, 'L1', { check: 'sign-in', status: 'signed-in', code: null, args: {} }),
    ...gatewayResults(TOKYO, []),
    ...gatewayResults(OSAKA, faulty ? [7993, 7994, 7995] : []),
  ];
  const byId = Object.fromEntries(results.map((result) => [result.id, result]));
  const running = scene === 'diagnostics-running';
  return {
    running, about: scene === 'diagnostics-resource' ? ABOUT : null, watching: false,
    pending: running ? results.slice(-3).map(({ id, check, subject, leg }) => ({ id, check, subject, leg })) : [],
    begun: running ? results.length : 0,
    results: byId,
    run: { id: '00000000-0000-4000-8000-000000000070', startedAt: AT, milliseconds: 2840, profileName: 'Nishi', service: 'https://mavis.nishi.example', resource: scene === 'diagnostics-resource' ? { name: 'tokyo-db-00009', protocol: 'ssh' } : null, clientVersion: '0.1.0', platform: 'linux x64', results, findings: findFindings(results) },
    roundTrips: { '00000000-0000-4000-8000-000000000071': [4, 5, 4, null, 9, 4, 4, 6], '00000000-0000-4000-8000-000000000072': [12, 14, 90, 13, 12] },
    history: faulty ? [pastRun(results, AT), pastRun([], WORKED_AT)] : [],
    since: faulty ? { at: WORKED_AT, changes: [{ id: 'port 00000000-0000-4000-8000-000000000072 7994', check: 'port', subject: OSAKA, before: { state: 'good', seen: 'open · good' }, now: { state: 'bad', seen: 'dropped' } }, { id: 'name service', check: 'name', subject: SERVICE, before: { state: 'good', seen: '192.0.2.6' }, now: { state: 'good', seen: '192.0.2.7' } }] } : null,
  };
}
