import type { Duplex } from 'node:stream';
import type { AcceptConnection, ClientChannel, Connection, GetStreamCallback, RejectConnection, ServerChannel, X11Details } from 'ssh2';
import { asMavisError, MavisError } from '../../shared/errors/mavis-error.ts';
import type { Clock } from '../clock/clock.ts';
import { limited } from '../clock/limited.ts';
import type { ChannelRecorder } from '../recordings/channel-recorder.ts';
import type { Forwarded, ForwardingEvent } from '../sessions/protocol-handler.ts';
import { sessionWork } from '../sessions/session-work.ts';
import { AgentStream } from './agent-stream.ts';
import { shownText } from './foreign-text.ts';
import { joinChannels } from './join-channels.ts';
import { AGENT_CHANNEL, openAgentChannel, watchChannelOpens } from './ssh2-internals.ts';
import type { SshTarget } from './target-sign-on.ts';

/** Agent and X11 channels at once in a session: a desktop's worth of windows, and what their windows of 2 MiB may hold in memory. */
const MOST_CHANNELS = 32;
/** A target that was refused so many channels is not mistaken, it floods. */
const MOST_REFUSED = 1000;
/** A client opens a socket of its own machine and answers. */
const CLIENT_ANSWERS_WITHIN_MS = 10_000;
/** Openings that are each a mark in the recording, and then each how many-th: a target that opens in a loop fills no disk. */
const MARKED_OPENINGS = 500;
const MARKED_EVERY = 500;

export interface TargetChannelsParts {
  readonly target: SshTarget;
  readonly connection: Connection;
  readonly clientStream: Duplex;
  readonly clock: Clock;
  readonly activity: () => void;
  readonly tell: (event: ForwardingEvent) => void;
  /** Told of what was refused, for the log. */
  readonly refused: (what: string) => void;
  /** A peer did what ends the session. */
  readonly breach: (error: MavisError) => void;
  readonly signal: AbortSignal;
}

/** A session channel's claim to a forwarding: made when the client asks, so that what the target opens with its first breath can wait for it. */
export interface ForwardingClaim {
  readonly what: Forwarded;
  /** The target agreed and the recording stands. */
  grant(recorder: Pick<ChannelRecorder, 'mark'>): void;
  /** The target refused, or the session channel is over. */
  release(): void;
}

interface Claim {
  readonly recorder: PromiseWithResolvers<Pick<ChannelRecorder, 'mark'>>;
}

/** One channel that the target opened. */
interface OpenChannel {
  readonly what: Forwarded;
  readonly unread: () => { readonly target: number; readonly client: number };
  readonly close: () => void;
}

/**
 * The channels that a target opens toward the client: to the user's SSH agent and to the user's X server. Each goes on only
 * while a session channel whose client asked for it is alive; everything else is refused, and a flood of it ends the session.
 * What passes is not recorded; the recording says when a channel was opened and how many bytes went each way.
 */
export class TargetChannels {
  readonly #parts: TargetChannelsParts;
  readonly #claims: Record<Forwarded, Set<Claim>> = { agent: new Set(), x11: new Set() };
  readonly #open = new Set<OpenChannel>();
  #agentAsked = false;
  /** Channels that the client has not answered yet. */
  #opening = 0;
  #refused = 0;
  readonly #openings: Record<Forwarded, number> = { agent: 0, x11: 0 };

  constructor(parts: TargetChannelsParts) {
    this.#parts = parts;
    const { target, signal } = parts;
    watchChannelOpens(target.client, (type) => this.#mayBeSeen(type));
    if (target.agent !== undefined) target.agent.onChannel = (answer) => sessionWork(this.#openAgent(answer), this.#parts.breach);
    target.client.on('x11', (details, accept, reject) => sessionWork(this.#openX11(details, accept, reject), this.#parts.breach));
    signal.addEventListener('abort', () => this.#closeAll(['agent', 'x11']), { once: true });
  }

  /** A session channel's client asks for a forwarding that the policy allows. */
  claim(what: Forwarded): ForwardingClaim {
    const claim: Claim = { recorder: Promise.withResolvers() };
    if (what === 'agent') this.#agentAsked = true;
    // Nobody may be waiting for it.
    claim.recorder.promise.catch(() => undefined);
    this.#claims[what].add(claim);
    return {
      what,
      grant: (recorder) => {
        recorder.mark(`${what}-forwarding`, 'granted');
        claim.recorder.resolve(recorder);
        this.#parts.tell({ kind: 'granted', what });
      },
      release: () => {
        this.#claims[what].delete(claim);
        claim.recorder.reject(new Error('released'));
        if (this.#claims[what].size === 0) this.#closeAll([what]);
      },
    };
  }

  /** Whether a channel of this connection asked for the agent: servers and clients take that for all that follow (OpenSSH's sshd, ssh2). */
  get agentAsked(): boolean {
    return this.#agentAsked;
  }

  /** What a peer sent and nobody has read, channel by channel. */
  get unread(): readonly { readonly target: number; readonly client: number }[] {
    return [...this.#open].map((one) => one.unread());
  }

  #mayBeSeen(type: string): boolean {
    const what = type === AGENT_CHANNEL ? 'agent' : type === 'x11' ? 'x11' : undefined;
    if (what === undefined || this.#claims[what].size === 0) this.#refuse(what === undefined ? 'channel-of-target' : `${what}-channel`);
    return !this.#parts.signal.aborted;
  }

  #refuse(what: string): void {
    this.#refused += 1;
    this.#parts.refused(what);
    if (this.#refused > MOST_REFUSED) this.#parts.breach(new MavisError('target.protocol-error'));
  }

  /** The recorder of a session channel that asked for it, and a place among the channels; undefined where it is refused. */
  async #admit(what: Forwarded): Promise<Pick<ChannelRecorder, 'mark'> | undefined> {
    const [claim] = this.#claims[what];
    if (claim === undefined || this.#open.size + this.#opening >= MOST_CHANNELS || this.#parts.signal.aborted) {
      this.#refuse(`${what}-channel`);
      return undefined;
    }
    this.#opening += 1;
    const recorder = await claim.recorder.promise.catch(() => undefined);
    if (recorder === undefined || this.#parts.signal.aborted) {
      this.#opening -= 1;
      return undefined;
    }
    return recorder;
  }

  async #openAgent(answer: GetStreamCallback): Promise<void> {
    const recorder = await this.#admit('agent');
    if (recorder === undefined) {
      answer(new Error('refused'));
      return;
    }
    try {
      const client = await this.#ask(openAgentChannel(this.#parts.connection));
      const mark = this.#opened('agent', recorder, '');
      const stream: AgentStream = new AgentStream({
        client,
        breach: () => this.#parts.breach(new MavisError('target.protocol-error')),
        ended: (counts) => {
          this.#open.delete(one);
          mark(counts);
        },
      });
      const one: OpenChannel = { what: 'agent', unread: () => ({ target: 0, client: client.readableLength }), close: () => stream.close() };
      this.#open.add(one);
      answer(null, stream);
    } catch {
      // The client has no agent, or does not answer: the target hears that there is none.
      answer(new Error('refused'));
    } finally {
      this.#opening -= 1;
    }
  }

  async #openX11({ srcIP, srcPort }: X11Details, accept: AcceptConnection<ClientChannel>, reject: RejectConnection): Promise<void> {
    const recorder = await this.#admit('x11');
    if (recorder === undefined) {
      reject();
      return;
    }
    try {
      const from = shownText(srcIP, 100);
      const client = await this.#ask(openX11Channel(this.#parts.connection, from, srcPort));
      const target = accept();
      this.#join(client, target, this.#opened('x11', recorder, `${from}:${srcPort}`));
    } catch {
      reject();
    } finally {
      this.#opening -= 1;
    }
  }

  /** The client's channel; one that comes too late is closed. */
  async #ask(opening: Promise<ServerChannel>): Promise<ServerChannel> {
    const { clock, signal } = this.#parts;
    try {
      return await limited(opening, clock, CLIENT_ANSWERS_WITHIN_MS, () => new Error('the client does not answer'), signal);
    } catch (error) {
      opening.then(
        (late) => late.destroy(),
        () => undefined,
      );
      throw error;
    }
  }

  #join(client: ServerChannel, target: ClientChannel, mark: (counts: { bytesFromTarget: number; bytesToTarget: number }) => void): void {
    const counts = { bytesFromTarget: 0, bytesToTarget: 0 };
    const over = new AbortController();
    const end = (): void => {
      if (over.signal.aborted) return;
      over.abort();
      this.#open.delete(one);
      client.destroy();
      target.destroy();
      mark(counts);
    };
    const one: OpenChannel = { what: 'x11', unread: () => ({ target: target.readableLength, client: client.readableLength }), close: end };
    this.#open.add(one);
    joinChannels({
      ...{ client, target, clientWire: this.#parts.clientStream, targetWire: this.#parts.target.socket, signal: over.signal, ended: end },
      taken: (from, bytes) => {
        if (from === 'target') counts.bytesFromTarget += bytes;
        else {
          counts.bytesToTarget += bytes;
          // What the X server sends follows what the user does; what a program draws does not.
          this.#parts.activity();
        }
      },
      failed: (error) => this.#parts.breach(asMavisError(error)),
    });
  }

  /** Marks an opening, and gives what marks its end. */
  #opened(what: Forwarded, recorder: Pick<ChannelRecorder, 'mark'>, detail: string): (counts: { signatures?: number; bytesFromTarget: number; bytesToTarget: number }) => void {
    const number = (this.#openings[what] += 1);
    const marked = number <= MARKED_OPENINGS || number % MARKED_EVERY === 0;
    if (marked) recorder.mark(`${what}-opened`, detail === '' ? `${number}` : `${number}, ${detail}`);
    this.#parts.tell({ kind: 'opened', what });
    return ({ signatures = 0, bytesFromTarget, bytesToTarget }) => {
      const asked = what === 'agent' ? `, signatures ${signatures}` : '';
      if (marked) recorder.mark(`${what}-closed`, `${number}, out ${bytesToTarget}, in ${bytesFromTarget}${asked}`);
      this.#parts.tell({ kind: 'closed', what, signatures, bytesFromTarget, bytesToTarget });
    };
  }

  #closeAll(kinds: readonly Forwarded[]): void {
    for (const one of this.#open) if (kinds.includes(one.what)) one.close();
  }
}


function openX11Channel(connection: Connection, address: string, port: number): Promise<ServerChannel> {
  return new Promise((resolve, reject) => {
    connection.x11(address, port, (error, channel) => (error === undefined || error === null ? resolve(channel) : reject(error)));
  });
}
