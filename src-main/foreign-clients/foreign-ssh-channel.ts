import type { AcceptConnection, Client, ClientChannel, PseudoTtyInfo, ServerChannel, Session } from 'ssh2';
import { asMavisError, MavisError } from '../../shared/errors/mavis-error.ts';
import { restrictsFiles } from '../../shared/policy/file-rules.ts';
import type { SessionPolicy } from '../../shared/policy/session-policy.ts';
import { passedExitSignal } from '../../shared/ssh/exit-signal.ts';
import { carry } from './carry.ts';
import type { ForeignSession } from './foreign-sessions.ts';

/** The gateway says why a session ended right after its stream did. */
const REASON_LIMIT_MS = 1500;
/** Of a client that does not keep to what a person needs; the gateway bounds what reaches the target. */
const MOST_VARIABLES = 64;
const MOST_TEXT = 32_000;
/** What a client asked for, and how the same is asked of the gateway. */
interface Asked {
  readonly what: 'shell' | 'exec';
  readonly open: (client: Client, opened: (error: Error | undefined, channel: ClientChannel) => void) => void;
}
/** How the target's side ended. */
interface Exit {
  readonly code: number | null;
  readonly signal: string | undefined;
}

/** A channel at the gateway, and how what ran in it ended, once that was told. */
interface OpenedChannel {
  readonly channel: ClientChannel;
  readonly exitOf: () => Exit | undefined;
}

/** Ends that a program needs no word about: its own, and the target's. */
const ORDINARY_ENDS: ReadonlySet<string> = new Set(['session.ended', 'session.closed-by-user']);

export interface ForeignSshChannelParts {
  readonly session: Session;
  /** SSH at the gateway, with the session that it runs in: one for all of a client's channels, made anew where it has ended. */
  readonly ssh: () => Promise<{ readonly client: Client; readonly session: ForeignSession }>;
  readonly sftp: () => Promise<ForeignSession>;
  /** An error as a line for a person. */
  readonly explain: (error: MavisError) => string;
}

/** Serves one session channel of a foreign SSH client to its end. */
export function serveSshChannel(parts: ForeignSshChannelParts): void {
  new ForeignSshChannel(parts).listen();
}

/** One session channel of a foreign SSH client: what it asks for is asked of the gateway, which decides, and bytes go both ways. */
class ForeignSshChannel {
  readonly #parts: ForeignSshChannelParts;
  #environment: Record<string, string> = {};
  #terminal: PseudoTtyInfo | undefined;
  #target: ClientChannel | undefined;

  constructor(parts: ForeignSshChannelParts) {
    this.#parts = parts;
  }

  listen(): void {
    const { session } = this.#parts;
    session.on('env', (accept, reject, { key, val }) => {
      const fits = Object.keys(this.#environment).length < MOST_VARIABLES && key.length + val.length < MOST_TEXT;
      if (fits) this.#environment = { ...this.#environment, [key]: val };
      (fits ? accept : reject)?.();
    });
    session.on('pty', (accept, _reject, info) => {
      this.#terminal = info;
      accept?.();
    });
    session.on('window-change', (accept, _reject, { cols, rows, height, width }) => {
      if (this.#terminal !== undefined) this.#terminal = { ...this.#terminal, cols, rows, height, width };
      this.#target?.setWindow(rows, cols, height, width);
      accept?.();
    });
    session.on('signal', (accept, _reject, { name }) => {
      this.#target?.signal(name);
      accept?.();
    });
    session.on('shell', (accept) => this.#run(accept, { what: 'shell', open: (client, opened) => client.shell(this.#ptyOptions(), { env: this.#environment }, opened) }));
    session.on('exec', (accept, reject, { command }) => {
      if (command.length > MOST_TEXT) reject();
      else this.#run(accept, { what: 'exec', open: (client, opened) => client.exec(command, { env: this.#environment, ...(this.#terminal === undefined ? {} : { pty: { ...this.#terminal } }) }, opened) });
    });
    session.on('subsystem', (accept, reject, { name }) => {
      if (name === 'sftp') this.#files(accept);
      else reject();
    });
  }

  #ptyOptions(): PseudoTtyInfo | false {
    return this.#terminal === undefined ? false : { ...this.#terminal };
  }

  #run(accept: AcceptConnection<ServerChannel>, asked: Asked): void {
    // Accepted at once: what a client sends right behind its request waits in the channel and is not lost.
    const local = prepared(accept());
    this.#open(asked).then(
      ({ target, session }) => this.#join(local, target, session),
      (error: unknown) => this.#refuse(local, asMavisError(error)),
    );
  }

  /** The channel at the gateway. A session that was just ending while it was asked is asked for anew, once. */
  async #open(asked: Asked): Promise<{ target: OpenedChannel; session: ForeignSession }> {
    for (let again = false; ; again = true) {
      const { client, session } = await this.#parts.ssh();
      try {
        return { target: await channelOf(client, asked.open), session };
      } catch (cause) {
        if (cause instanceof ConnectionGone && !again) continue;
        if (cause instanceof ConnectionGone) throw await session.ended;
        // The gateway refuses by the policy, before the target is asked.
        throw asked.what === 'exec' && !mayExec(session.policy) ? new MavisError('session.not-allowed', { what: asked.what }, { cause }) : new MavisError('target.channel-refused', {}, { cause });
      }
    }
  }

  #join(local: ServerChannel, { channel: target, exitOf }: OpenedChannel, session: ForeignSession): void {
    this.#target = target;
    target.on('error', () => undefined);
    if (this.#terminal !== undefined) target.setWindow(this.#terminal.rows, this.#terminal.cols, this.#terminal.height, this.#terminal.width);
    void carry(local, target).then(() => target.end());
    local.once('close', () => target.close());
    this.#endWith(local, session, Promise.all([carry(target, local), carry(target.stderr, local.stderr)]), exitOf).catch((error: unknown) => this.#refuse(local, asMavisError(error)));
  }

  /** Ends the program's channel as the target ended, once its last byte has gone on; says why where neither of the two has ended it. */
  async #endWith(local: ServerChannel, session: ForeignSession, carried: Promise<unknown>, exitOf: () => Exit | undefined): Promise<void> {
    await carried;
    const exit = exitOf();
    if (exit === undefined) await this.#explainEnd(local, session);
    else if (exit.code !== null) local.exit(exit.code);
    else if (exit.signal !== undefined) tellSignal(local, exit.signal);
    local.end();
  }

  /** SFTP's packets go between the client and the gateway as they are: the gateway reads each of them. */
  #files(accept: AcceptConnection<ServerChannel>): void {
    const local = prepared(accept());
    this.#parts.sftp().then(
      (session) => this.#joinFiles(local, session),
      (error: unknown) => this.#refuse(local, asMavisError(error)),
    );
  }

  async #joinFiles(local: ServerChannel, session: ForeignSession): Promise<void> {
    const { stream } = session;
    stream.on('error', () => undefined);
    void carry(local, stream).then(() => session.end());
    local.once('close', () => session.end());
    await carry(stream, local);
    await this.#explainEnd(local, session);
    local.exit(0);
    local.end();
  }

  #refuse(local: ServerChannel, error: MavisError): void {
    this.#say(local, error);
    local.exit(REFUSED_STATUS);
    local.end();
  }

  /** Says why a session ended that neither the program nor the target has ended. */
  async #explainEnd(local: ServerChannel, { ended }: ForeignSession): Promise<void> {
    const reason = await Promise.race([ended, new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), REASON_LIMIT_MS).unref())]);
    if (reason !== undefined && !ORDINARY_ENDS.has(reason.code)) this.#say(local, reason);
  }

  #say(local: ServerChannel, error: MavisError): void {
    // A terminal in raw mode needs both.
    local.stderr.write(`\r\n${this.#parts.explain(error)}\r\n`);
  }
}

function tellSignal(local: ServerChannel, name: string): void {
  const passed = passedExitSignal(name);
  if (passed === undefined) return;
  if ('status' in passed) local.exit(passed.status);
  else local.exit(passed.signal, false, '');
}

/** What `ssh` itself ends with where it reached nothing. */
const REFUSED_STATUS = 255;

/** The connection ended before it answered. */
class ConnectionGone extends Error {}

/** A command line is refused where files are restricted: it could carry what the rule keeps back (rule 28). */
function mayExec(policy: SessionPolicy | null): boolean {
  return policy === null || (policy.exec && !restrictsFiles(policy));
}

function prepared(channel: ServerChannel): ServerChannel {
  // Its end tells; what cannot be written any more is of no interest.
  channel.on('error', () => undefined);
  channel.stderr.on('error', () => undefined);
  return channel;
}

function channelOf(client: Client, open: Asked['open']): Promise<OpenedChannel> {
  return new Promise((resolve, reject) => {
    const gone = (): void => reject(new ConnectionGone());
    client.once('close', gone);
    try {
      open(client, (error, channel) => {
        client.off('close', gone);
        if (error !== undefined) {
          reject(error);
          return;
        }
        // Heard from here on: of a command that is over at once the exit lies in the same bytes as the answer, and comes before what awaits this.
        let exit: Exit | undefined;
        channel.on('exit', (code: number | null, signal?: string) => {
          exit = { code, signal };
        });
        resolve({ channel, exitOf: () => exit });
      });
    } catch {
      // ssh2 throws where the connection has just gone.
      gone();
    }
  });
}
