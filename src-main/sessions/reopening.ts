import { z } from 'zod';
import { profileId, type ProfileId, protocol, type Protocol, resourceId, type ResourceId } from '../../shared/ids.ts';
import type { SessionId } from '../../shared/ipc/stores.ts';
import type { Log } from '../logging/log.ts';
import type { JsonFile } from '../stored-files/json-file.ts';
import type { OwnedStore } from '../stores/owned-store.ts';
import { type WindowBounds, windowBounds } from '../windows/window-bounds.ts';

/** More windows than that are opened by nobody's wish at once. */
const MOST_SESSIONS = 8;

const opened = z.object({ resourceId, protocol, place: windowBounds.optional() });
const stored = z.object({ profileId, sessions: z.array(opened).max(MOST_SESSIONS) });

interface Opened {
  readonly resourceId: ResourceId;
  readonly protocol: Protocol;
  /** Where its window was. */
  readonly place?: WindowBounds | undefined;
}

export interface ReopeningParts {
  readonly sessions: OwnedStore<'sessions'>;
  readonly file: Pick<JsonFile, 'write'>;
  /** The profile that somebody is signed in to, whose sessions are being opened. */
  readonly profile: () => ProfileId | undefined;
  /** Whether the user is signed in and the resources are there to look in. */
  readonly ready: () => boolean;
  readonly find: (resourceId: ResourceId) => Promise<unknown>;
  /** Asks whether the windows of so many sessions are to be opened again. */
  readonly ask: (count: number) => Promise<boolean>;
  readonly connect: (session: Opened) => Promise<unknown>;
  /** Where the window of a session is. */
  readonly placeOf: (sessionId: SessionId) => WindowBounds | undefined;
  readonly log: Log;
}

/**
 * The session windows that were open when the app was quit, or was killed: after the next sign-in to the same service the user is asked
 * once whether to open them again, each where it was. The sessions themselves are new ones, under the rules that hold by then.
 */
export class Reopening {
  readonly #parts: ReopeningParts;
  #waiting: z.infer<typeof stored> | undefined;
  #frozen = false;
  #written = '';
  #profile: ProfileId | undefined;

  constructor(parts: ReopeningParts) {
    this.#parts = parts;
  }

  /** Takes what the last run has left, and from now on keeps what is open. */
  start(left: unknown): void {
    const { sessions, log } = this.#parts;
    const read = stored.safeParse(left);
    if (read.success && read.data.sessions.length > 0) this.#waiting = read.data;
    else if (left !== undefined && !read.success) log.warn('sessions of the last run not read', { code: 'client.settings-unreadable' });
    sessions.onPatch(() => this.#keep());
  }

  /** From now on sessions end because the app does: what was open stays written, each window where it is now. */
  freeze(): void {
    // Where this run wrote nothing, what the last one left may still wait for its own profile's sign-in.
    if (this.#written !== '') this.#keep();
    this.#frozen = true;
  }

  /** Asks, once the user is signed in where the sessions were; to be called when `ready` may have become true. */
  proceed(): void {
    const waiting = this.#waiting;
    if (waiting === undefined || waiting.profileId !== this.#parts.profile() || !this.#parts.ready()) return;
    this.#waiting = undefined;
    this.#open(waiting.sessions).catch((error: unknown) => this.#parts.log.warn('sessions of the last run not opened', {}, error));
  }

  async #open(sessions: readonly Opened[]): Promise<void> {
    const { ask, connect, find, log } = this.#parts;
    // What the user may no longer see is not asked about.
    const found = await Promise.all(sessions.map((session) => find(session.resourceId).then(() => session, () => undefined)));
    const there = found.filter((session) => session !== undefined);
    if (there.length === 0 || !(await ask(there.length))) return;
    for (const session of there) await connect(session).catch((error: unknown) => log.warn('session of the last run not opened', {}, error));
  }

  #keep(): void {
    const { sessions, profile, placeOf, file, log } = this.#parts;
    // Sessions outlive a sign-out; where they are closed after it they are not wanted again either.
    const whose = profile() ?? this.#profile;
    if (this.#frozen || whose === undefined) return;
    this.#profile = whose;
    const open = Object.values(sessions.state.items)
      .filter(({ phase, watching, foreignClientId }) => phase.status === 'connected' && watching === null && foreignClientId === null)
      .map(({ id, resourceId: of, protocol: spoken }): Opened => ({ resourceId: of, protocol: spoken, place: placeOf(id) }))
      .slice(0, MOST_SESSIONS);
    const value = { profileId: whose, sessions: open };
    const text = JSON.stringify(value);
    if (text === this.#written) return;
    this.#written = text;
    file.write(value).catch((error: unknown) => log.warn('open sessions not written', {}, error));
  }
}
