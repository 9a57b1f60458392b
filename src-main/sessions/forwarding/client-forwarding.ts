import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { AcceptConnection, ClientChannel, RejectConnection, X11Options } from 'ssh2';
import type { ErrorCode } from '../../../shared/errors/catalogue.ts';
import { asMavisError } from '../../../shared/errors/mavis-error.ts';
import type { ForwardingState } from '../../../shared/ipc/stores.ts';
import type { ForwardingOffer } from './forwarding-offer.ts';
import { connectLocally } from './local-socket.ts';
import { UserAgent } from './user-agent.ts';
import { COOKIE_KIND } from './x-authority.ts';
import { restrictedAccess } from './x-restricted.ts';
import { exchangeSecret } from './x-setup.ts';

const SECRET_BYTES = 16;
/** A target may use an agent a thousand times a second; a person reads a count now and then. */
const TELL_EVERY_MS = 250;
/** A program says its first words at once. */
const SETUP_LIMIT_MS = 10_000;

type What = 'agent' | 'x11';
type Server = NonNullable<NonNullable<ForwardingOffer['display']>['server']>;

interface Display {
  readonly server: Server;
  /** What programs on the target show; it was made up here and opens nothing by itself. */
  readonly madeUp: Buffer;
  /** What the X server wants to see. */
  readonly own: Buffer | undefined;
  readonly revoke: () => void;
}

export interface ForwardingParts {
  readonly offer: ForwardingOffer;
  /** Told of each change, at most four times a second for each of the two. */
  readonly tell: (what: What, state: ForwardingState) => void;
  readonly agentAnswerLimitMs?: number;
}

/** One session's offer of the user's agent and X server: finds both, serves what the target opens, and counts it. */
export class ClientForwarding {
  readonly #parts: ForwardingParts;
  readonly #states: Record<What, ForwardingState> = { agent: { status: 'off' }, x11: { status: 'off' } };
  readonly #timers = new Map<What, NodeJS.Timeout>();
  readonly #sockets = new Set<Socket>();
  #agent: UserAgent | undefined;
  #display: Display | undefined;
  #closed = false;

  constructor(parts: ForwardingParts) {
    this.#parts = parts;
  }

  /** Looks whether what is offered is there; what is not is told as failed, and the session goes on without. Never rejects. */
  async prepare(): Promise<void> {
    const { agent, display } = this.#parts.offer;
    await Promise.all([agent === null ? undefined : this.#findAgent(agent.address), display === null ? undefined : this.#findDisplay(display.server, display.restricted)]);
  }

  /** The agent to forward, where there is one. */
  get agent(): UserAgent | undefined {
    return this.#agent;
  }

  /** What to ask the target for, where there is an X server. */
  get x11(): X11Options | undefined {
    return this.#display === undefined ? undefined : { single: false, protocol: COOKIE_KIND, cookie: this.#display.madeUp.toString('hex'), screen: this.#display.server.screen };
  }

  /** The session stands: what was asked for is on, unless the target says otherwise. */
  begin(): void {
    if (this.#agent !== undefined) this.#set('agent', { status: 'on', openings: 0, signatures: 0, code: null });
    if (this.#display !== undefined) this.#set('x11', { status: 'on', openings: 0, signatures: 0, code: null });
  }

  /** The target does not forward it. */
  refusedByTarget(what: What): void {
    this.#set(what, { status: 'failed', code: 'forwarding.refused-by-target' });
  }

  /** A program on the target opens a window. */
  takeX11(accept: AcceptConnection<ClientChannel>, reject: RejectConnection): void {
    const display = this.#display;
    if (display === undefined || this.#closed) {
      reject();
      return;
    }
    void this.#serveX11(display, accept, reject);
  }

  async #serveX11(display: Display, accept: AcceptConnection<ClientChannel>, reject: RejectConnection): Promise<void> {
    const socket = await connectLocally(display.server.address).catch(() => undefined);
    if (socket === undefined || this.#closed) {
      socket?.destroy();
      this.#warn('x11', 'forwarding.display-missing');
      reject();
      return;
    }
    this.#count('x11', 'openings');
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    join(accept(), socket, display);
  }

  /** Closes all that the target has open, and takes back what it was let to. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#agent?.close();
    for (const socket of this.#sockets) socket.destroy();
    this.#display?.revoke();
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  async #findAgent(address: string | null): Promise<void> {
    try {
      if (address === null) throw new Error('nothing names an agent');
      (await connectLocally({ path: address })).destroy();
      const { agentAnswerLimitMs } = this.#parts;
      this.#agent = new UserAgent({
        address,
        opened: () => this.#count('agent', 'openings'),
        signing: () => this.#count('agent', 'signatures'),
        silent: () => this.#warn('agent', 'forwarding.agent-silent'),
        ...(agentAnswerLimitMs === undefined ? {} : { answerLimitMs: agentAnswerLimitMs }),
      });
    } catch {
      this.#set('agent', { status: 'failed', code: 'forwarding.agent-missing' });
    }
  }

  async #findDisplay(server: Server | null, restricted: boolean): Promise<void> {
    const socket = server === null ? undefined : await connectLocally(server.address).catch(() => undefined);
    if (server === null || socket === undefined) {
      this.#set('x11', { status: 'failed', code: 'forwarding.display-missing' });
      return;
    }
    const madeUp = randomBytes(SECRET_BYTES);
    const own = server.secretHex === null ? undefined : Buffer.from(server.secretHex, 'hex');
    if (!restricted) {
      socket.destroy();
      this.#display = { server, madeUp, own, revoke: () => undefined };
      return;
    }
    try {
      const access = await restrictedAccess(socket, own);
      this.#display = { server, madeUp, own: access.secret, revoke: access.revoke };
      if (this.#closed) access.revoke();
    } catch (error) {
      this.#set('x11', { status: 'failed', code: asMavisError(error).code });
    }
  }

  #count(what: What, name: 'openings' | 'signatures'): void {
    const state = this.#states[what];
    if (state.status === 'on') this.#set(what, { ...state, [name]: state[name] + 1 });
  }

  /** What went wrong with one use; the next may do. */
  #warn(what: What, code: ErrorCode): void {
    const state = this.#states[what];
    if (state.status === 'on') this.#set(what, { ...state, code });
  }

  #set(what: What, state: ForwardingState): void {
    const before = this.#states[what];
    this.#states[what] = state;
    if (this.#closed) return;
    if (before.status !== state.status) this.#parts.tell(what, state);
    else if (!this.#timers.has(what)) {
      this.#timers.set(
        what,
        setTimeout(() => {
          this.#timers.delete(what);
          this.#parts.tell(what, this.#states[what]);
        }, TELL_EVERY_MS),
      );
    }
  }
}

/** Ties a program's channel to the X server, once its first words show the secret that was made up for this target. */
function join(channel: ClientChannel, socket: Socket, { madeUp, own }: Display): void {
  let received: Buffer = Buffer.alloc(0);
  const refuse = (): void => {
    clearTimeout(timer);
    socket.destroy();
    channel.destroy();
  };
  const timer = setTimeout(refuse, SETUP_LIMIT_MS);
  const onData = (bytes: Buffer): void => {
    received = Buffer.concat([received, bytes]);
    const step = exchangeSecret(received, madeUp, own);
    if (step.kind === 'refused') refuse();
    if (step.kind !== 'ready') return;
    clearTimeout(timer);
    channel.off('data', onData);
    channel.pause();
    socket.write(step.setup);
    if (step.rest.length > 0) socket.write(step.rest);
    channel.pipe(socket).pipe(channel);
  };
  channel.on('error', () => undefined);
  channel.on('data', onData);
  channel.once('close', () => {
    clearTimeout(timer);
    socket.destroy();
  });
  socket.once('close', () => channel.destroy());
}
