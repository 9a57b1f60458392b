import type { CheckResult, DiagnosedLeg } from '../../shared/diagnostics/check-result.ts';
import type { CellState } from './result-words.ts';

export type MapLeg = Exclude<DiagnosedLeg, 'client'>;

/** How a leg stands, and the number that says most of it. */
export interface LegState {
  readonly state: Exclude<CellState, 'running'>;
  /** Milliseconds: a connection on L1, the best round trip on L2. */
  readonly latencyMs: number | null;
  /** Seconds since the service last had word of the gateways. */
  readonly ageSeconds: number | null;
}

const worst = ['bad', 'attention', 'good'] as const;
/** Checks that say nothing of whether the leg itself carries. */
const BESIDE: ReadonlySet<string> = new Set(['sign-in']);

/** The state of each leg from the results: the worst of what was found on it. Of several gateways one that works is enough for the leg to need attention rather than be broken. */
export function legStates(results: readonly CheckResult[]): Readonly<Record<MapLeg, LegState>> {
  return { L1: stateOf(results, 'L1'), L2: stateOf(results, 'L2'), L3: stateOf(results, 'L3'), L4: stateOf(results, 'L4') };
}

function stateOf(results: readonly CheckResult[], leg: MapLeg): LegState {
  const own = results.filter((result) => result.leg === leg && !BESIDE.has(result.check));
  const verdicts = new Map<string, Set<string>>();
  for (const { subject, outcome } of own) {
    if (outcome.status !== 'found') continue;
    const key = subject.kind === 'gateway' ? subject.gatewayId : subject.kind;
    verdicts.set(key, (verdicts.get(key) ?? new Set()).add(outcome.verdict));
  }
  const each = [...verdicts.values()].map((found) => worst.find((verdict) => found.has(verdict)) ?? 'good');
  const state = each.length === 0 ? 'not-run' : each.every((one) => one === 'good') ? 'good' : each.every((one) => one === 'bad') ? 'bad' : 'attention';
  const numbers = (pick: (result: CheckResult) => number | null): number | null => {
    const all = own.flatMap((result) => pick(result) ?? []);
    return all.length === 0 ? null : Math.min(...all);
  };
  return {
    state,
    latencyMs: numbers(({ outcome }) => (outcome.status !== 'found' ? null : outcome.facts.check === 'round-trip' ? outcome.facts.bestMs : outcome.facts.check === 'port' && outcome.facts.role === 'service' ? outcome.facts.connectMs : null)),
    ageSeconds: numbers(({ outcome }) => (outcome.status === 'found' && outcome.facts.check === 'sync' ? outcome.facts.ageSeconds : null)),
  };
}
