import { lstat, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { connectionsRoutes, watchable } from '../../shared/api/connections.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { ConnectionId, ConnectionReference, ProfileId, Protocol, ResourceId } from '../../shared/ids.ts';
import type { LocalPlace } from '../../shared/ipc/files-port.ts';
import { type ForeignClientId, type Profile, type Session, type SessionId, sessionId as sessionIdSchema } from '../../shared/ipc/stores.ts';
import type { SignedIn } from '../account/account.ts';
import type { ClientIdentity } from '../account/client-key.ts';
import type { ServiceNetwork } from '../service-client/service-client.ts';
import { localError } from '../files/local-errors.ts';
import { pathsOutside } from '../files/dropped-paths.ts';
import type { DroppedFiles } from '../files/files-desk.ts';
import { LocalPlaces } from '../files/local-places.ts';
import type { EditedFolders } from '../files/edited-folders.ts';
import type { HeldJournals, JournalFolders, JournalOwner } from '../files/journal-folders.ts';
import type { Inventory } from '../inventory/inventory.ts';
import type { Log } from '../logging/log.ts';
import { knownErrorCode } from '../../shared/errors/catalogue.ts';
import type { ForeignSession } from '../foreign-clients/foreign-sessions.ts';
import { type KeptPort, PortStream } from '../foreign-clients/port-stream.ts';
import type { OwnedStore } from '../stores/owned-store.ts';
import { isTypeable } from './shell-folder.ts';
import { type AttemptParts, SessionAttempt } from './session-attempt.ts';
import type { SessionProcesses } from './session-process-handle.ts';

/** Each session is a process and a window: more than that and the machine is the limit. */
const MAX_SESSIONS = 64;
/** A terminal before any page has said its size. */
const FIRST_TERMINAL = { columns: 80, rows: 24 } as const;
/** Time for all sessions to say goodbye when the app quits. */
const STOP_LIMIT_MS = 4000;

export interface SessionWindows<Port> {
  open(sessionId: SessionId, protocol: Protocol): void;
  show(sessionId: SessionId): void;
  toggleFullScreen(sessionId: SessionId): void;
  /** Begins the system's drag of files that lie there, under the pointer of the window's user. */
  startDrag(sessionId: SessionId, paths: readonly string[]): void;
  /** Hands the page its end of a port. */
  givePort(sessionId: SessionId, port: Port): void;
}

export interface SessionsParts<Port> {
  readonly store: OwnedStore<'sessions'>;
  /** Throws `sign-in.required`. */
  readonly signedIn: () => SignedIn;
  /** Whether the user's role may end sessions of others. */
  readonly mayEndOthers: () => boolean;
  readonly inventory: Pick<Inventory, 'find' | 'noteUse'>;
  readonly identity: ClientIdentity;
  readonly processes: Pick<SessionProcesses<Port>, 'take'>;
  readonly windows: SessionWindows<Port>;
  /** The two ends of a new channel. */
  readonly createChannel: () => { readonly process: Port; readonly page: Port };
  /** A port that main keeps for itself. */
  readonly keptPort: (port: Port) => KeptPort;
  /** How the network is left in a profile. */
  readonly networkOf: (profile: Profile) => ServiceNetwork;
  readonly environment: () => Readonly<Record<string, string>>;
  readonly forwarding: AttemptParts<Port>['forwarding'];
  /** The folder of this computer that the window of an SFTP session may see at first: the user's home. */
  readonly homeFolder: string;
  readonly openFile: AttemptParts<Port>['openFile'];
  /** Moves a file or folder to the system's trash; rejects with the system's error. */
  readonly trash: (path: string) => Promise<void>;
  /** Asks the user whether files from there, which he has not granted to the window, may be uploaded. */
  readonly askUpload: (paths: readonly string[]) => Promise<boolean>;
  /** Where SFTP sessions keep their unfinished transfers. */
  readonly journals: Pick<JournalFolders, 'hold'>;
  /** Where SFTP sessions put what is to be dragged out of their windows: in folders of their own, which go with them. */
  readonly dragOutFolder: string;
  /** Where SFTP sessions put copies of files that are edited. */
  readonly editedFolders: Pick<EditedFolders, 'hold' | 'release'>;
  readonly newId: () => string;
  readonly clock: () => number;
  readonly monotonic: () => number;
  readonly log: Log;
}

/** What else a session begins with. */
interface Beginning<Port> {
  /** The folder of the target to which its shell goes first. */
  readonly startFolder?: string | undefined;
  readonly onAccepted?: AttemptParts<Port>['onAccepted'];
}

/** What a program of the user's own is let to of a session. */
export interface ForeignSessionAsked {
  readonly foreignClientId: ForeignClientId;
  readonly resourceId: ResourceId;
  readonly resourceName: string;
  readonly protocol: Protocol;
}

/** The sessions of this launch. They belong to main and to their processes: no page, no sign-in and no other window ends one. */
export class Sessions<Port> {
  readonly #parts: SessionsParts<Port>;
  readonly #attempts = new Map<SessionId, SessionAttempt<Port>>();
  /** The profile that a session was opened in: it connects again in no other. */
  readonly #profiles = new Map<SessionId, ProfileId>();
  /** Of SFTP sessions: the folder of this computer that the user granted. */
  readonly #localFolders = new Map<SessionId, string>();
  /** Of SFTP sessions: where their transfers are kept. */
  readonly #journals = new Map<SessionId, Promise<HeldJournals>>();
  readonly #running = new Set<Promise<void>>();
  /** Transfers that go on with sessions, until what they leave is cleaned up. */
  readonly #keeping = new Set<Promise<void>>();
  #terminal: { readonly columns: number; readonly rows: number } = FIRST_TERMINAL;

  constructor(parts: SessionsParts<Port>) {
    this.#parts = parts;
  }

  /** Opens a window and begins to connect; how it goes stands in the store. Throws `resource.unknown`, `resource.protocol-unknown`, `sign-in.required`. */
  async connect({ resourceId, protocol, startFolder }: { resourceId: ResourceId; protocol: Protocol; startFolder?: string }): Promise<SessionId> {
    const { inventory, log } = this.#parts;
    this.#parts.signedIn();
    const resource = await inventory.find(resourceId);
    if (!resource.protocols.includes(protocol)) throw new MavisError('resource.protocol-unknown', { protocol });
    const id = this.#open({ resourceId, resourceName: resource.name, protocol, watching: null, foreignClientId: null }, startFolder);
    inventory.noteUse(resourceId).catch((error: unknown) => log.warn('use not noted', { resourceId }, error));
    return id;
  }

  /** Opens a window on a session of somebody else's (S58). Throws `request.not-found`, `session.not-watchable`, `sign-in.required`. */
  async watch({ connectionId, reference }: { connectionId: ConnectionId; reference: ConnectionReference }): Promise<SessionId> {
    const { client } = this.#parts.signedIn();
    const { items } = await client.call(connectionsRoutes.connectionList, { params: {}, query: { limit: 1, reference }, body: {} });
    const watched = items.find(({ id }) => id === connectionId);
    if (watched === undefined) throw new MavisError('request.not-found');
    const { resourceId, resourceName, protocol, userName } = watched;
    if (!watchable(protocol)) throw new MavisError('session.not-watchable', { protocol });
    return this.#open({ resourceId, resourceName, protocol, watching: { connectionId, userName, mayEnd: this.#parts.mayEndOthers() }, foreignClientId: null });
  }

  /** Ends the session that a window watches, for a reason that the audit log keeps. Throws `request.not-found` for one that watches none. */
  async endWatched(id: SessionId, reason: string): Promise<void> {
    const { watching } = this.#require(id);
    if (watching === null) throw new MavisError('request.not-found');
    await this.#parts.signedIn().client.call(connectionsRoutes.connectionTerminate, { params: { connectionId: watching.connectionId }, query: {}, body: { reason } });
  }

  /** Opens a session without a window for a program of the user's own; it goes from the store when it is over. Rejects with why there is none, with its reference; throws `sign-in.required`, `request.conflict`. */
  async openForeign(asked: ForeignSessionAsked): Promise<ForeignSession> {
    const { createChannel, keptPort } = this.#parts;
    const { promise, resolve } = Promise.withResolvers<{ readonly sshHostKey: string | null }>();
    const id = this.#add({ ...asked, watching: null });
    const attempt = this.#begin(id, { ...asked, watching: null, foreignClientId: asked.foreignClientId }, { onAccepted: resolve });
    const { process, page } = createChannel();
    attempt.givePort(process);
    const stream = new PortStream(keptPort(page));
    stream.on('error', () => undefined);
    const ended = attempt.over.then(() => {
      const error = endOf(this.#parts.store.state.items[id]);
      this.#forget(id);
      return error;
    });
    const accepted = await Promise.race([promise, ended]);
    if (accepted instanceof MavisError) {
      stream.destroy();
      throw accepted;
    }
    const session = this.#require(id);
    return { stream, hostKey: accepted.sshHostKey, gateway: session.gatewayName ?? '', policy: session.policy, ended, end: () => attempt.end() };
  }

  /** Puts a session into the store, begins to reach it and opens its window. */
  #open(asked: Pick<Session, 'resourceId' | 'resourceName' | 'protocol' | 'watching' | 'foreignClientId'>, startFolder?: string): SessionId {
    const id = this.#add(asked);
    this.#begin(id, asked, { startFolder });
    this.#parts.windows.open(id, asked.protocol);
    return id;
  }

  #add({ resourceId, resourceName, protocol, watching, foreignClientId }: Pick<Session, 'resourceId' | 'resourceName' | 'protocol' | 'watching' | 'foreignClientId'>): SessionId {
    const { store, newId } = this.#parts;
    const { profile, userName } = this.#parts.signedIn();
    if (Object.keys(store.state.items).length >= MAX_SESSIONS) throw new MavisError('request.conflict', { what: 'sessions' });
    const id = sessionIdSchema.parse(newId());
    store.update((draft) => {
      draft.items[id] = {
        id, profileName: profile.name, profileColour: profile.colour, resourceId, resourceName, protocol, userName,
        reference: null, gatewayName: null, segment: null, firstGatewayName: null, tunnel: false, way: null, stepsMs: {}, tried: [], policy: null, allowedProtocols: [], targetEncrypted: null, targetCertificate: null,
        phase: { status: 'connecting', step: 'access', detail: null, prompt: null }, attempt: 1,
        forwarding: { agent: { status: 'off' }, x11: { status: 'off' } },
        watching, foreignClientId, watchedBy: null,
      };
    });
    this.#profiles.set(id, profile.id);
    return id;
  }

  /** Connects again in the same window; only what has ended or failed can. */
  retry(id: SessionId): void {
    const session = this.#require(id);
    if (session.phase.status === 'connecting' || session.phase.status === 'connected') throw new MavisError('request.conflict', { what: 'session' });
    if (this.#parts.signedIn().profile.id !== this.#profiles.get(id)) throw new MavisError('sign-in.required');
    this.#parts.store.update((draft) => {
      const item = draft.items[id];
      if (item) Object.assign(item, { reference: null, gatewayName: null, segment: null, firstGatewayName: null, tunnel: false, way: null, stepsMs: {}, tried: [], allowedProtocols: [], targetEncrypted: null, targetCertificate: null, phase: { status: 'connecting', step: 'access', detail: null, prompt: null }, forwarding: { agent: { status: 'off' }, x11: { status: 'off' } }, watchedBy: null, attempt: item.attempt + 1 });
    });
    this.#begin(id, session);
  }

  /** Ends a session or cancels its connecting; what has ended already stays as it is. */
  end(id: SessionId): void {
    this.#require(id);
    this.#attempts.get(id)?.end();
  }

  /** Tries at once to go on with a session that is interrupted. */
  tryNow(id: SessionId): void {
    this.#require(id);
    this.#attempts.get(id)?.checkLine();
  }

  /** The machine woke up or its network changed: each session asks whether its connection is still there. */
  checkLines(): void {
    for (const attempt of this.#attempts.values()) attempt.checkLine();
  }

  answerPrompt(id: SessionId, promptId: number, answers: readonly string[]): void {
    this.#require(id);
    this.#attempts.get(id)?.answerPrompt(promptId, answers);
  }

  /** Brings a session's window to the front; one that a program of the user's own has, has none. */
  show(id: SessionId): void {
    if (this.#require(id).foreignClientId === null) this.#parts.windows.show(id);
  }

  /** The profile that a session was opened in; undefined where there is no such session. */
  profileOf(id: SessionId): ProfileId | undefined {
    return this.#profiles.get(id);
  }

  toggleFullScreen(id: SessionId): void {
    this.#require(id);
    this.#parts.windows.toggleFullScreen(id);
  }

  /** Gives the page of a session its port; a page that asks again gets a new one, and the last output with it. */
  openPort(id: SessionId): void {
    this.#require(id);
    const attempt = this.#attempts.get(id);
    if (!attempt) return;
    const { process, page } = this.#parts.createChannel();
    if (attempt.givePort(process)) this.#parts.windows.givePort(id, page);
  }

  /** The user chose another folder of this computer for an SFTP session. */
  grantFolder(id: SessionId, path: string): void {
    this.#require(id);
    this.#localFolders.set(id, path);
    this.#attempts.get(id)?.grantFolder(path);
  }

  /** Brings what the user dropped on the window of an SFTP session to a folder of its target; false where he does not agree to where it lies. Throws `files.local-missing`. */
  async uploadDropped(id: SessionId, dropped: DroppedFiles): Promise<boolean> {
    const { protocol } = this.#require(id);
    if (protocol !== 'sftp') throw new MavisError('request.conflict', { what: 'session' });
    const outside = await pathsOutside(this.#localFolders.get(id) ?? this.#parts.homeFolder, dropped.paths);
    // A page that went wrong may name any path: what the user has not granted he is asked for.
    if (outside.length > 0 && !(await this.#parts.askUpload(outside))) return false;
    this.#attempts.get(id)?.upload({ ...dropped, paths: [...dropped.paths] });
    return true;
  }

  /** Moves files and folders of this computer, from a place below the folder that the user granted, to the system's trash. Throws what stands in its way. */
  async trash(id: SessionId, place: LocalPlace, names: readonly string[]): Promise<void> {
    this.#require(id);
    const folder = await new LocalPlaces(this.#localFolders.get(id) ?? this.#parts.homeFolder).resolve(place);
    for (const name of names) {
      await this.#parts.trash(join(folder, name)).catch((error: unknown) => {
        throw new MavisError('files.local-failed', { reason: 'trash' }, { cause: error });
      });
    }
  }

  /** Begins the system's drag of what an SFTP session has ready under a number. Throws `request.not-found`, and `files.local-missing` where some of it has gone. */
  async dragOut(id: SessionId, dragOutId: number): Promise<void> {
    this.#require(id);
    const paths = this.#attempts.get(id)?.dragOut(dragOutId);
    if (paths === undefined) throw new MavisError('request.not-found');
    // A drag of what is not there is no drag, or a crash, by the system.
    for (const path of paths) {
      await lstat(path).catch((error: unknown) => {
        throw localError(error);
      });
    }
    this.#parts.windows.startDrag(id, paths);
  }

  /** Opens a window with a terminal of an SFTP session's resource, whose shell goes to a folder. Throws as `connect` does, and `access.protocol-not-allowed`. */
  async openTerminal(id: SessionId, folder: string): Promise<void> {
    const { resourceId, protocol, allowedProtocols } = this.#require(id);
    if (protocol !== 'sftp' || !isTypeable(folder)) throw new MavisError('request.conflict', { what: 'session' });
    if (this.#parts.signedIn().profile.id !== this.#profiles.get(id)) throw new MavisError('sign-in.required');
    if (!allowedProtocols.includes('ssh')) throw new MavisError('access.protocol-not-allowed', { protocol: 'ssh' });
    await this.connect({ resourceId, protocol: 'ssh', startFolder: folder });
  }

  isConnected(id: SessionId): boolean {
    return this.#attempts.get(id)?.isConnected ?? false;
  }

  get connectedCount(): number {
    return [...this.#attempts.values()].filter(({ isConnected }) => isConnected).length;
  }

  /** The window has gone: the session ends, and nothing is shown of it any more. */
  windowClosed(id: SessionId): void {
    this.#attempts.get(id)?.end();
    this.#forget(id);
  }

  #forget(id: SessionId): void {
    this.#attempts.delete(id);
    this.#profiles.delete(id);
    this.#localFolders.delete(id);
    this.#journals.delete(id);
    this.#parts.store.update((draft) => {
      delete draft.items[id];
    });
  }

  /** Ends everything, deletes what was fetched to be dragged, and waits for it, at most four seconds. */
  async stop(): Promise<void> {
    for (const attempt of this.#attempts.values()) attempt.end();
    const limit = Promise.withResolvers<void>();
    const timer = setTimeout(() => limit.resolve(), STOP_LIMIT_MS);
    await Promise.race([Promise.allSettled([...this.#running, ...this.#keeping]), limit.promise]);
    clearTimeout(timer);
  }

  #begin(id: SessionId, { resourceId, protocol, watching, foreignClientId }: Pick<Session, 'resourceId' | 'protocol' | 'watching' | 'foreignClientId'>, { startFolder, onAccepted }: Beginning<Port> = {}): SessionAttempt<Port> {
    const { store, identity, processes, environment, forwarding, openFile, clock, monotonic, log } = this.#parts;
    const { client, profile, userName } = this.#parts.signedIn();
    const attempt = new SessionAttempt(
      { sessionId: id, resourceId, protocol, startFolder, ...(watching === null ? {} : { watched: watching.connectionId }), ...(foreignClientId === null ? {} : { foreign: true as const }) },
      {
        client, identity, clock, monotonic, log, forwarding, openFile,
        ...(onAccepted === undefined ? {} : { onAccepted }),
        network: this.#parts.networkOf(profile),
        process: processes.take(),
        terminal: this.#terminal,
        environment: environment(),
        update: (recipe) =>
          store.update((draft) => {
            // A window that was closed meanwhile has taken its session along; a retry has taken its place.
            const session = draft.items[id];
            if (session && this.#attempts.get(id) === attempt) recipe(session);
          }),
        onResized: ({ columns, rows }) => {
          this.#terminal = { columns, rows };
        },
      },
    );
    this.#attempts.set(id, attempt);
    const running: Promise<void> = attempt.run().finally(() => this.#running.delete(running));
    this.#running.add(running);
    if (protocol === 'sftp' && foreignClientId === null) {
      attempt.grantFolder(this.#localFolders.get(id) ?? this.#parts.homeFolder);
      const keeping: Promise<void> = this.#keepTransfers(id, { profileId: profile.id, userName, resourceId }, attempt, running).finally(() => this.#keeping.delete(keeping));
      this.#keeping.add(keeping);
    }
    return attempt;
  }

  /** Has an SFTP session go on with the transfers that its user left unfinished with the same resource, until it is over itself. */
  async #keepTransfers(id: SessionId, owner: JournalOwner, attempt: SessionAttempt<Port>, running: Promise<void>): Promise<void> {
    // What the attempt before left in this window is there to be taken up.
    const before = this.#journals.get(id);
    const holding = (async () => {
      (await before)?.release();
      return this.#parts.journals.hold(owner);
    })();
    this.#journals.set(id, holding);
    const held = await holding;
    const dragOutFolder = join(this.#parts.dragOutFolder, this.#parts.newId());
    const editedFolder = this.#parts.editedFolders.hold();
    attempt.keepTransfers(held, dragOutFolder, editedFolder);
    await running;
    held.release();
    await this.#parts.editedFolders.release(editedFolder, this.#parts.clock());
    // What was fetched to be dragged is nobody's any more.
    await rm(dragOutFolder, { recursive: true, force: true, maxRetries: 5 }).catch((error: unknown) => this.#parts.log.warn('dragged files not deleted', { sessionId: id }, error));
  }

  #require(id: SessionId): Session {
    const session = this.#parts.store.state.items[id];
    if (!session) throw new MavisError('request.not-found');
    return session;
  }
}

/** Why a session is over, or that it is not there any more. */
function endOf(session: Session | undefined): MavisError {
  if (session?.phase.status !== 'ended' && session?.phase.status !== 'failed') return new MavisError('session.ended');
  const { code, args } = session.phase.error;
  return new MavisError(knownErrorCode(code), args, session.reference === null ? {} : { reference: session.reference });
}
