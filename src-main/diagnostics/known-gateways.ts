import { z } from 'zod';
import { type DiagnosedGateway, diagnosedGateway, MAX_DIAGNOSED_GATEWAYS } from '../../shared/api/diagnostics.ts';
import type { ProfileId } from '../../shared/ids.ts';
import type { Log } from '../logging/log.ts';
import type { JsonFile } from '../stored-files/json-file.ts';

/** Profiles of which gateways are kept; as many as there may be profiles. */
const MAX_PROFILES = 100;
const stored = z.object({ profiles: z.record(z.string(), z.array(z.unknown()).max(MAX_DIAGNOSED_GATEWAYS)) });

/** Gateways as the service last told them, for each profile, in a file without secrets: so that they can be checked before the sign-in, and when the service is gone. */
export class KnownGateways {
  readonly #file: Pick<JsonFile, 'write'>;
  readonly #log: Log;
  readonly #profiles = new Map<string, readonly DiagnosedGateway[]>();

  constructor(file: Pick<JsonFile, 'write'>, log: Log) {
    this.#file = file;
    this.#log = log;
  }

  /** Takes what stood in the file; what is not of the form is left out. */
  load(value: unknown): void {
    const parsed = stored.safeParse(value);
    if (!parsed.success) return;
    for (const [id, items] of Object.entries(parsed.data.profiles).slice(0, MAX_PROFILES)) {
      this.#profiles.set(id, items.flatMap((item) => diagnosedGateway.safeParse(item).data ?? []));
    }
  }

  recall(profile: ProfileId): readonly DiagnosedGateway[] {
    return this.#profiles.get(profile) ?? [];
  }

  /** Keeps what the service told; a file that cannot be written is no reason to stop. */
  async remember(profile: ProfileId, gateways: readonly DiagnosedGateway[]): Promise<void> {
    this.#profiles.delete(profile);
    this.#profiles.set(profile, gateways);
    const kept = Object.fromEntries([...this.#profiles].slice(-MAX_PROFILES));
    await this.#file.write({ profiles: kept }).catch((error: unknown) => this.#log.warn('known Gateways not written', {}, error));
  }
}
