import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { ProfileId, Protocol, ResourceId } from '../../shared/ids.ts';
import { openable } from '../../shared/ipc/openable-protocols.ts';
import { type Profile, type SessionId, sessionId as sessionIdSchema } from '../../shared/ipc/stores.ts';
import type { SignedIn } from '../account/account.ts';
import type { ClientIdentity } from '../account/client-key.ts';
import type { ServiceNetwork } from '../service-client/service-client.ts';
import type { Inventory } from '../inventory/inventory.ts';
import type { Log } from '../logging/log.ts';
import type { OwnedStore } from '../stores/owned-store.ts';
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
  /** Hands the page its end of a port. */
  givePort(sessionId: SessionId, port: Port): void;
}

export interface SessionsParts<Port> {
  readonly store: OwnedStore<'sessions'>;
  /** Throws `sign-in.required`. */
  readonly signedIn: () => SignedIn;
  readonly inventory: Pick<Inventory, 'find' | 'noteUse'>;
  readonly identity: ClientIdentity;
  readonly processes: Pick<SessionProcesses<Port>, 'take'>;
  readonly windows: SessionWindows<Port>;
  /** The two ends of a new channel. */
  readonly createChannel: () => { readonly process: Port; readonly page: Port };
  /** How the network is left in a profile. */
  readonly networkOf: (profile: Profile) => ServiceNetwork;
  readonly environment: () => Readonly<Record<string, string>>;
  readonly forwarding: AttemptParts<Port>['forwarding'];
  /** The folder of this computer that the window of an SFTP session may see at first: the user's home. */
  readonly homeFolder: string;
  readonly newId: () => string;
  readonly clock: () => number;
  readonly monotonic: () => number;
  readonly log: Log;
}

/** The sessions of this launch. They belong to main and to their processes: no page, no sign-in and no other window ends one. */
export class Sessions<Port> {
  readonly #parts: SessionsParts<Port>;
  readonly #attempts = new Map<SessionId, SessionAttempt<Port>>();
  /** The profile that a session was opened in: it connects again in no other. */
  readonly #profiles = new Map<SessionId, ProfileId>();
  /** Of SFTP sessions: the folder of this computer that the user granted. */
  readonly #localFolders = new Map<SessionId, string>();
  readonly #running = new Set<Promise<void>>();
  #terminal: { readonly columns: number; readonly rows: number } = FIRST_TERMINAL;

  constructor(parts: SessionsParts<Port>) {
    this.#parts = parts;
  }

  /** Opens a window and begins to connect; how it goes stands in the store. Throws `resource.unknown`, `resource.protocol-unknown`, `sign-in.required`. */
  async connect({ resourceId, protocol }: { resourceId: ResourceId; protocol: Protocol }): Promise<SessionId> {
    const { store, windows, inventory, log, newId } = this.#parts;
    const { profile, userName } = this.#parts.signedIn();
    const resource = await inventory.find(resourceId);
    if (!resource.protocols.includes(protocol) || !openable(protocol)) throw new MavisError('resource.protocol-unknown', { protocol });
    if (Object.keys(store.state.items).length >= MAX_SESSIONS) throw new MavisError('request.conflict', { what: 'sessions' });
    const id = sessionIdSchema.parse(newId());
    store.update((draft) => {
      draft.items[id] = {
        id, profileName: profile.name, profileColour: profile.colour, resourceId, resourceName: resource.name, protocol, userName,
        reference: null, gatewayName: null, segment: null, firstGatewayName: null, tunnel: false, way: null, stepsMs: {}, tried: [], policy: null, targetEncrypted: null, targetCertificate: null,
        phase: { status: 'connecting', step: 'access', detail: null, prompt: null }, attempt: 1,
        forwarding: { agent: { status: 'off' }, x11: { status: 'off' } },
      };
    });
    this.#profiles.set(id, profile.id);
    this.#begin(id, resourceId, protocol);
    windows.open(id, protocol);
    inventory.noteUse(resourceId).catch((error: unknown) => log.warn('use not noted', { resourceId }, error));
    return id;
  }

  /** Connects again in the same window; only what has ended or failed can. */
  retry(id: SessionId): void {
    const session = this.#require(id);
    if (session.phase.status === 'connecting' || session.phase.status === 'connected') throw new MavisError('request.conflict', { what: 'session' });
    if (this.#parts.signedIn().profile.id !== this.#profiles.get(id)) throw new MavisError('sign-in.required');
    this.#parts.store.update((draft) => {
      const item = draft.items[id];
      if (item) Object.assign(item, { reference: null, gatewayName: null, segment: null, firstGatewayName: null, tunnel: false, way: null, stepsMs: {}, tried: [], targetEncrypted: null, targetCertificate: null, phase: { status: 'connecting', step: 'access', detail: null, prompt: null }, forwarding: { agent: { status: 'off' }, x11: { status: 'off' } }, attempt: item.attempt + 1 });
    });
    this.#begin(id, session.resourceId, session.protocol);
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

  show(id: SessionId): void {
    this.#require(id);
    this.#parts.windows.show(id);
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

  isConnected(id: SessionId): boolean {
    return this.#attempts.get(id)?.isConnected ?? false;
  }

  get connectedCount(): number {
    return [...this.#attempts.values()].filter(({ isConnected }) => isConnected).length;
  }

  /** The window has gone: the session ends, and nothing is shown of it any more. */
  windowClosed(id: SessionId): void {
    this.#attempts.get(id)?.end();
    this.#attempts.delete(id);
    this.#profiles.delete(id);
    this.#localFolders.delete(id);
    this.#parts.store.update((draft) => {
      delete draft.items[id];
    });
  }

  /** Ends everything and waits for it, at most four seconds. */
  async stop(): Promise<void> {
    for (const attempt of this.#attempts.values()) attempt.end();
    const limit = Promise.withResolvers<void>();
    const timer = setTimeout(() => limit.resolve(), STOP_LIMIT_MS);
    await Promise.race([Promise.allSettled(this.#running), limit.promise]);
    clearTimeout(timer);
  }

  #begin(id: SessionId, resourceId: ResourceId, protocol: Protocol): void {
    const { store, identity, processes, environment, forwarding, clock, monotonic, log } = this.#parts;
    const { client, profile } = this.#parts.signedIn();
    const attempt = new SessionAttempt(
      { sessionId: id, resourceId, protocol },
      {
        client, identity, clock, monotonic, log, forwarding,
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
    if (protocol === 'sftp') attempt.grantFolder(this.#localFolders.get(id) ?? this.#parts.homeFolder);
    const running: Promise<void> = attempt.run().finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  #require(id: SessionId): { readonly phase: { readonly status: string }; readonly resourceId: ResourceId; readonly protocol: Protocol } {
    const session = this.#parts.store.state.items[id];
    if (!session) throw new MavisError('request.not-found');
    return session;
  }
}
