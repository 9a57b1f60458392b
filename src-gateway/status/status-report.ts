import type { GatewayConfiguration } from '../../shared/gateway-configuration.ts';
import { type Protocol, protocol } from '../../shared/ids.ts';
import type { GatewayStatusReport, PingAnswer } from '../../shared/link/messages.ts';
import { type Clock, instantOf } from '../clock/clock.ts';
import type { PortMapInForce } from '../proxy-port/port-map.ts';
import type { RecordingSource } from '../sessions/recording-source.ts';
import type { MachineLoad } from './machine-load.ts';
import type { Readiness } from './readiness.ts';

export interface StatusParts {
  readonly configuration: GatewayConfiguration;
  readonly version: string;
  readonly startedAt: string;
  readonly clock: Pick<Clock, 'wallMs'>;
  readonly sessions: { readonly size: number };
  readonly forwards: { readonly size: number };
  readonly readiness: Pick<Readiness, 'draining' | 'canRecord' | 'shortages'>;
  readonly journal: { readonly head: { readonly sequence: number; readonly hash: string } };
  readonly recordings: Pick<RecordingSource, 'canRecord' | 'heads'>;
  readonly ports: { isOpen(port: number): boolean };
  readonly portMap: Pick<PortMapInForce, 'carries' | 'current'>;
  /** The protocols that this gateway can end. */
  readonly protocols: readonly Protocol[];
  readonly load: () => MachineLoad;
}

/** The proxy ports, whether they are open, and what each carries. */
export function portStates({ configuration, ports, portMap, protocols }: Pick<StatusParts, 'configuration' | 'ports' | 'portMap' | 'protocols'>): PingAnswer['proxyPorts'] {
  return configuration.listen.proxyPorts.map((port) => ({
    port,
    open: ports.isOpen(port),
    protocols: protocol.options.filter((one) => protocols.includes(one) && portMap.carries(port, one)),
  }));
}

/** What the service is told every 15 seconds (S10). */
export function statusReport(parts: StatusParts): GatewayStatusReport {
  return {
    gatewayId: parts.configuration.gatewayId,
    version: parts.version,
    startedAt: parts.startedAt,
    clock: instantOf(parts.clock),
    sessions: parts.sessions.size + parts.forwards.size,
    forwards: parts.forwards.size,
    draining: parts.readiness.draining,
    canRecord: parts.readiness.canRecord,
    spoolFreeBytes: parts.recordings.canRecord().freeBytes,
    ports: portStates(parts),
    portMap: parts.portMap.current,
    shortages: [...parts.readiness.shortages],
    load: parts.load(),
    journalHead: { ...parts.journal.head },
    recordings: [...parts.recordings.heads()],
  };
}

/** What anybody is told on the link port; the version only where a grant named the asker's key (rule 26). */
export function pingAnswer(parts: Pick<StatusParts, 'configuration' | 'ports' | 'portMap' | 'protocols' | 'clock' | 'version'>, knownKey: boolean): PingAnswer {
  return { product: 'MAVIS Gateway', time: instantOf(parts.clock), proxyPorts: portStates(parts), ...(knownKey ? { version: parts.version } : {}) };
}
