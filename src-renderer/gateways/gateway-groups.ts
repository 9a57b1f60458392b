import type { Gateway, GatewayState } from '../../shared/api/gateways.ts';

export const gatewaySorts = ['name', 'state', 'sync', 'sessions'] as const;
export type GatewaySort = (typeof gatewaySorts)[number];

/** The gateways of one segment; `segment` is null for those without one. */
export interface GatewayGroup {
  readonly segment: string | null;
  readonly gateways: readonly Gateway[];
}

/** How much a state needs somebody: the worst first. */
const concern: Readonly<Record<GatewayState, number>> = { unavailable: 0, degraded: 1, pending: 2, draining: 3, disabled: 4, available: 5 };

const comparisons: Readonly<Record<GatewaySort, (a: Gateway, b: Gateway) => number>> = {
  name: () => 0,
  state: (a, b) => concern[a.status.state] - concern[b.status.state],
  sync: (a, b) => Date.parse(a.status.confirmedAt ?? '1970-01-01') - Date.parse(b.status.confirmedAt ?? '1970-01-01'),
  sessions: (a, b) => (b.status.sessions ?? 0) - (a.status.sessions ?? 0),
};

/**
 * Gateways that match every word of `filter` (in name, segment, address, version, or the state as `stateName` words it),
 * grouped by segment; groups by their name, those without a segment last, and in each the order of `sort`, then by name.
 */
export function gatewayGroups(gateways: readonly Gateway[], filter: string, sort: GatewaySort, stateName: (state: GatewayState) => string): GatewayGroup[] {
  const words = filter.toLowerCase().split(/\s+/).filter((word) => word !== '');
  const matches = (gateway: Gateway): boolean => {
    const text = [gateway.name, gateway.segment ?? '', gateway.addresses.host, gateway.status.version ?? '', gateway.status.state, stateName(gateway.status.state)].join(' ').toLowerCase();
    return words.every((word) => text.includes(word));
  };
  const compare = comparisons[sort];
  const ordered = gateways.filter(matches).toSorted((a, b) => compare(a, b) || a.name.localeCompare(b.name));
  const segments = [...new Set(ordered.map(({ segment }) => segment))].toSorted((a, b) => (a === null ? 1 : b === null ? -1 : a.localeCompare(b)));
  return segments.map((segment) => ({ segment, gateways: ordered.filter((gateway) => gateway.segment === segment) }));
}

/** How many gateways of a group take sessions now. */
export function availableIn(gateways: readonly Gateway[]): number {
  return gateways.filter(({ status: { state } }) => state === 'available' || state === 'degraded').length;
}

/** Names of the segments that there are, without repetition, in order. */
export function segmentNames(gateways: readonly Gateway[]): string[] {
  return [...new Set(gateways.flatMap(({ segment }) => (segment === null ? [] : [segment])))].toSorted((a, b) => a.localeCompare(b));
}
