import { z } from 'zod';
import { checkName, checkResult, diagnosedLeg, subject } from './check-result.ts';
import { connectionReference, protocol } from '../ids.ts';
import { diagnosisRun } from './diagnosis-run.ts';
import { KEPT_RUNS, shownPastRun, sinceWorked } from './run-history.ts';

/** Round trips that the small chart shows: ten minutes of a run every 15 seconds. */
export const KEPT_ROUND_TRIPS = 40;

/** What the panel shows: what runs now, the newest result of each check, and what the last run says. */
export const diagnosticsState = z.object({
  running: z.boolean(),
  /** What the window is about: the connection that failed, or a resource; null for the way as a whole. */
  about: z.object({ profileName: z.string(), profileColour: z.string(), resourceName: z.string(), protocol, reference: connectionReference.nullable() }).nullable(),
  /** Runs again every 15 seconds. */
  watching: z.boolean(),
  /** Checks that have begun and not ended. */
  pending: z.array(z.object({ id: z.string(), check: checkName, subject, leg: diagnosedLeg })).max(1000),
  /** Checks that this run has begun. */
  begun: z.number().int(),
  results: z.record(z.string(), checkResult),
  /** The last run that came to its end; its results are those above where nothing has begun since. */
  run: diagnosisRun.nullable(),
  /** Best round trips of each gateway in milliseconds, oldest first; null where there was none. */
  roundTrips: z.record(z.string(), z.array(z.number().nullable()).max(KEPT_ROUND_TRIPS)),
  /** The last runs for this service, newest first. */
  history: z.array(shownPastRun).max(KEPT_RUNS),
  /** What the last run says otherwise than when it last worked; null where nothing is wrong, or it is not known to have worked. */
  since: sinceWorked.nullable(),
});
export type DiagnosticsState = z.infer<typeof diagnosticsState>;

export const NO_DIAGNOSTICS: DiagnosticsState = { running: false, about: null, watching: false, pending: [], begun: 0, results: {}, run: null, roundTrips: {}, history: [], since: null };
