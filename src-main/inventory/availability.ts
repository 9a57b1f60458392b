import type { SegmentState, TunnelWay } from '../../shared/api/gateways.ts';
import type { ResourceRow } from '../../shared/ipc/contract.ts';

/**
 * Whether a gateway would be found for a resource, by what is known of the segments: the union of its tags' gateways, any
 * gateway for an untagged one; a tag that names no segment refuses the connection (rule 6). Where Tunnel applies, an untagged
 * resource is reached by a default gateway, and without one nothing is (rule 8, S22).
 */
export function availabilityOf(segments: readonly string[], states: ReadonlyMap<string | null, SegmentState>, tunnel: TunnelWay): ResourceRow['availability'] {
  if (tunnel.applies && !tunnel.available) return 'no-default-gateway';
  if (tunnel.applies && segments.length === 0) return 'available';
  const wanted: readonly (string | null)[] = segments.length === 0 ? [null] : segments;
  if (states.size === 0) return 'unknown';
  const known = wanted.map((segment) => states.get(segment));
  // The service tells of every segment that it has: a tag that is not among them names none.
  if (known.some((state) => !state?.known)) return 'none-available';
  return known.some((state) => state && state.available > 0) ? 'available' : 'none-available';
}

/** As long as nothing is known of Tunnel. */
export const noTunnel: TunnelWay = { applies: false, available: false };

/** Segment states by name; the pool of all gateways under null. */
export function bySegment(states: readonly SegmentState[]): ReadonlyMap<string | null, SegmentState> {
  return new Map(states.map((state) => [state.segment, state]));
}
