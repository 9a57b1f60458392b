import type { GatewayHistory, GatewayState } from '../../shared/api/gateways.ts';

/** A stretch of time in one state; `unknown` where nothing is recorded. Places are shares of the whole, from 0 to 1. */
export interface StateSpan {
  readonly state: GatewayState | 'unknown';
  readonly from: number;
  readonly until: number;
}

/** The stretches of a history, in order and without gaps; neighbours in one state (another reason) are one stretch. */
export function stateSpans(history: GatewayHistory): StateSpan[] {
  const begin = Date.parse(history.from);
  const length = Math.max(1, Date.parse(history.until) - begin);
  const place = (at: string): number => Math.min(1, Math.max(0, (Date.parse(at) - begin) / length));
  const points = [{ state: history.before?.state ?? ('unknown' as const), from: 0 }, ...history.changes.map(({ at, state }) => ({ state, from: place(at) }))];
  const spans: StateSpan[] = [];
  for (const [index, { state, from }] of points.entries()) {
    const until = points[index + 1]?.from ?? 1;
    const last = spans.at(-1);
    if (until <= from) continue;
    if (last?.state === state) spans[spans.length - 1] = { ...last, until };
    else spans.push({ state, from, until });
  }
  return spans;
}

/** How large a share of the time each state had, largest first. */
export function stateShares(spans: readonly StateSpan[]): { readonly state: StateSpan['state']; readonly share: number }[] {
  const shares = new Map<StateSpan['state'], number>();
  for (const { state, from, until } of spans) shares.set(state, (shares.get(state) ?? 0) + until - from);
  return [...shares].map(([state, share]) => ({ state, share })).toSorted((a, b) => b.share - a.share);
}
