import type { GatewayStatus } from '../../shared/api/gateways.ts';
import type { PortPreference } from '../../shared/gateway-configuration.ts';
import type { Protocol } from '../../shared/ids.ts';

/**
 * The proxy ports that a client shall try for a protocol: the administrator's order of preference (rule 7, S75) without
 * ports that the gateway reports closed or not carrying it, each list of equals in random order (S74).
 */
export function portOrder(preference: PortPreference, ports: GatewayStatus['ports'], protocol: Protocol, randomInt: (bound: number) => number): number[][] {
  const open = new Set(ports.filter((port) => port.open && port.protocols.includes(protocol)).map(({ port }) => port));
  return preference[protocol].map((equals) => shuffled(equals.filter((port) => open.has(port)), randomInt)).filter((equals) => equals.length > 0);
}

/** A copy in random order, each order with equal chance (Fisher and Yates). */
function shuffled(values: readonly number[], randomInt: (bound: number) => number): number[] {
  const rest = [...values];
  const order: number[] = [];
  while (rest.length > 0) order.push(...rest.splice(randomInt(rest.length), 1));
  return order;
}
