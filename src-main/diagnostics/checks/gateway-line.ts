import type { Subject } from '../../../shared/diagnostics/check-result.ts';
import type { ClientIdentity } from '../../account/client-key.ts';
import type { WayOut } from '../../network/way-out.ts';
import { dialGateway, type ReachedGateway } from '../../sessions/gateway-dial.ts';
import type { Tries } from '../check.ts';
import type { LineTurns } from '../line-turns.ts';

/** A gateway and the way that a session would take to it. */
export interface GatewayLineParts {
  readonly subject: Extract<Subject, { kind: 'gateway' }>;
  readonly host: string;
  readonly ports: readonly number[];
  /** The link port, where sessions may run over it; null where they may not. */
  readonly fallbackPort: number | null;
  readonly waysOut: () => Promise<readonly WayOut[]>;
  readonly pins: readonly string[];
  readonly identity: ClientIdentity;
  readonly turns: LineTurns;
}

/** Dials as a session would: the product's own dial, the proxy ports in their order. Throws as it does. */
export function dialOnLine({ subject, host, ports, fallbackPort, waysOut, pins, identity }: GatewayLineParts, limitMs: number, tries: Tries, signal: AbortSignal): Promise<ReachedGateway> {
  const hop = { gatewayName: subject.name, host, ports: ports.map((port) => [port]), fallbackPort, pins: [...pins] };
  return tries.note('tls', `${host}:${ports.join('/')}`, () => dialGateway(hop, { identity, signal, random: () => 0, limitMs, waysOut }), (reached) => `:${reached.port}`);
}
