import type { SegmentState } from '../../shared/api/gateways.ts';
import { protocol } from '../../shared/ids.ts';
import { isUsable, type ChoosableGateway } from '../choice/gateway-choice.ts';

/** What a viewer may know (rule 26): the segments of resources that he may use, and whether an untagged one is among them. */
export interface SegmentView {
  readonly segments: ReadonlySet<string>;
  readonly untagged: boolean;
}

type Counted = ChoosableGateway & { readonly row: { readonly confirmedAt: Date | null } };

/** The state of every segment, each with how many gateways would be chosen from; under null that of the pool of all gateways. */
export function statesBySegment(gateways: readonly Counted[]): ReadonlyMap<string | null, SegmentState> {
  const members = new Map<string, Counted[]>();
  for (const gateway of gateways) {
    if (gateway.segment === null) continue;
    const own = members.get(gateway.segment) ?? [];
    own.push(gateway);
    members.set(gateway.segment, own);
  }
  const states = new Map<string | null, SegmentState>([[null, stateOf(null, true, gateways)]]);
  for (const [segment, own] of members) states.set(segment, stateOf(segment, true, own));
  return states;
}

/** The states of the segments of a view, by name, the pool of all gateways first; `'all'` is for those who manage gateways. */
export function segmentStates(states: ReadonlyMap<string | null, SegmentState>, view: SegmentView | 'all'): SegmentState[] {
  const names = view === 'all' ? [...states.keys()].filter((name) => name !== null) : [...view.segments];
  const seen = names.toSorted().map((segment) => states.get(segment) ?? stateOf(segment, false, []));
  const pool = states.get(null);
  return pool !== undefined && (view === 'all' || view.untagged) ? [pool, ...seen] : seen;
}

function stateOf(segment: string | null, known: boolean, members: readonly Counted[]): SegmentState {
  const confirmed = members.flatMap(({ row }) => (row.confirmedAt === null ? [] : [row.confirmedAt.getTime()]));
  return {
    segment,
    known,
    total: members.length,
    available: members.filter((gateway) => protocol.options.some((name) => isUsable(gateway, name))).length,
    confirmedAt: confirmed.length === 0 ? null : new Date(Math.max(...confirmed)).toISOString(),
  };
}
