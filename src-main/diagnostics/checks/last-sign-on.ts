import type { Subject } from '../../../shared/diagnostics/check-result.ts';
import type { ErrorCode } from '../../../shared/errors/catalogue.ts';
import type { ConnectStep, SessionPhase } from '../../../shared/ipc/stores.ts';
import type { Check, Found } from '../check.ts';

/** How the connection that a diagnosis is about ended: `code` and `step` null where it was connected, else why and at which step it failed. */
export interface LastConnection {
  readonly code: string | null;
  readonly step: ConnectStep | null;
  readonly args: Readonly<Record<string, string | number>>;
}

/** What a target says of a sign-on. The desktop protocols may say it late, when the step of the sign-on is over. */
const SIGN_ON_CODES: ReadonlySet<string> = new Set<ErrorCode>(['target.sign-on-refused', 'target.account-locked', 'target.account-disabled', 'target.password-expired', 'target.logon-not-allowed', 'target.security-unsupported']);

/** How a session's connection went; undefined while it is not known. */
export function lastConnectionOf(phase: SessionPhase | undefined): LastConnection | undefined {
  if (phase?.status === 'failed') return { code: phase.error.code, step: phase.step, args: phase.error.args };
  return phase?.status === 'connected' || phase?.status === 'ended' ? { code: null, step: null, args: {} } : undefined;
}

/**
 * The last step of the way to a target. A diagnosis sends no credential (rule 14), and targets lock accounts that try too often: what
 * the connection itself found is told instead, where there was one.
 */
export function lastSignOn(subject: Subject, last: LastConnection | undefined): Check {
  return {
    id: 'sign-on', check: 'sign-on', subject, leg: 'L4', limitMs: 1000,
    run: async (): Promise<Found> => {
      if (last === undefined) return { notRun: 'no-connection', detail: '' };
      const { code, step, args } = last;
      if (code !== null && SIGN_ON_CODES.has(code)) return { verdict: 'bad', facts: { check: 'sign-on', code, args: { ...args } } };
      // What failed after the sign-on did so because the target had taken it.
      if (code === null || step === 'recording' || code === 'target.channel-refused' || code === 'target.no-terminal') return { verdict: 'good', facts: { check: 'sign-on', code: null, args: {} } };
      return { notRun: 'earlier-step', detail: code };
    },
  };
}
