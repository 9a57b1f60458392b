import type { TunnelDefault } from '../../shared/api/tunnel.ts';
import type { GatewayId, Protocol } from '../../shared/ids.ts';
import { chooseGateway, type ChoosableGateway, type Choice, isUsable, pickOne, segmentsOf } from './gateway-choice.ts';

/** What the choice of a way needs to know of a gateway. */
export interface PathGateway extends ChoosableGateway {
  /** `default`: nothing reaches it but the default gateway (rule 8). */
  readonly reachedThrough: 'direct' | 'default';
}

export interface PathRequest<G extends PathGateway> {
  readonly gateways: readonly G[];
  readonly tags: readonly string[];
  readonly protocol: Protocol;
  /** Gateways that this connection has tried already, on either place. */
  readonly tried: ReadonlySet<GatewayId>;
  /** Whether Tunnel applies to this connection. */
  readonly tunnel: boolean;
  /** The default gateway or segment; null where none is configured. */
  readonly through: TunnelDefault | null;
  readonly randomInt: (bound: number) => number;
}

/** The way of a connection: the gateway that reaches the target, and the one before it where there are two hops. */
export type Path<G> = { readonly kind: 'path'; readonly first: G | null; readonly last: G } | Exclude<Choice<G>, { kind: 'chosen' }> | { readonly kind: 'no-default-gateway' };

/**
 * Chooses the way (rule 8, S22, S31). Without Tunnel: one gateway as `chooseGateway` says, and before it a default gateway
 * only where nothing else reaches it. With Tunnel: an untagged resource is reached by a default gateway itself; a tagged one
 * by a random gateway of its segments, behind a random default gateway, which falls away where the chosen one is itself a
 * default gateway. Where no default gateway is available there is no way, never a direct one (S17). Pure.
 */
export function choosePath<G extends PathGateway>(request: PathRequest<G>): Path<G> {
  const { tunnel, tags } = request;
  if (tunnel && segmentsOf(tags).length === 0) {
    const only = chooseFirstHop(request);
    return only === undefined ? { kind: 'no-default-gateway' } : { kind: 'path', first: null, last: only };
  }
  const choice = chooseGateway(request);
  if (choice.kind !== 'chosen') return choice;
  const last = choice.gateway;
  const alone = last.reachedThrough === 'direct' && (!tunnel || isDefault(last, request.through));
  if (alone) return { kind: 'path', first: null, last };
  const first = chooseFirstHop(request);
  return first === undefined ? { kind: 'no-default-gateway' } : { kind: 'path', first, last };
}

/** One of the available default gateways, each with equal chance; undefined where there is none. */
export function chooseFirstHop<G extends PathGateway>({ gateways, through, protocol, tried, randomInt }: Pick<PathRequest<G>, 'gateways' | 'through' | 'protocol' | 'tried' | 'randomInt'>): G | undefined {
  // A default gateway that is itself reached through the default would be a way without a beginning.
  return pickOne(gateways.filter((gateway) => isDefault(gateway, through) && gateway.reachedThrough === 'direct' && isUsable(gateway, protocol) && !tried.has(gateway.id)), randomInt);
}

/**
 * The default gateway over which the link to a gateway behind it goes, each with equal chance. One that drains carries it as
 * well, for what runs there; where none is known to answer, those that did not are tried: what is known of them may be old.
 * `before` is the one of the last time, which is taken again only where there is no other that answers. Undefined where none is
 * in use.
 */
export function chooseLinkHop<G extends PathGateway>(gateways: readonly G[], through: TunnelDefault | null, before: GatewayId | undefined, randomInt: (bound: number) => number): G | undefined {
  const candidates = gateways.filter((gateway) => isDefault(gateway, through) && gateway.reachedThrough === 'direct' && gateway.state !== 'disabled' && gateway.state !== 'pending');
  const answering = candidates.filter(({ state }) => state !== 'unavailable');
  const isOther = ({ id }: G): boolean => id !== before;
  const pool = [answering.filter(isOther), answering, candidates.filter(isOther), candidates].find(({ length }) => length > 0) ?? [];
  return pickOne(pool, randomInt);
}

/** Whether a gateway is the default gateway, or one of the default segment. */
export function isDefault(gateway: Pick<PathGateway, 'id' | 'segment'>, through: TunnelDefault | null): boolean {
  if (through === null) return false;
  return through.kind === 'gateway' ? gateway.id === through.gatewayId : gateway.segment === through.segment;
}
