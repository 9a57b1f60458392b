import type { Finding } from '../diagnosis-run.ts';
import type { DoctorCheckName, DoctorFacts, DoctorResult } from './doctor-report.ts';

/** What a check saw and what that says; or why it could not look. */
export type DoctorFound = { readonly facts: DoctorFacts; readonly findings: readonly Finding[] } | { readonly notRun: string; readonly facts?: DoctorFacts };

/** One check of a server: its own time limit, and how it looks. What it throws is told as not run, by name: never a secret, never a finding. */
export interface DoctorCheck<Signal> {
  readonly check: DoctorCheckName;
  readonly limitMs: number;
  readonly run: (signal: Signal) => Promise<DoctorFound>;
}

/** A time limit of the program's own runtime: `over` resolves when it is, and the signal then says so; `end` ends it before. */
export interface Limit<Signal> {
  readonly signal: Signal;
  readonly over: Promise<void>;
  end(): void;
}

export interface DoctorTimes<Signal> {
  readonly monotonicMs: () => number;
  readonly limit: (milliseconds: number) => Limit<Signal>;
}

/** Runs the checks side by side, each to its end or its limit; in the order given. Never rejects. */
export function runDoctorChecks<Signal>(checks: readonly DoctorCheck<Signal>[], times: DoctorTimes<Signal>): Promise<DoctorResult[]> {
  return Promise.all(checks.map((check) => runOne(check, times)));
}

async function runOne<Signal>({ check, limitMs, run }: DoctorCheck<Signal>, { monotonicMs, limit }: DoctorTimes<Signal>): Promise<DoctorResult> {
  const begun = monotonicMs();
  const { signal, over, end } = limit(limitMs);
  const found = await Promise.race([run(signal).catch((error: unknown): DoctorFound => ({ notRun: reasonOf(error) })), over.then((): DoctorFound => ({ notRun: 'time limit' }))]);
  end();
  const milliseconds = Math.round(monotonicMs() - begun);
  if ('notRun' in found) return { check, state: 'not-run', reason: found.notRun.slice(0, 300), facts: { ...found.facts }, milliseconds, findings: [] };
  return { check, state: found.findings.length === 0 ? 'good' : 'bad', reason: '', facts: { ...found.facts }, milliseconds, findings: [...found.findings] };
}

/** The system's own word for it, else the kind of error: messages may quote what they read. */
function reasonOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return error instanceof Error ? error.name : 'failed';
}
