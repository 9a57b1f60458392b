import { z } from 'zod';
import type { DiagnosisRun } from '../../shared/diagnostics/diagnosis-run.ts';
import { asPastRun, changedSinceWorked, isSameResource, KEPT_RUNS, type PastRun, pastRun, type ShownPastRun, type SinceWorked, withRun } from '../../shared/diagnostics/run-history.ts';
import type { ProfileId } from '../../shared/ids.ts';
import type { Log } from '../logging/log.ts';
import type { JsonFile } from '../stored-files/json-file.ts';

/** Services of which runs are kept; the one that was looked at longest ago goes first. A run is some 20 KiB. */
const MAX_PROFILES = 10;
const stored = z.object({ profiles: z.record(z.string(), z.array(z.unknown()).max(KEPT_RUNS)) });

/** What the last runs said of each service, newest last, in a file without secrets: so that it can be told what changed since it last worked. */
export class RunHistory {
  readonly #file: Pick<JsonFile, 'write'>;
  readonly #log: Log;
  readonly #profiles = new Map<string, readonly PastRun[]>();

  constructor(file: Pick<JsonFile, 'write'>, log: Log) {
    this.#file = file;
    this.#log = log;
  }

  /** Takes what stood in the file; what is not of the form is left out. */
  load(value: unknown): void {
    const parsed = stored.safeParse(value);
    if (!parsed.success) return;
    for (const [id, runs] of Object.entries(parsed.data.profiles).slice(-MAX_PROFILES)) this.#profiles.set(id, runs.flatMap((run) => pastRun.safeParse(run).data ?? []));
  }

  /** The last runs of the way as a whole and, where one is named, for a resource, newest first, without their results: whoever signs in here next need not learn of what others looked into. */
  shown(profile: ProfileId, resource: PastRun['resource']): ShownPastRun[] {
    return (this.#profiles.get(profile) ?? []).filter((run) => run.resource === null || isSameResource(run.resource, resource)).map(({ results: _results, ...rest }) => rest).toReversed();
  }

  /** What is otherwise in a run than when it last worked; null where that is not known, or nothing is wrong. */
  since(profile: ProfileId, run: DiagnosisRun): SinceWorked | null {
    return changedSinceWorked(this.#profiles.get(profile) ?? [], asPastRun(run));
  }

  /** Keeps a run; a file that cannot be written is no reason to stop. */
  async keep(profile: ProfileId, run: DiagnosisRun): Promise<void> {
    const runs = withRun(this.#profiles.get(profile) ?? [], asPastRun(run));
    this.#profiles.delete(profile);
    this.#profiles.set(profile, runs);
    await this.#file.write({ profiles: Object.fromEntries([...this.#profiles].slice(-MAX_PROFILES)) }).catch((error: unknown) => this.#log.warn('diagnoses not kept', {}, error));
  }
}
