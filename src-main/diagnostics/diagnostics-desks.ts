import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { Protocol, ResourceId } from '../../shared/ids.ts';
import { NO_DIAGNOSTICS } from '../../shared/diagnostics/diagnostics-state.ts';
import type { Profile, Session, SessionId, StorePatch } from '../../shared/ipc/stores.ts';
import { OwnedStore } from '../stores/owned-store.ts';
import type { CallerWindow, DiagnosisId } from '../windows/window-registry.ts';
import { lastConnectionOf } from './checks/last-sign-on.ts';
import { type DeskSubject, DiagnosticsDesk, type DiagnosticsDeskParts } from './diagnostics-desk.ts';

export interface DiagnosticsDesksParts extends Omit<DiagnosticsDeskParts, 'store' | 'profile' | 'subject'> {
  /** What the main window's page shows. */
  readonly store: OwnedStore<'diagnostics'>;
  /** The service that is selected; undefined where there is none yet. */
  readonly selected: () => Profile | undefined;
  readonly session: (id: SessionId) => Session | undefined;
  /** The profile that a session was opened in; undefined where it is gone. */
  readonly profileOfSession: (id: SessionId) => Profile | undefined;
  /** The name of a resource. Rejects with `resource.unknown`. */
  readonly resourceName: (id: ResourceId) => Promise<string>;
  readonly windows: {
    /** Opens the window, or brings it forward. */
    readonly show: (id: DiagnosisId) => void;
    readonly close: (id: DiagnosisId) => void;
    readonly sendPatch: (id: DiagnosisId, patch: StorePatch) => void;
  };
}

interface OwnDesk {
  readonly desk: DiagnosticsDesk;
  readonly store: OwnedStore<'diagnostics'>;
}

/** The main window's diagnosis of the whole way, and one for each diagnosis window; each window sees and steers its own alone. */
export class DiagnosticsDesks {
  readonly #parts: DiagnosticsDesksParts;
  readonly #main: OwnDesk;
  readonly #own = new Map<DiagnosisId, OwnDesk>();

  constructor(parts: DiagnosticsDesksParts) {
    this.#parts = parts;
    const { store, selected } = parts;
    this.#main = { store, desk: new DiagnosticsDesk({ ...parts, store, profile: selected, subject: undefined }) };
  }

  /** The diagnosis that a window shows. Throws `access.denied` for one that shows none. */
  deskOf(caller: CallerWindow): DiagnosticsDesk {
    return this.#of(caller).desk;
  }

  /** The state behind it. Throws `access.denied` for a window that shows none. */
  storeOf(caller: CallerWindow): OwnedStore<'diagnostics'> {
    return this.#of(caller).store;
  }

  /** Checks the way of a session that failed or ended, in its own window; asked again, the window comes forward and checks anew. Throws `request.not-found`. */
  openForSession(id: SessionId): void {
    const session = this.#parts.session(id);
    const profile = this.#parts.profileOfSession(id);
    if (session === undefined || profile === undefined) throw new MavisError('request.not-found');
    const { resourceId, resourceName, protocol, reference, profileName, profileColour } = session;
    this.#show(`session ${id}`, profile, { resource: { id: resourceId, name: resourceName, protocol }, lastConnection: () => lastConnectionOf(this.#parts.session(id)?.phase), about: { profileName, profileColour, resourceName, protocol, reference } });
  }

  /** Checks the way to a resource in its own window. Throws `sign-in.required`, rejects with `resource.unknown`. */
  async openForResource(resourceId: ResourceId, protocol: Protocol): Promise<void> {
    const resourceName = await this.#parts.resourceName(resourceId);
    const profile = this.#parts.selected();
    if (profile === undefined) throw new MavisError('sign-in.required');
    this.#show(`resource ${resourceId} ${protocol}`, profile, { resource: { id: resourceId, name: resourceName, protocol }, about: { profileName: profile.name, profileColour: profile.colour, resourceName, protocol, reference: null } });
  }

  windowClosed(id: DiagnosisId): void {
    this.#own.get(id)?.desk.stop();
    this.#own.delete(id);
  }

  /** Another service, or nobody's sign-in any more: what was found for the one before is shown to nobody, and its windows close. */
  forget(): void {
    this.#main.desk.forget();
    for (const id of this.#own.keys()) this.#parts.windows.close(id);
  }

  stop(): void {
    this.#main.desk.stop();
    for (const { desk } of this.#own.values()) desk.stop();
  }

  /** What a window of another role asks for is nothing of its own. */
  #of({ role, diagnosisId }: CallerWindow): OwnDesk {
    const own = role === 'main' ? this.#main : diagnosisId === null ? undefined : this.#own.get(diagnosisId);
    if (own === undefined) throw new MavisError('access.denied');
    return own;
  }

  #show(id: DiagnosisId, profile: Profile, subject: DeskSubject): void {
    const { windows } = this.#parts;
    const known = this.#own.get(id);
    if (known !== undefined) {
      // A connection that was tried again has another reference.
      known.store.update((draft) => {
        draft.about = subject.about;
      });
      windows.show(id);
      known.desk.run();
      return;
    }
    const store = new OwnedStore('diagnostics', { ...NO_DIAGNOSTICS, about: subject.about });
    store.onPatch((patch) => windows.sendPatch(id, patch));
    const desk = new DiagnosticsDesk({ ...this.#parts, store, profile: () => profile, subject });
    this.#own.set(id, { desk, store });
    windows.show(id);
    desk.run();
  }
}
