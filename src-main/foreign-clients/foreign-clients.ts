import type { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import { connectionsRoutes } from '../../shared/api/connections.ts';
import { asMavisError, MavisError } from '../../shared/errors/mavis-error.ts';
import type { Protocol, ResourceId } from '../../shared/ids.ts';
import { type ForeignClient, type ForeignClientId, foreignClientId, type ForeignKind } from '../../shared/ipc/stores.ts';
import type { SignedIn } from '../account/account.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { shown } from '../ipc/shown-error.ts';
import type { Log } from '../logging/log.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { OwnedStore } from '../stores/owned-store.ts';
import { ClientKey } from '../account/client-key.ts';
import type { DesktopFiles } from './desktop-files.ts';
import { serveForeignRdp } from './foreign-rdp.ts';
import { ForeignSsh } from './foreign-ssh.ts';
import { serveForeignVnc } from './foreign-vnc.ts';
import type { ForeignSessions } from './foreign-sessions.ts';
import type { HostKeys } from './host-keys.ts';
import { LocalPort } from './local-port.ts';
import { OneTimePassword } from './one-time-password.ts';
import { rdpCommands, remoteDesktopFile } from './rdp-commands.ts';
import { sshCommands } from './ssh-commands.ts';
import { vncCommands } from './vnc-commands.ts';

/** A port stands open for so long without a program that was let in. */
const WAIT_MINUTES = 5;
const MINUTE_MS = 60_000;
/** Waited for or let in at once; Ansible opens a handful at a time, each of which is a process at least. */
const MOST_CLIENTS = 64;
/** Ended ones that are still told of. */
const MOST_ENDED = 20;
/** Protocols that programs of a kind may ask for. */
const PROTOCOLS_OF: Readonly<Record<ForeignKind, readonly Protocol[]>> = { ssh: ['ssh', 'sftp'], vnc: ['vnc'], rdp: ['rdp'] };

export interface ForeignClientsParts {
  readonly store: OwnedStore<'foreignClients'>;
  readonly sessions: Pick<Sessions<never>, 'openForeign'>;
  /** Throws `sign-in.required`. */
  readonly signedIn: () => SignedIn;
  readonly inventory: Pick<Inventory, 'find'>;
  readonly hostKeys: Pick<HostKeys, 'of'>;
  /** Writes the file of known hosts, whole; gives its path. */
  readonly writeKnownHosts: () => Promise<string>;
  readonly desktopFiles: Pick<DesktopFiles, 'write' | 'remove'>;
  /** An error as a line for a person. */
  readonly explain: (error: MavisError) => string;
  readonly ownUser: number | undefined;
  readonly platform: NodeJS.Platform;
  readonly newId: () => string;
  readonly clock: () => number;
  readonly log: Log;
}

/** What is told once, to the page that asked, and kept nowhere. */
export interface OpenedPort {
  readonly foreignClientId: ForeignClientId;
  /** Null where a file holds it that the program opens. */
  readonly password: string | null;
}

interface Admitted {
  readonly id: ForeignClientId;
  readonly signedIn: SignedIn;
  readonly resource: { readonly id: ResourceId; readonly name: string };
  readonly protocols: readonly Protocol[];
}

/** What one shows who comes over a port. */
interface Proof {
  readonly password: OneTimePassword;
  readonly letIn: () => void;
}

/** How programs of one kind are spoken with. */
interface Speaking<Shown = Proof | undefined> {
  /** Rejects where what they need cannot be written. */
  readonly commands: (port: number) => Promise<ForeignClient['commands']>;
  /** Speaks with one until it has gone. */
  readonly serve: (stream: Duplex, proof: Shown) => Promise<void>;
  /** Nobody else comes over the port any more. */
  readonly forget?: () => void;
}

/** Lets programs of the user's own into sessions: over a port of this computer with a password that works once, or over our own command. */
export class ForeignClients {
  readonly #parts: ForeignClientsParts;
  readonly #closing = new Map<ForeignClientId, (error: MavisError | null) => void>();

  constructor(parts: ForeignClientsParts) {
    this.#parts = parts;
  }

  /** Opens a port for programs of a kind, and waits there for one of them. Throws what the service says, `resource.unknown`, `client.port-not-opened`. */
  async open(resource: ResourceId, kind: ForeignKind): Promise<OpenedPort> {
    const { clock, ownUser, log } = this.#parts;
    const admitted = await this.#admit(resource, kind);
    const { id } = admitted;
    let guessed: MavisError | undefined;
    const password = new OneTimePassword((count) => {
      guessed = new MavisError('client.foreign-guessed', { count });
      this.#closing.get(id)?.(guessed);
    }, kind === 'vnc' ? 'short' : 'long');
    const speaking = kind === 'ssh' ? await this.#ssh(admitted) : kind === 'vnc' ? this.#vnc(admitted) : this.#rdp(admitted, password.text);
    const timer = setTimeout(() => this.#closing.get(id)?.(new MavisError('client.foreign-none-came', { minutes: WAIT_MINUTES })), WAIT_MINUTES * MINUTE_MS);
    const letIn = (socket: Socket): void => {
      clearTimeout(timer);
      port.letIn(socket);
      speaking.forget?.();
    };
    const port: LocalPort = new LocalPort({
      ownUser,
      serve: (socket) => speaking.serve(socket, { password, letIn: () => letIn(socket) }),
      onOtherUser: () => log.warn('another account connected to a port that was opened for a program of the user', { resourceId: resource }),
    });
    const close = (): void => {
      clearTimeout(timer);
      port.close();
      speaking.forget?.();
    };
    const commands = await port.open().then(speaking.commands).catch((error: unknown) => {
      close();
      throw error;
    });
    // Until it is in the list neither a sign-out nor a guesser closes it.
    const gone = guessed ?? this.#signedOutOf(admitted);
    if (gone !== undefined) {
      close();
      throw gone;
    }
    this.#add(admitted, 'port', commands, { status: 'waiting', until: new Date(clock() + WAIT_MINUTES * MINUTE_MS).toISOString() }, close);
    return { foreignClientId: id, password: kind === 'rdp' ? null : password.text };
  }

  /** Lets a program in that comes over our own command, which proves whose it is. Gives the function that serves it until it has gone. Throws what the service says. */
  async letCommandIn(resource: ResourceId): Promise<(stream: Duplex) => Promise<void>> {
    const admitted = await this.#admit(resource, 'ssh');
    const { serve } = await this.#ssh(admitted);
    return (stream) => {
      this.#add(admitted, 'command', [], { status: 'connected', since: new Date(this.#parts.clock()).toISOString() }, () => stream.destroy());
      return serve(stream, undefined);
    };
  }

  /** Closes a port, or ends a program that was let in; takes one that has ended from the list. */
  end(id: ForeignClientId): void {
    const close = this.#closing.get(id);
    if (close !== undefined) close(null);
    else {
      this.#parts.store.update((draft) => {
        delete draft.items[id];
      });
    }
  }

  /** Nobody is signed in any more, or the app quits: none waits any longer. Sessions that run go on, as those in windows do. */
  endWaiting(): void {
    for (const { id, phase } of Object.values(this.#parts.store.state.items)) if (phase.status === 'waiting') this.end(id);
  }

  endAll(): void {
    for (const close of [...this.#closing.values()]) close(null);
  }

  /** Asks the service whether the rules let programs in, which it writes down. */
  async #admit(resource: ResourceId, kind: ForeignKind): Promise<Admitted> {
    const { inventory, store, newId } = this.#parts;
    const signedIn = this.#parts.signedIn();
    if (this.#closing.size >= MOST_CLIENTS) throw new MavisError('request.conflict', { what: 'foreign-clients' });
    const { name, protocols: spoken } = await inventory.find(resource);
    const wanted = spoken.filter((protocol) => PROTOCOLS_OF[kind].includes(protocol));
    if (wanted.length === 0) throw new MavisError('resource.protocol-unknown', { protocol: kind });
    const { protocols } = await signedIn.client.call(connectionsRoutes.connectionForeign, { params: {}, query: {}, body: { resourceId: resource, protocols: wanted } });
    const id = foreignClientId.parse(newId());
    this.#dropOldest(Object.values(store.state.items));
    return { id, signedIn, resource: { id: resource, name }, protocols };
  }

  /** Why nothing more is let in: the user has signed out, or in to another service; undefined where he has not. */
  #signedOutOf({ signedIn }: Pick<Admitted, 'signedIn'>): MavisError | undefined {
    try {
      return this.#parts.signedIn().profile.id === signedIn.profile.id ? undefined : new MavisError('sign-in.required');
    } catch (thrown) {
      return asMavisError(thrown);
    }
  }

  #dropOldest(items: readonly ForeignClient[]): void {
    const ended = items.flatMap(({ id, phase }) => (phase.status === 'ended' ? [{ id, at: phase.at }] : [])).toSorted((a, b) => (a.at < b.at ? -1 : 1));
    for (const { id } of ended.slice(0, Math.max(0, ended.length - MOST_ENDED + 1))) this.end(id);
  }

  #add({ id, signedIn: { profile }, resource, protocols }: Admitted, by: ForeignClient['by'], commands: ForeignClient['commands'], phase: ForeignClient['phase'], close: () => void): void {
    const { store, clock, log } = this.#parts;
    store.update((draft) => {
      draft.items[id] = { id, profileName: profile.name, profileColour: profile.colour, resourceId: resource.id, resourceName: resource.name, protocols: [...protocols], by, commands, phase };
    });
    log.info('programs of the user are let in', { resourceId: resource.id, reason: by });
    this.#closing.set(id, (error) => {
      this.#closing.delete(id);
      close();
      store.update((draft) => {
        const item = draft.items[id];
        if (item) item.phase = { status: 'ended', at: new Date(clock()).toISOString(), error: error === null ? null : shown(error) };
      });
      log.info('programs of the user are let in no more', { resourceId: resource.id, code: error?.code });
    });
  }

  async #ssh(admitted: Admitted): Promise<Speaking> {
    const { explain, hostKeys, platform, writeKnownHosts } = this.#parts;
    const hostKey = await hostKeys.of(admitted.signedIn.profile.id);
    const knownHosts = await writeKnownHosts();
    const { protocols } = admitted;
    return {
      commands: async (port) => sshCommands(port, hostKey, knownHosts, platform, { ssh: protocols.includes('ssh'), sftp: protocols.includes('sftp') }),
      serve: (stream, proof) =>
        this.#serve(admitted, proof, ({ sessions, onLetIn }) =>
          new ForeignSsh({ stream, sessions, explain, hostKey: hostKey.privateKey, password: proof === undefined ? undefined : (text) => proof.password.take(text), onLetIn }).serve(),
        ),
    };
  }

  #vnc(admitted: Admitted): Speaking<Proof> {
    const { explain, platform } = this.#parts;
    return {
      commands: async (port) => vncCommands(port, platform),
      serve: (stream, proof) => this.#serve(admitted, proof, ({ sessions, onLetIn }) => serveForeignVnc({ stream, sessions, explain, password: (holds) => proof.password.takeWhere(holds), onLetIn })),
    };
  }

  #rdp(admitted: Admitted, password: string): Speaking<Proof> {
    const { clock, desktopFiles, log, platform } = this.#parts;
    const { identity } = new ClientKey(clock);
    return {
      commands: async (port) => rdpCommands(await desktopFiles.write(admitted.id, remoteDesktopFile(port, password)), identity.certificatePem, platform),
      serve: (stream, proof) => this.#serve(admitted, proof, ({ sessions, onLetIn }) => serveForeignRdp({ stream, sessions, identity, password: (text) => proof.password.take(text), onLetIn })),
      forget: () => void desktopFiles.remove(admitted.id).catch((error: unknown) => log.warn('a file with a one-time password that is of no more use stayed', {}, error)),
    };
  }

  async #serve(admitted: Admitted, proof: Proof | undefined, speak: (parts: { readonly sessions: ForeignSessions; readonly onLetIn: () => void }) => Promise<void>): Promise<void> {
    const { store, clock } = this.#parts;
    const { id } = admitted;
    let letIn = proof === undefined;
    let failure: MavisError | null = null;
    await speak({
      sessions: this.#sessionsOf(admitted, (error) => (failure = error)),
      onLetIn: () => {
        letIn = true;
        proof?.letIn();
        store.update((draft) => {
          const item = draft.items[id];
          if (item) item.phase = { status: 'connected', since: new Date(clock()).toISOString() };
        });
      },
    });
    // One who did not prove who he is has been waited for all the same.
    if (letIn) this.#closing.get(id)?.(failure);
  }

  /** Sessions on the resource alone that was asked about, in the name of the user who asked. */
  #sessionsOf({ id, signedIn, resource, protocols }: Admitted, failed: (error: MavisError) => void): ForeignSessions {
    return {
      open: async (protocol) => {
        try {
          if (!protocols.includes(protocol)) throw new MavisError('access.protocol-not-allowed', { protocol });
          const out = this.#signedOutOf({ signedIn });
          if (out !== undefined) throw out;
          return await this.#parts.sessions.openForeign({ foreignClientId: id, resourceId: resource.id, resourceName: resource.name, protocol });
        } catch (thrown) {
          const error = asMavisError(thrown);
          failed(error);
          throw error;
        }
      },
    };
  }
}
