import type { Subject } from '../../../shared/diagnostics/check-result.ts';
import type { ErrorCode } from '../../../shared/errors/catalogue.ts';
import type { SessionPhase } from '../../../shared/ipc/stores.ts';
import type { Check, Found } from '../check.ts';

/** How the connection that a diagnosis is about ended: `code` null where it was connected. */
export interface LastConnection {
  readonly code: string | null;
  readonly args: Readonly<Record<string, string | number>>;
}

/** What a target, or the lack of a credential, says of a sign-on; other failures come before one. */
const SIGN_ON_CODES: ReadonlySet<string> = new Set<ErrorCode>(['target.sign-on-refused', 'target.account-locked', 'target.account-disabled', 'target.password-expired', 'target.logon-not-allowed', 'target.security-unsupported']);

/** How a session's connection went; undefined while it is not known. */
export function lastConnectionOf(phase: SessionPhase | undefined): LastConnection | undefined {
  if (phase?.status === 'failed') return { code: phase.error.code, args: phase.error.args };
  return phase?.status === 'connected' || phase?.status === 'ended' ? { code: null, args: {} } : undefined;
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
      const { code, args } = last;
      if (code !== null && !SIGN_ON_CODES.has(code)) return { notRun: 'earlier-step', detail: code };
      return { verdict: code === null ? 'good' : 'bad', facts: { check: 'sign-on', code, args: { ...args } } };
    },
  };
}
