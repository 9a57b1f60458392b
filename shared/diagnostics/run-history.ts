import { z } from 'zod';
import { instant, protocol } from '../ids.ts';
import { checkName, type CheckResult, diagnosedLeg, subject } from './check-result.ts';
import { type DiagnosisRun, finding } from './diagnosis-run.ts';

/** Runs that are kept for a service: a day of faults that come and go. What looks the same as the run before is the same entry, so that repeating every 15 seconds does not push the others out. */
export const KEPT_RUNS = 20;
/** Results of a run that are kept; the same bound as of a run. */
const MAX_RESULTS = 1000;

const pastState = z.enum(['good', 'attention', 'bad', 'not-run']);
/** One check as it came out: its state, and in few words what it saw (`seen`), so that two runs can be compared. */
export const pastResult = z.object({ id: z.string().max(200), check: checkName, subject, leg: diagnosedLeg, state: pastState, seen: z.string().max(300) });
export type PastResult = z.infer<typeof pastResult>;

/** A run as it is kept: from the first time that it came out so to the last. */
export const pastRun = z.object({
  firstAt: instant,
  lastAt: instant,
  resource: z.object({ name: z.string().max(200), protocol }).nullable(),
  findings: z.array(finding).max(100),
  results: z.array(pastResult).max(MAX_RESULTS),
});
export type PastRun = z.infer<typeof pastRun>;

const side = z.object({ state: pastState, seen: z.string().max(300) });
/** What one check says otherwise than when all was well; null where it was not looked at then, or is not now. */
export const change = z.object({ id: z.string().max(200), check: checkName, subject, before: side.nullable(), now: side.nullable() });
export type Change = z.infer<typeof change>;

/** What changed since it last worked: when that was, and what differs. */
export const sinceWorked = z.object({ at: instant, changes: z.array(change).max(2 * MAX_RESULTS) });
export type SinceWorked = z.infer<typeof sinceWorked>;

/** A run as the list of the last ones shows it, without its results. */
export const shownPastRun = pastRun.omit({ results: true });
export type ShownPastRun = z.infer<typeof shownPastRun>;

/** A run in the form in which it is kept. */
export function asPastRun({ startedAt, resource, findings, results }: DiagnosisRun): PastRun {
  return { firstAt: startedAt, lastAt: startedAt, resource, findings, results: results.map(asPastResult).toSorted((a, b) => (a.id < b.id ? -1 : 1)) };
}

/** The kept runs with a new one, newest last. The last one in which all was well stays, however old it is. */
export function withRun(kept: readonly PastRun[], run: PastRun): PastRun[] {
  const last = kept.at(-1);
  if (last !== undefined && looksOf(last) === looksOf(run)) return [...kept.slice(0, -1), { ...last, lastAt: run.lastAt }];
  const all = [...kept, run];
  const worked = all.findLastIndex(({ findings }) => findings.length === 0);
  const first = Math.max(0, all.length - KEPT_RUNS);
  return worked < 0 || worked >= first ? all.slice(first) : [...all.slice(worked, worked + 1), ...all.slice(first + 1)];
}

/** Whether two runs looked at the way to the same resource, or both at the way as a whole. */
export function isSameResource(one: PastRun['resource'], other: PastRun['resource']): boolean {
  return one?.name === other?.name && one?.protocol === other?.protocol;
}

/** What is otherwise now than in the last run without a cause for the same resource, else of the way as a whole; null where none is kept, or the run itself is one. */
export function changedSinceWorked(kept: readonly PastRun[], run: PastRun): SinceWorked | null {
  if (run.findings.length === 0) return null;
  const well = kept.filter(({ findings }) => findings.length === 0);
  const worked = well.findLast(({ resource }) => isSameResource(resource, run.resource)) ?? well.findLast(({ resource }) => resource === null);
  if (worked === undefined) return null;
  const [before, now] = [byId(worked), byId(run)];
  const changes = [...new Set([...before.keys(), ...now.keys()])].flatMap((id): Change[] => {
    const [was, is] = [before.get(id), now.get(id)];
    const one = is ?? was;
    if (one === undefined || (was?.state === is?.state && was?.seen === is?.seen)) return [];
    return [{ id, check: one.check, subject: one.subject, before: sideOf(was), now: sideOf(is) }];
  });
  // What went wrong before what is merely otherwise.
  const weight = ({ now: is }: Change): number => (is?.state === 'bad' ? 0 : is?.state === 'attention' ? 1 : 2);
  return { at: worked.lastAt, changes: changes.toSorted((a, b) => weight(a) - weight(b)) };
}

function byId({ results }: PastRun): Map<string, PastResult> {
  return new Map(results.map((result) => [result.id, result]));
}

function sideOf(result: PastResult | undefined): Change['now'] {
  return result === undefined ? null : { state: result.state, seen: result.seen };
}

function looksOf({ resource, findings, results }: PastRun): string {
  return JSON.stringify([resource, findings.map(({ code, args }) => [code, args['gateway'] ?? null]), results.map(({ id, state, seen }) => [id, state, seen])]);
}

function asPastResult({ id, check, subject: of, leg, outcome }: CheckResult): PastResult {
  if (outcome.status === 'not-run') return { id, check, subject: of, leg, state: 'not-run', seen: outcome.reason };
  return { id, check, subject: of, leg, state: outcome.verdict, seen: seenIn(outcome.facts).slice(0, 300) };
}

type Facts = Extract<CheckResult['outcome'], { status: 'found' }>['facts'];

/** What of a check's facts says that something is otherwise: never a number that is another each time. */
function seenIn(facts: Facts): string {
  switch (facts.check) {
    case 'network':
      return facts.online ? `IPv4${facts.ipv6 ? ' IPv6' : ''}` : '';
    case 'portal':
      return facts.leadsTo ?? '';
    case 'proxy':
      return [facts.ways.join(', '), facts.code ?? ''].filter((word) => word !== '').join(' · ');
    case 'name':
      return [...facts.ipv4.addresses, ...facts.ipv6.addresses].toSorted().join(', ');
    case 'port':
      return [facts.tcp, ...(facts.tls === null ? [] : facts.tls.outcome === 'done' ? [facts.tls.trust, facts.tls.fingerprint ?? ''] : [facts.tls.outcome])].join(' · ');
    case 'ping':
      return facts.ports.filter(({ open }) => !open).map(({ port }) => String(port)).join(', ');
    case 'api':
      return facts.code ?? facts.version ?? '';
    case 'events':
      return facts.outcome;
    case 'sign-in':
      return facts.code ?? facts.status;
    case 'sync':
      return [facts.state, facts.code ?? ''].filter((word) => word !== '').join(' · ');
    case 'choice':
      return facts.preview.code ?? facts.preview.gateways.filter(({ usable }) => usable).map(({ name }) => name).join(', ');
    case 'target':
      return facts.test.stages.find(({ ok }) => !ok)?.code ?? '';
    case 'sign-on':
      return facts.code ?? '';
    case 'disk':
    case 'round-trip':
    case 'throughput':
      return '';
  }
  return facts satisfies never;
}
