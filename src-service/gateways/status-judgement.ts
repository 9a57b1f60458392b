import type { GatewayState, GatewayStatus } from '../../shared/api/gateways.ts';
import { isErrorCode, type ErrorCode } from '../../shared/errors/catalogue.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { GatewayStatusReport } from '../../shared/link/messages.ts';
import type { GatewayRow } from './gateway-record.ts';

/** Clocks may differ by this much: more, and the times in audit and recordings mislead. Grants do not depend on it (rule 2). */
const CLOCK_TOLERANCE_MS = 10_000;

/** What is known of a gateway after a sync. */
export interface Judgement {
  readonly state: GatewayState;
  /** Why it is not simply available. */
  readonly code: ErrorCode | null;
  /** What exactly, for administrators: ports, seconds. English, at most 500 characters. */
  readonly detail: string;
  readonly ports: GatewayStatus['ports'];
}

type Judged = Pick<GatewayRow, 'id' | 'name' | 'proxyPorts' | 'draining' | 'disabled'>;

/**
 * What a report says of a gateway: draining where the administrator or the gateway drains it, degraded where a port is closed,
 * a resource short or its clock off, else available. A gateway that cannot record (an unrecorded session is none) or is full
 * carries nothing, so that nobody is sent there. Throws `gateway.identity-conflict` where another gateway answers in its place.
 */
export function judgeReport(report: GatewayStatusReport, gateway: Judged, clockDifferenceMs: number): Judgement {
  if (report.gatewayId !== gateway.id) throw new MavisError('gateway.identity-conflict', { gateway: gateway.name });
  const closed = gateway.proxyPorts.filter((port) => !report.ports.some((reported) => reported.port === port && reported.open));
  const takesSessions = report.canRecord && !report.shortages.includes('gateway.full');
  const ports = report.ports
    .filter(({ port }) => gateway.proxyPorts.includes(port))
    .map(({ port, open, protocols }) => ({ port, open, protocols: takesSessions ? [...protocols] : [] }));
  const [code, detail] = shortageOf(report, closed, clockDifferenceMs);
  if (gateway.disabled) return { state: 'disabled', code: null, detail: '', ports };
  if (gateway.draining || report.draining) return { state: 'draining', code: 'gateway.draining', detail, ports };
  return { state: code === null ? 'available' : 'degraded', code, detail, ports };
}

function shortageOf(report: GatewayStatusReport, closed: readonly number[], clockDifferenceMs: number): [ErrorCode | null, string] {
  const reported = report.shortages.find(isErrorCode);
  if (!report.canRecord) return [reported ?? 'gateway.cannot-record', ''];
  if (closed.length > 0) return ['gateway.port-closed', closed.join(', ')];
  if (reported !== undefined) return [reported, ''];
  if (Math.abs(clockDifferenceMs) > CLOCK_TOLERANCE_MS) return ['gateway.clock-differs', String(Math.round(clockDifferenceMs / 1000))];
  return [null, ''];
}

/** What a failed sync says, after its retries: unavailable, and why. A gateway that is disabled or has no key stays what it is. */
export function judgeFailure(error: MavisError, gateway: Judged & Pick<GatewayRow, 'tlsKey' | 'ports'>): Judgement {
  if (gateway.disabled) return { state: 'disabled', code: null, detail: '', ports: gateway.ports };
  if (gateway.tlsKey === null) return { state: 'pending', code: 'gateway.no-key', detail: '', ports: [] };
  // Of a gateway behind the default gateway: which one it was that stood in the way.
  const through = String(error.args['through'] ?? '');
  return { state: 'unavailable', code: error.code, detail: through, ports: gateway.ports };
}

const badness: Record<GatewayState, number> = { available: 0, disabled: 0, draining: 0, pending: 0, degraded: 1, unavailable: 2 };

/** Whether a change is for the worse, so that operators find it in the error log (S12). */
export function isWorse(before: { readonly state: GatewayState; readonly code: string | null }, after: Pick<Judgement, 'state' | 'code'>): boolean {
  if (after.state === before.state) return badness[after.state] > 0 && after.code !== before.code;
  return badness[after.state] > 0 && badness[after.state] >= badness[before.state];
}
