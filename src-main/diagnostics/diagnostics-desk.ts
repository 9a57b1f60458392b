import type { NewDiagnosisReport } from '../../shared/api/diagnostics.ts';
import type { DiagnosticsState } from '../../shared/diagnostics/diagnostics-state.ts';
import { KEPT_ROUND_TRIPS, NO_DIAGNOSTICS } from '../../shared/diagnostics/diagnostics-state.ts';
import type { DiagnosisRun } from '../../shared/diagnostics/diagnosis-run.ts';
import { findFindings } from '../../shared/diagnostics/findings/find-findings.ts';
import { Redaction } from '../../shared/diagnostics/redaction.ts';
import { makeReport, type Report } from '../../shared/diagnostics/report.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { ProfileId } from '../../shared/ids.ts';
import type { Profile } from '../../shared/ipc/stores.ts';
import type { Translator } from '../../shared/languages/translate.ts';
import type { Log } from '../logging/log.ts';
import type { OwnedStore } from '../stores/owned-store.ts';
import type { LastConnection } from './checks/last-sign-on.ts';
import type { DiagnosedResource } from './checks/resource-way.ts';
import type { Diagnosis } from './diagnosis.ts';
import type { RunHistory } from './run-history.ts';

/** As often as the service asks the gateways (S10). */
const WATCH_EVERY_MS = 15_000;

/** What the diagnosis of a window of its own is about: the resource that is checked, and what the window says of it. */
export interface DeskSubject {
  readonly resource: DiagnosedResource;
  /** How the connection went that the window was opened for, as it is known by now. */
  readonly lastConnection?: () => LastConnection | undefined;
  readonly about: DiagnosticsState['about'];
}

export interface DiagnosticsDeskParts {
  readonly store: OwnedStore<'diagnostics'>;
  readonly diagnosis: Pick<Diagnosis, 'run'>;
  readonly history: Pick<RunHistory, 'shown' | 'since' | 'keep'>;
  readonly log: Log;
  readonly translator: () => Translator;
  /** The service whose way is checked; undefined where there is none yet. */
  readonly profile: () => Profile | undefined;
  /** Undefined for the way as a whole. */
  readonly subject: DeskSubject | undefined;
  /** Names of people that no report may hold. */
  readonly names: () => readonly string[];
  readonly recentLog: () => Promise<readonly string[]>;
}

/** The diagnoses that people ask for: one at a time, a new one ends the one before, and all that pages see of it is in the store. */
export class DiagnosticsDesk {
  readonly #parts: DiagnosticsDeskParts;
  #running: AbortController | undefined;
  #again: NodeJS.Timeout | undefined;

  constructor(parts: DiagnosticsDeskParts) {
    this.#parts = parts;
  }

  /** Checks everything. */
  run(): void {
    void this.#begin(undefined);
  }

  /** One check again; what the others found stays. */
  runOne(id: string): void {
    void this.#begin(id);
  }

  /** Runs again every 15 seconds, from now on or no more. */
  watch(on: boolean): void {
    const { store } = this.#parts;
    clearTimeout(this.#again);
    store.update((draft) => {
      draft.watching = on;
    });
    if (on && this.#running === undefined) void this.#begin(undefined);
  }

  /** Another service is another way: what was found of the one before is not shown for it. */
  forget(): void {
    this.stop();
    this.#parts.store.replace(NO_DIAGNOSTICS);
  }

  stop(): void {
    clearTimeout(this.#again);
    this.#running?.abort();
    this.#running = undefined;
  }

  /** The report of what was found last. Throws `request.not-found` before the first run. */
  async report(hideAddresses: boolean): Promise<Report> {
    const { store, translator, names, recentLog } = this.#parts;
    const { run, since } = store.state;
    if (run === null) throw new MavisError('request.not-found');
    const words = translator();
    const times = new Intl.DateTimeFormat(words.language, { dateStyle: 'medium', timeStyle: 'medium' });
    const redaction = new Redaction({ names: names().filter((name) => name !== ''), addresses: addressesOf(run), hideAddresses });
    return makeReport({ run, since, translator: words, redaction, log: await recentLog(), when: (at) => times.format(new Date(at)) });
  }

  /**
   * The same as it is sent to the service of a profile, with the codes of what was found. Throws `request.not-found` before the
   * first run, and `sign-in.required` where it is about another service: what was found out about one is not the other's to read.
   */
  async reportToSend(hideAddresses: boolean, to: ProfileId): Promise<NewDiagnosisReport> {
    if (this.#parts.profile()?.id !== to) throw new MavisError('sign-in.required');
    const findings = this.#parts.store.state.run?.findings.map(({ code }) => code) ?? [];
    const { text, json } = await this.report(hideAddresses);
    return { text, json, findings };
  }

  async #begin(only: string | undefined): Promise<void> {
    const { store, diagnosis, history, log, profile, subject } = this.#parts;
    const looked = profile();
    this.stop();
    const own = new AbortController();
    this.#running = own;
    const seen = new Set<string>();
    const change = (recipe: (draft: DiagnosticsState) => void): void => {
      if (this.#running === own) store.update(recipe);
    };
    change((draft) => {
      Object.assign(draft, { running: true, pending: [], begun: 0 });
    });
    const run = await diagnosis.run({
      profile: looked, resource: subject === undefined ? undefined : { ...subject.resource, lastConnection: subject.lastConnection?.() }, only, signal: own.signal,
      onBegun: (checks) => change((draft) => {
        draft.begun += checks.length;
        draft.pending.push(...checks.map(({ id, check, subject: of, leg }) => ({ id, check, subject: of, leg })));
      }),
      onResult: (result) => {
        seen.add(result.id);
        change((draft) => {
          draft.pending = draft.pending.filter(({ id }) => id !== result.id);
          draft.results[result.id] = result;
          keepRoundTrip(draft, result);
        });
      },
    });
    if (this.#running !== own) return;
    this.#running = undefined;
    store.update((draft) => {
      draft.running = false;
      draft.pending = [];
      if (only === undefined) for (const id of Object.keys(draft.results)) if (!seen.has(id)) delete draft.results[id];
    });
    const before = store.state.run;
    const shown = only === undefined || before === null ? run : { ...before, results: Object.values(store.state.results), findings: findFindings(Object.values(store.state.results)) };
    const since = looked === undefined ? null : history.since(looked.id, shown);
    // One check alone says nothing of the others: only whole runs are kept.
    if (looked !== undefined && only === undefined) void history.keep(looked.id, shown);
    store.update((draft) => {
      Object.assign(draft, { run: shown, since, history: looked === undefined ? [] : history.shown(looked.id, shown.resource) });
    });
    log.info('diagnosis ended', { count: run.findings.length, milliseconds: run.milliseconds ?? 0, code: run.findings[0]?.code });
    if (store.state.watching) this.#again = setTimeout(() => void this.#begin(undefined), WATCH_EVERY_MS).unref();
  }
}

function keepRoundTrip(draft: DiagnosticsState, { check, subject, outcome }: DiagnosisRun['results'][number]): void {
  if (check !== 'round-trip' || subject.kind !== 'gateway') return;
  const milliseconds = outcome.status === 'found' && outcome.facts.check === 'round-trip' ? outcome.facts.bestMs : null;
  draft.roundTrips[subject.gatewayId] = [...(draft.roundTrips[subject.gatewayId] ?? []), milliseconds].slice(-KEPT_ROUND_TRIPS);
}

/** Hosts that a run names. */
function addressesOf({ service, results }: DiagnosisRun): string[] {
  const hosts = results.flatMap(({ outcome }) => (outcome.status === 'found' && (outcome.facts.check === 'name' || outcome.facts.check === 'port') ? [outcome.facts.host] : []));
  const proxies = results.flatMap(({ outcome }) => (outcome.status === 'found' && outcome.facts.check === 'proxy' ? outcome.facts.ways.flatMap((way) => /^\S+ (.+?)(?::\d+)?$/.exec(way)?.[1] ?? []) : []));
  return [...new Set([...hosts, ...proxies, ...(service === null ? [] : [new URL(service).hostname])])];
}
