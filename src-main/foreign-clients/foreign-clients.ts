import type { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import { connectionsRoutes } from '../../shared/api/connections.ts';
import { asMavisError, MavisError } from '../../shared/errors/mavis-error.ts';
import type { Protocol, ResourceId } from '../../shared/ids.ts';
import { type ForeignClient, type ForeignClientId, foreignClientId } from '../../shared/ipc/stores.ts';
import type { SignedIn } from '../account/account.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { shown } from '../ipc/shown-error.ts';
import type { Log } from '../logging/log.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { OwnedStore } from '../stores/owned-store.ts';
import { ForeignSsh } from './foreign-ssh.ts';
import type { ForeignSessions } from './foreign-sessions.ts';
import type { HostKey, HostKeys } from './host-keys.ts';
import { LocalPort } from './local-port.ts';
import { OneTimePassword } from './one-time-password.ts';
import { sshCommands } from './ssh-commands.ts';

/** A port stands open for so long without a program that was let in. */
const WAIT_MINUTES = 5;
const MINUTE_MS = 60_000;
/** Waited for or let in at once; Ansible opens a handful at a time, each of which is a process at least. */
const MOST_CLIENTS = 64;
/** Ended ones that are still told of. */
const MOST_ENDED = 20;
const SSH_PROTOCOLS: readonly Protocol[] = ['ssh', 'sftp'];

export interface ForeignClientsParts {
  readonly store: OwnedStore<'foreignClients'>;
  readonly sessions: Pick<Sessions<never>, 'openForeign'>;
  /** Throws `sign-in.required`. */
  readonly signedIn: () => SignedIn;
  readonly inventory: Pick<Inventory, 'find'>;
  readonly hostKeys: Pick<HostKeys, 'of'>;
  /** Writes the file of known hosts, whole; gives its path. */
  readonly writeKnownHosts: () => Promise<string>;
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
  readonly password: string;
}

interface Admitted {
  readonly id: ForeignClientId;
  readonly signedIn: SignedIn;
  readonly resource: { readonly id: ResourceId; readonly name: string };
  readonly protocols: readonly Protocol[];
  readonly hostKey: HostKey;
}

/** Lets programs of the user's own into sessions: over a port of this computer with a password that works once, or over our own command. */
export class ForeignClients {
  readonly #parts: ForeignClientsParts;
  readonly #closing = new Map<ForeignClientId, (error: MavisError | null) => void>();

  constructor(parts: ForeignClientsParts) {
    this.#parts = parts;
  }

  /** Opens a port for SSH and SFTP, and waits there for one program. Throws what the service says, `resource.unknown`, `client.port-not-opened`. */
  async open(resource: ResourceId): Promise<OpenedPort> {
    const { clock, platform, ownUser, log } = this.#parts;
    const admitted = await this.#admit(resource);
    const { id } = admitted;
    const knownHosts = await this.#parts.writeKnownHosts();
    const password = new OneTimePassword((count) => this.#closing.get(id)?.(new MavisError('client.foreign-guessed', { count })));
    const timer = setTimeout(() => this.#closing.get(id)?.(new MavisError('client.foreign-none-came', { minutes: WAIT_MINUTES })), WAIT_MINUTES * MINUTE_MS);
    const letIn = (socket: Socket): void => {
      clearTimeout(timer);
      port.letIn(socket);
    };
    const port: LocalPort = new LocalPort({
      ownUser,
      serve: (socket) => this.#serve(admitted, socket, { password: (text) => password.take(text), letIn: () => letIn(socket) }),
      onOtherUser: () => log.warn('another account connected to a port that was opened for a program of the user', { resourceId: resource }),
    });
    const number = await port.open().catch((error: unknown) => {
      clearTimeout(timer);
      throw error;
    });
    const commands = sshCommands(number, admitted.hostKey, knownHosts, platform, { ssh: admitted.protocols.includes('ssh'), sftp: admitted.protocols.includes('sftp') });
    this.#add(admitted, 'port', commands, { status: 'waiting', until: new Date(clock() + WAIT_MINUTES * MINUTE_MS).toISOString() }, () => {
      clearTimeout(timer);
      port.close();
    });
    return { foreignClientId: id, password: password.text };
  }

  /** Lets a program in that comes over our own command, which proves whose it is. Gives the function that serves it until it has gone. Throws what the service says. */
  async letCommandIn(resource: ResourceId): Promise<(stream: Duplex) => Promise<void>> {
    const admitted = await this.#admit(resource);
    return (stream) => {
      this.#add(admitted, 'command', [], { status: 'connected', since: new Date(this.#parts.clock()).toISOString() }, () => stream.destroy());
      return this.#serve(admitted, stream);
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
  async #admit(resource: ResourceId): Promise<Admitted> {
    const { inventory, hostKeys, store, newId } = this.#parts;
    const signedIn = this.#parts.signedIn();
    if (this.#closing.size >= MOST_CLIENTS) throw new MavisError('request.conflict', { what: 'foreign-clients' });
    const { name, protocols: spoken } = await inventory.find(resource);
    const wanted = spoken.filter((protocol) => SSH_PROTOCOLS.includes(protocol));
    if (wanted.length === 0) throw new MavisError('resource.protocol-unknown', { protocol: 'ssh' });
    const { protocols } = await signedIn.client.call(connectionsRoutes.connectionForeign, { params: {}, query: {}, body: { resourceId: resource, protocols: wanted } });
    const id = foreignClientId.parse(newId());
    this.#dropOldest(Object.values(store.state.items));
    return { id, signedIn, resource: { id: resource, name }, protocols, hostKey: await hostKeys.of(signedIn.profile.id) };
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

  async #serve(admitted: Admitted, stream: Duplex | Socket, proof?: { readonly password: (text: string) => boolean; readonly letIn: () => void }): Promise<void> {
    const { store, clock, explain } = this.#parts;
    const { id } = admitted;
    let letIn = proof === undefined;
    let failure: MavisError | null = null;
    const sessions = this.#sessionsOf(admitted, (error) => (failure = error));
    const ssh = new ForeignSsh({
      stream, sessions, explain,
      hostKey: admitted.hostKey.privateKey,
      password: proof?.password,
      onLetIn: () => {
        letIn = true;
        proof?.letIn();
        store.update((draft) => {
          const item = draft.items[id];
          if (item) item.phase = { status: 'connected', since: new Date(clock()).toISOString() };
        });
      },
    });
    await ssh.serve();
    // One who did not prove who he is has been waited for all the same.
    if (letIn) this.#closing.get(id)?.(failure);
  }

  /** Sessions on the resource alone that was asked about, in the name of the user who asked. */
  #sessionsOf({ id, signedIn, resource, protocols }: Admitted, failed: (error: MavisError) => void): ForeignSessions {
    return {
      open: async (protocol) => {
        try {
          if (!protocols.includes(protocol)) throw new MavisError('access.protocol-not-allowed', { protocol });
          if (this.#parts.signedIn().profile.id !== signedIn.profile.id) throw new MavisError('sign-in.required');
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
