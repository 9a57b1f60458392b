import ssh2, { type AuthContext, type Client, type ClientChannel, type Connection } from 'ssh2';
import type { Duplex } from 'node:stream';
import { asMavisError, type MavisError } from '../../shared/errors/mavis-error.ts';
import { availableCiphers } from '../sessions/ssh-shell.ts';
import { carry } from './carry.ts';
import { serveSshChannel } from './foreign-ssh-channel.ts';
import type { ForeignSession, ForeignSessions } from './foreign-sessions.ts';
import { connectGatewaySsh } from './gateway-ssh.ts';

/** The longest that a timer takes, 24 days: to ssh2's server 0 means its own default of 15 seconds. */
const NEVER_MS = 2 ** 31 - 1;
/** As OpenSSH's own server: who has not said by then who he is, is nobody. */
const SIGN_ON_LIMIT_MS = 60_000;
/** Tries of one connection; the one-time password bounds those of all. */
const MOST_TRIES = 3;
/** A session says goodbye within this. */
const GOODBYE_MS = 1500;
/** Channels at once: what the gateway takes of one session, and as many forwards and file sessions beside. */
const MOST_CHANNELS = 40;

export interface ForeignSshParts {
  /** The connection of the program: a socket of this machine, or the pipe of our own command. */
  readonly stream: Duplex;
  /** The profile's host key, PEM. */
  readonly hostKey: string;
  /** Whether a password lets in; undefined where the stream itself proves who is there. */
  readonly password?: ((password: string) => boolean) | undefined;
  readonly sessions: ForeignSessions;
  readonly explain: (error: MavisError) => string;
  /** The program has proved that it may come in. */
  readonly onLetIn: () => void;
}

/** ssh2 takes any stream that carries bytes both ways; its typings ask for a socket. */
interface StreamAcceptor {
  injectSocket(stream: Duplex): void;
}

/** A foreign SSH client's connection, ended here (rule 30): what it asks for goes on through ordinary sessions at the gateway, where policy, recording and log are. */
export class ForeignSsh {
  readonly #parts: ForeignSshParts;
  readonly #open = new Set<ForeignSession>();
  readonly #over = Promise.withResolvers<void>();
  #connection: Connection | undefined;
  #ssh: Promise<{ readonly client: Client; readonly session: ForeignSession }> | undefined;
  #tries = 0;
  #channels = 0;
  #letIn = false;
  #closed = false;

  constructor(parts: ForeignSshParts) {
    this.#parts = parts;
  }

  /** Resolves when the program has gone and its sessions have been told to end. */
  async serve(): Promise<void> {
    const { hostKey, stream } = this.#parts;
    const server = new ssh2.Server(
      { hostKeys: [hostKey], algorithms: { cipher: availableCiphers(), kex: ['curve25519-sha256', 'curve25519-sha256@libssh.org', 'ecdh-sha2-nistp256'], compress: ['none'] }, ident: 'MAVIS', keepaliveInterval: NEVER_MS },
      (connection) => this.#accept(connection),
    );
    const acceptor: StreamAcceptor = server;
    stream.on('error', () => undefined);
    // ssh2 says nothing of a stream that brought no SSH.
    stream.once('close', () => this.close());
    const limit = setTimeout(() => {
      if (!this.#letIn) this.close();
    }, SIGN_ON_LIMIT_MS);
    acceptor.injectSocket(stream);
    await this.#over.promise;
    clearTimeout(limit);
  }

  /** Ends the connection and everything that runs for it. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // The goodbye goes first: a session whose last channel has ended is over by itself then, and not ended by its user.
    void this.#ssh?.then(({ client }) => client.end()).catch(() => undefined);
    for (const session of this.#open) {
      const giveUp = setTimeout(() => session.end(), GOODBYE_MS);
      void session.ended.then(() => clearTimeout(giveUp));
    }
    this.#connection?.end();
    this.#parts.stream.destroy();
    this.#over.resolve();
  }

  #accept(connection: Connection): void {
    this.#connection = connection;
    connection.on('authentication', (context) => this.#authenticate(context));
    connection.on('error', () => this.close());
    connection.on('close', () => this.close());
    connection.on('session', (accept, reject) => {
      if (!this.#takeChannel()) {
        reject();
        return;
      }
      const session = accept();
      session.on('close', () => (this.#channels -= 1));
      serveSshChannel({ session, ssh: () => this.#gatewaySsh(), sftp: () => this.#session('sftp'), explain: this.#parts.explain });
    });
    connection.on('tcpip', (accept, reject, { srcIP, srcPort, destIP, destPort }) => {
      if (!this.#takeChannel()) {
        reject();
        return;
      }
      this.#forward({ srcIP, srcPort, destIP, destPort }).then(
        (target) => this.#joinForward(accept(), target),
        () => {
          this.#channels -= 1;
          reject();
        },
      );
    });
    connection.on('request', (_accept, reject) => reject?.());
  }

  /** A connection that the target opens for the program, where the rule allows it. */
  async #forward({ srcIP, srcPort, destIP, destPort }: ssh2.TcpipRequestInfo): Promise<ClientChannel> {
    const { client } = await this.#gatewaySsh();
    return new Promise((resolve, reject) => {
      client.forwardOut(srcIP, srcPort, destIP, destPort, (error, target) => (error === undefined ? resolve(target) : reject(error)));
    });
  }

  #joinForward(local: Duplex, target: ClientChannel): void {
    target.once('close', () => (this.#channels -= 1));
    join(local, target);
  }

  #takeChannel(): boolean {
    if (!this.#letIn || this.#closed || this.#channels >= MOST_CHANNELS) return false;
    this.#channels += 1;
    return true;
  }

  #authenticate(context: AuthContext): void {
    const { password } = this.#parts;
    if (password === undefined) this.#welcome(context);
    else if (context.method !== 'password') context.reject(['password']);
    else if (password(context.password)) this.#welcome(context);
    else {
      this.#tries += 1;
      context.reject(['password']);
      if (this.#tries >= MOST_TRIES) this.close();
    }
  }

  #welcome(context: AuthContext): void {
    context.accept();
    if (this.#letIn) return;
    this.#letIn = true;
    this.#parts.onLetIn();
  }

  /** SSH at the gateway for all channels of this program, until its session ends; then another one is asked for. */
  #gatewaySsh(): Promise<{ readonly client: Client; readonly session: ForeignSession }> {
    if (this.#ssh !== undefined) return this.#ssh;
    const opening = this.#session('ssh').then(async (session) => {
      const client = await connectGatewaySsh(session).catch((error: unknown) => {
        session.end();
        throw asMavisError(error);
      });
      client.once('close', () => forget());
      client.once('end', () => forget());
      return { client, session };
    });
    const forget = (): void => {
      if (this.#ssh === opening) this.#ssh = undefined;
    };
    this.#ssh = opening;
    opening.catch(forget);
    return opening;
  }

  async #session(protocol: 'ssh' | 'sftp'): Promise<ForeignSession> {
    const session = await this.#parts.sessions.open(protocol);
    this.#open.add(session);
    void session.ended.then(() => this.#open.delete(session));
    if (this.#closed) session.end();
    return session;
  }
}

/** Moves two channels' bytes into each other until both have ended. */
function join(local: Duplex, target: Duplex): void {
  for (const one of [local, target]) one.on('error', () => undefined);
  void carry(local, target).then(() => target.end());
  void carry(target, local).then(() => local.end());
}
