import type { SegmentState } from '../../shared/api/gateways.ts';
import { protocol } from '../../shared/ids.ts';
import { isUsable, type ChoosableGateway } from '../choice/gateway-choice.ts';

/** What a viewer may know (rule 26): the segments of resources that he may use, and whether an untagged one is among them. */
export interface SegmentView {
  readonly segments: ReadonlySet<string>;
  readonly untagged: boolean;
}

type Counted = ChoosableGateway & { readonly row: { readonly confirmedAt: Date | null } };

/** The states of the segments of a view; `'all'` is for those who manage gateways. Each with how many gateways would be chosen from. */
export function segmentStates(gateways: readonly Counted[], view: SegmentView | 'all'): SegmentState[] {
  const known = new Set(gateways.flatMap(({ segment }) => (segment === null ? [] : [segment])));
  const names = view === 'all' ? known : view.segments;
  const states = [...names].toSorted().map((segment) => stateOf(segment, known.has(segment), gateways.filter((gateway) => gateway.segment === segment)));
  return view === 'all' || view.untagged ? [stateOf(null, true, gateways), ...states] : states;
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
