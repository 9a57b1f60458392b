import { randomBytes } from 'node:crypto';
import type { z } from 'zod';
import type { ErrorCode } from '../../shared/errors/catalogue.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { type Frame, FrameError, frameType, PROXY_ALPN } from '../../shared/proxy-stream/frames.ts';
import { MEASURE_PIECE_BYTES } from '../../shared/proxy-stream/line-measure.ts';
import { type Failed, type Hello, hello, parsePayload, resume } from '../../shared/proxy-stream/messages.ts';
import type { RefusedPeer } from '../../shared/refused-peers/refused-peers.ts';
import type { Clock } from '../clock/clock.ts';
import type { ForwardRegister } from '../forwards/forward-register.ts';
import type { GrantRegister } from '../grants/grant-register.ts';
import type { Logger } from '../logging/logger.ts';
import type { ResumeRegister } from '../sessions/resume-register.ts';
import type { SessionRegister } from '../sessions/session-register.ts';
import type { WatchRegister } from '../watches/watch-register.ts';
import type { RefusalJournal, RefusedTicket } from '../tickets/refusal-journal.ts';
import { REFUSAL_ANSWER_MS, ticketSha256 } from '../tickets/ticket.ts';
import { LineMeasure } from './line-measure.ts';
import type { MeasureAllowance } from './measure-allowance.ts';
import { ProxyConnection } from './proxy-connection.ts';
import type { TlsPeer } from './tls-listener.ts';
import { decodeUtf8 } from './utf8.ts';

/** The hello must be whole by then: it is one small frame, sent with the first flight. */
export const HELLO_LIMIT_MS = 5000;

export interface GreeterParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly grants: Pick<GrantRegister, 'present'>;
  readonly sessions: Pick<SessionRegister, 'begin'>;
  readonly resumes: Pick<ResumeRegister, 'present'>;
  readonly forwards: Pick<ForwardRegister, 'begin'>;
  readonly watches: Pick<WatchRegister, 'begin'>;
  readonly refusals: Pick<RefusalJournal, 'write'>;
  /** How often lines may be measured. */
  readonly allowance: Pick<MeasureAllowance, 'take'>;
  /** Told of who is sent away before anything is known of him. */
  readonly refused: (peer: RefusedPeer) => void;
  readonly gatewayName: string;
  /** The port of the link (443): sessions run over it only where the grant says so. */
  readonly linkPort: number;
  /** Whether a port carries a protocol: an administrator may restrict it (rule 7). */
  readonly carries: (port: number, protocol: Hello['protocol']) => boolean;
}

/** Takes a client from the end of its TLS handshake to its session, or sends it away. */
export class Greeter {
  readonly #parts: GreeterParts;
  readonly #filler = randomBytes(MEASURE_PIECE_BYTES);

  constructor(parts: GreeterParts) {
    this.#parts = parts;
  }

  /** Begins with one peer of a proxy port, or of the link port that speaks as a client of a proxy port does. */
  greet(peer: TlsPeer, port: number): void {
    const { clock, log, refused } = this.#parts;
    if (peer.alpn !== PROXY_ALPN || peer.thumbprint === null) {
      const what = peer.alpn === PROXY_ALPN ? 'no-certificate' : 'other-alpn';
      log.debug('peer is no client', { address: peer.address, port, what });
      refused({ address: peer.address, port, code: 'hello.malformed', what });
      peer.socket.destroy();
      return;
    }
    const connection = new ProxyConnection(peer.socket, { address: peer.address, port, thumbprint: peer.thumbprint }, clock);
    const measure = new LineMeasure({ connection, allowance: this.#parts.allowance, filler: this.#filler });
    const late = clock.setTimer(() => {
      // Who measured his line meant no hello: his time is over, and he is not told of as somebody who tries.
      if (measure.begun) connection.destroy();
      else this.#noHello(connection, 'hello.time-out', 'no-hello');
    }, HELLO_LIMIT_MS);
    connection.receive({
      frame: (frame) => {
        if (this.#measures(frame, measure, connection)) return;
        late.cancel();
        this.#first(frame, connection, peer);
      },
      violated: (error) => {
        late.cancel();
        this.#noHello(connection, 'hello.malformed', error.what);
      },
      lost: () => late.cancel(),
    });
  }

  /** A peer with a key of its own that says nothing, or no hello: a client of another version, or somebody who tries. */
  #noHello(connection: ProxyConnection, code: ErrorCode, what: string): void {
    const { address, port, thumbprint } = connection;
    this.#parts.log.debug('peer sent no hello', { address, port, what });
    this.#parts.refused({ address, port, code, what, clientKeyThumbprint: thumbprint });
    this.#sendAway(connection, new MavisError(code));
  }

  /** Whether a frame is of a measurement; the limit of the hello is its limit too. */
  #measures(frame: Frame, measure: LineMeasure, connection: ProxyConnection): boolean {
    try {
      return measure.takes(frame);
    } catch (error) {
      if (!(error instanceof MavisError)) throw error;
      this.#sendAway(connection, error);
      return true;
    }
  }

  #first(frame: Frame, connection: ProxyConnection, peer: TlsPeer): void {
    if (frame.type === frameType.resume) this.#resume(parsePayload(resume, frame.payload, decodeUtf8), connection, peer);
    else if (frame.type === frameType.hello) this.#hello(parsePayload(hello, frame.payload, decodeUtf8), connection, peer);
    else throw new FrameError('bad-order');
  }

  #hello(said: Hello, connection: ProxyConnection, peer: TlsPeer): void {
    const { grants, sessions, forwards, watches } = this.#parts;
    if (!this.#parts.carries(connection.port, said.protocol)) {
      this.#sendAway(connection, new MavisError('gateway.refused', { gateway: this.#parts.gatewayName }));
      return;
    }
    const ticket = ticketSha256(said.ticket);
    const outcome = grants.present({ ticketSha256: ticket, thumbprint: connection.thumbprint, protocol: said.protocol, over443: connection.port === this.#parts.linkPort });
    if (outcome.accepted) {
      peer.admission.authenticated();
      if (outcome.grant.kind === 'forward') forwards.begin(outcome.grant, connection);
      else if (outcome.grant.kind === 'watch') watches.begin(outcome.grant, connection);
      else sessions.begin(outcome.grant, said, connection, ticket);
      return;
    }
    // Only who has shown the right ticket with the right key is told that it is the port.
    this.#refuse(connection, outcome, outcome.reason === 'not-over-443' ? new MavisError('session.not-allowed', { what: 'TCP 443' }) : new MavisError('ticket.refused'));
  }

  /** A client comes back for a stream that was cut (rule 10). Why it may not is told to none but who holds the secret and the key. */
  #resume(said: z.output<typeof resume>, connection: ProxyConnection, peer: TlsPeer): void {
    const outcome = this.#parts.resumes.present({ ...said, connection });
    if (outcome.accepted) peer.admission.authenticated();
    else this.#refuse(connection, outcome, outcome.because ?? new MavisError('session.gateway-lost', { gateway: this.#parts.gatewayName }));
  }

  /** What was wrong stands in the journal; the peer gets its answer always after the same time (B2). */
  #refuse(connection: ProxyConnection, { reason, connectionId, reference }: Pick<RefusedTicket, 'reason' | 'connectionId' | 'reference'>, answer: MavisError): void {
    const { address, port, thumbprint } = connection;
    const timer = this.#parts.clock.setTimer(() => this.#sendAway(connection, answer), REFUSAL_ANSWER_MS);
    connection.receive({ frame: () => undefined, violated: () => connection.destroy(), lost: () => timer.cancel() });
    this.#parts.refusals.write({ reason, address, port, thumbprint, connectionId, reference });
  }

  #sendAway(connection: ProxyConnection, error: MavisError): void {
    const said: Failed = { code: error.code, args: error.args, credentialSent: false };
    connection.end(frameType.failed, said).catch((failure: unknown) => this.#parts.log.debug('peer could not be answered', { address: connection.address, error: failure }));
  }
}
