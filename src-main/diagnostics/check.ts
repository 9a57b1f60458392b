import type { Attempt, CheckFacts, CheckName, CheckOutcome, CheckResult, DiagnosedLeg, NotRunReason, Subject } from '../../shared/diagnostics/check-result.ts';

/** What a check found, or why it could not look. */
export type Found = { readonly verdict: 'good' | 'attention' | 'bad'; readonly facts: CheckFacts } | { readonly notRun: NotRunReason; readonly detail?: string };

/** Notes what a check tries, as it tries it. */
export interface Tries {
  /** Runs one try and notes when, where, how long and with what outcome; `worded` says the outcome of a success, `ok` where nothing is said. */
  note<T>(action: Attempt['action'], to: string, work: () => Promise<T>, worded?: (value: T) => string): Promise<T>;
}

/** One check: what it looks at, its own time limit, and how it looks. */
export interface Check {
  readonly id: string;
  readonly check: CheckName;
  readonly subject: Subject;
  readonly leg: DiagnosedLeg;
  readonly limitMs: number;
  /** Stops, and leaves nothing open, when the signal says so. What it throws is a defect of the check and ends as not run. */
  readonly run: (signal: AbortSignal, tries: Tries) => Promise<Found>;
}

export interface Clocks {
  readonly clock: () => number;
  readonly monotonic: () => number;
}

const MAX_ATTEMPTS = 40;
const MAX_WORD = 300;

/** Runs one check to its end or its time limit; never rejects. */
export async function runCheck(check: Check, { clock, monotonic }: Clocks, signal: AbortSignal): Promise<CheckResult> {
  const tried: Attempt[] = [];
  const begun = monotonic();
  const startedAt = new Date(clock()).toISOString();
  const tries: Tries = {
    note: async (action, to, work, worded = () => 'ok') => {
      const at = new Date(clock()).toISOString();
      const from = monotonic();
      const add = (outcome: string): void => {
        if (tried.length < MAX_ATTEMPTS) tried.push({ at, action, to: to.slice(0, MAX_WORD), outcome: outcome.slice(0, MAX_WORD), milliseconds: rounded(monotonic() - from) });
      };
      try {
        const value = await work();
        add(worded(value));
        return value;
      } catch (error) {
        add(outcomeOf(error));
        throw error;
      }
    },
  };
  const own = new AbortController();
  const limit = Promise.withResolvers<Found>();
  // What has come meanwhile counts, where this computer was too busy to look: the network is polled between the two.
  const timer = setTimeout(() => setImmediate(() => {
    limit.resolve({ notRun: 'time-limit' });
    own.abort();
  }), check.limitMs);
  const onAbort = (): void => limit.resolve({ notRun: 'cancelled' });
  signal.addEventListener('abort', onAbort, { once: true });
  const both = AbortSignal.any([signal, own.signal]);
  const found = signal.aborted ? ({ notRun: 'cancelled' } as const) : await Promise.race([check.run(both, tries).catch((error: unknown): Found => ({ notRun: 'earlier-step', detail: outcomeOf(error) })), limit.promise]);
  clearTimeout(timer);
  signal.removeEventListener('abort', onAbort);
  return { id: check.id, check: check.check, subject: check.subject, leg: check.leg, startedAt, milliseconds: rounded(monotonic() - begun), outcome: asOutcome(found), tried: [...tried] };
}

function asOutcome(found: Found): CheckOutcome {
  return 'notRun' in found ? { status: 'not-run', reason: found.notRun, detail: (found.detail ?? '').slice(0, MAX_WORD) } : { status: 'found', verdict: found.verdict, facts: found.facts };
}

/** The word for a failure: the system's own (`ECONNREFUSED`), else our code, else what TLS said. */
export function outcomeOf(error: unknown): string {
  const system = systemCode(error);
  if (system !== undefined) return system;
  return error instanceof Error ? error.message : 'failed';
}

/** The system's code of an error or of what caused it. */
export function systemCode(error: unknown): string | undefined {
  for (let one: unknown = error, depth = 0; one instanceof Error && depth < 4; one = one.cause, depth += 1) {
    if ('code' in one && typeof one.code === 'string' && /^E[A-Z_0-9]+$|^ERR_|^CERT_/.test(one.code)) return one.code;
  }
  return undefined;
}

/** Tenths of a millisecond are enough for people. */
export function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10;
}
