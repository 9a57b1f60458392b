import { isSegmentTag } from '../../shared/api/resources.ts';
import type { GatewayState } from '../../shared/api/gateways.ts';
import type { GatewayId, Protocol } from '../../shared/ids.ts';

/** What the choice needs to know of a gateway. */
export interface ChoosableGateway {
  readonly id: GatewayId;
  /** The one segment it stands in; null where it stands in none. */
  readonly segment: string | null;
  readonly state: GatewayState;
  /** What its open proxy ports may carry now; empty where it takes no sessions at all. */
  readonly carries: ReadonlySet<Protocol>;
  /** Taken out after a failed grant, dial or link until its next good status (rule 5). */
  readonly ejected: boolean;
}

export interface ChoiceRequest<G extends ChoosableGateway> {
  readonly gateways: readonly G[];
  /** The resource's tags; those that begin with `gateway-` name segments (rule 6). */
  readonly tags: readonly string[];
  readonly protocol: Protocol;
  /** Gateways that this connection has tried already. */
  readonly tried: ReadonlySet<GatewayId>;
  /** A uniform integer from 0 below `bound`: `crypto.randomInt` in the product. */
  readonly randomInt: (bound: number) => number;
}

export type Choice<G> =
  | { readonly kind: 'chosen'; readonly gateway: G }
  | { readonly kind: 'segment-unknown'; readonly segment: string }
  | { readonly kind: 'none-available'; readonly segment: string };

/** The segments that a resource's tags name, each once. */
export function segmentsOf(tags: readonly string[]): string[] {
  return [...new Set(tags.filter(isSegmentTag))];
}

/**
 * Picks a gateway at random, each with equal chance: among the available ones of the union of the resource's segments (S8,
 * S47, S48), or of all gateways where no tag names a segment (S6, S27). A tag that names no segment refuses the connection
 * and never falls back to all gateways (rule 6). Pure: the randomness is the caller's.
 */
export function chooseGateway<G extends ChoosableGateway>(request: ChoiceRequest<G>): Choice<G> {
  const segments = segmentsOf(request.tags);
  const known = new Set(request.gateways.map((gateway) => gateway.segment));
  const unknown = segments.find((segment) => !known.has(segment));
  if (unknown !== undefined) return { kind: 'segment-unknown', segment: unknown };

  const candidates = request.gateways.filter(
    (gateway) => (segments.length === 0 || (gateway.segment !== null && segments.includes(gateway.segment))) && isUsable(gateway, request.protocol) && !request.tried.has(gateway.id),
  );
  const gateway = pickOne(candidates, request.randomInt);
  return gateway === undefined ? { kind: 'none-available', segment: segments.join(', ') } : { kind: 'chosen', gateway };
}

/** One of the candidates, each with equal chance. An ejection never takes the last one out (rule 5): where only ejected ones are left, they are the choice. */
export function pickOne<G extends ChoosableGateway>(candidates: readonly G[], randomInt: (bound: number) => number): G | undefined {
  const preferred = candidates.filter((gateway) => !gateway.ejected);
  const pool = preferred.length > 0 ? preferred : candidates;
  return pool.length > 0 ? pool[randomInt(pool.length)] : undefined;
}

/** Whether a gateway takes new connections of a protocol: available, or degraded with a port left that carries it. */
export function isUsable(gateway: Pick<ChoosableGateway, 'state' | 'carries'>, protocol: Protocol): boolean {
  return (gateway.state === 'available' || gateway.state === 'degraded') && gateway.carries.has(protocol);
}
