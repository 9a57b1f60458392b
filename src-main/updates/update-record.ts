import { z } from 'zod';
import { updateChannel, type UpdateChannel } from '../../shared/updates/update-manifest.ts';
import type { Log } from '../logging/log.ts';
import type { JsonFile } from '../stored-files/json-file.ts';
import type { SeenManifest } from './judge-update.ts';

const seenManifest = z.object({ issuedAt: z.iso.datetime(), digest: z.string().max(100), expiresAt: z.iso.datetime().optional() });
const stored = z.object({ installation: z.uuid(), seen: z.partialRecord(updateChannel, seenManifest) });

/** What this computer remembers of updates from one start to the next: its own random word for the roll-out, and the newest manifest of each channel. */
export class UpdateRecord {
  readonly #file: Pick<JsonFile, 'write'>;
  readonly #log: Log;
  #kept: z.infer<typeof stored>;

  constructor(file: Pick<JsonFile, 'write'>, log: Log, newId: () => string) {
    this.#file = file;
    this.#log = log;
    this.#kept = { installation: newId(), seen: {} };
  }

  /** Takes what stood in the file; anything else there means a new beginning. */
  load(value: unknown): void {
    const parsed = stored.safeParse(value);
    if (parsed.success) this.#kept = parsed.data;
    else if (value !== undefined) this.#log.warn('record of updates refused', { code: 'client.settings-unreadable' });
  }

  /** A random word of this computer's own, which tells its place in each roll-out; made once, and never sent to anybody. */
  get installation(): string {
    return this.#kept.installation;
  }

  /** The newest manifest of a channel that was taken. */
  seen(channel: UpdateChannel): SeenManifest | undefined {
    return this.#kept.seen[channel];
  }

  /** Keeps a manifest as the newest. Where the file cannot be written it holds until the app ends, and the log says so. */
  async take(channel: UpdateChannel, seen: SeenManifest): Promise<void> {
    this.#kept = { ...this.#kept, seen: { ...this.#kept.seen, [channel]: seen } };
    await this.#file.write(this.#kept).catch((error: unknown) => this.#log.warn('record of updates not written', {}, error));
  }
}
