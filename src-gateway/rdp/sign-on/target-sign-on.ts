import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { derLength, DerError } from '../../../shared/der/der.ts';
import { MavisError } from '../../../shared/errors/mavis-error.ts';
import type { TargetGrant } from '../../../shared/link/messages.ts';
import type { ProgressStep } from '../../../shared/proxy-stream/messages.ts';
import type { Clock } from '../../clock/clock.ts';
import { identityObjection } from '../../sessions/identity-objection.ts';
import { RdpFormatError } from '../../../shared/rdp/rdp-format-error.ts';
import { pduLength } from '../../../shared/rdp/pdu-framer.ts';
import { encodeConnectionRequest, MOST_CONNECTION_PDU_BYTES, readConnectionConfirm, securityProtocol } from '../../../shared/rdp/connection-pdus.ts';
import { splitAccountName } from './account-name.ts';
import { CredSspClient, CredSspRefused } from './credssp-client.ts';
import { HandshakeReader, PeerClosed } from './handshake-reader.ts';
import { refusalOf } from './refusal.ts';
import { certificateFingerprint, certificateKind, subjectPublicKey } from './target-certificate.ts';
import { openTargetTls } from './target-tls.ts';
import { MOST_TS_REQUEST_BYTES } from './ts-request.ts';

/** Both kinds of NLA, and TLS alone: the target chooses the strongest that it has. RDP's own encryption is not among them. */
const ASKED = securityProtocol.ssl | securityProtocol.hybrid | securityProtocol.hybridEx;
/** One step of the handshake is a round trip; a domain controller that is asked for the password takes seconds. */
const STEP_LIMIT_MS = 10_000;
const MOST_CREDSSP_STEPS = 4;
const EARLY_ANSWER_BYTES = 4;

/** The account that signs on; for as long as the session may have to sign on again (rule 24). */
export interface RdpAccount {
  readonly userName: string;
  readonly password: string;
}

export interface RdpSignOnParts {
  readonly socket: Socket;
  readonly target: TargetGrant['target'];
  readonly credential: TargetGrant['credential'];
  readonly clock: Pick<Clock, 'setTimer' | 'wallMs'>;
  readonly signal: AbortSignal;
  readonly progress: (step: ProgressStep) => void;
  /** Asked for only once the target's certificate is one that may see it. */
  readonly account: () => Promise<RdpAccount>;
  readonly credentialSent: () => void;
}

/** A target that is ready for RDP proper: behind TLS, and signed on to where it does NLA. */
export interface RdpTarget {
  readonly socket: TLSSocket;
  readonly account: RdpAccount;
  /** What the target chose: one of `securityProtocol`. */
  readonly protocol: number;
  /** What it was asked for, as it will repeat. */
  readonly requestedProtocols: number;
  /** The flags of its answer, for the client. */
  readonly confirmFlags: number;
  readonly fingerprint: string;
  /** DER. */
  readonly certificate: Buffer;
}

/** What a target shows before any credential. */
export interface RdpIdentity {
  readonly fingerprint: string;
  readonly kind: string;
  readonly subject: string;
  readonly protocol: number;
}

/** Asks for the connection, sets up TLS, judges the certificate, and signs on with NLA where the target does it. Rejects with a MavisError of leg L4; the socket is closed then. */
export async function signOnToRdpTarget(parts: RdpSignOnParts): Promise<RdpTarget> {
  try {
    return await new RdpSignOn(parts).run();
  } catch (error) {
    parts.socket.destroy();
    throw error;
  }
}

/** Reads a target's certificate without sending anything of an account (rule 14). Leaves the socket to its owner. */
export async function readRdpIdentity(socket: Socket, signal: AbortSignal): Promise<RdpIdentity> {
  const { protocol } = await negotiate(socket, signal);
  const { certificate } = await openTargetTls(socket, signal);
  return { fingerprint: certificateFingerprint(certificate.raw), kind: certificateKind(certificate), subject: certificate.subject, protocol };
}

/** The request for a connection and its answer. Rejects with `target.no-common-algorithm` where the target does no TLS. */
async function negotiate(socket: Socket, signal: AbortSignal): Promise<{ readonly protocol: number; readonly flags: number }> {
  socket.write(encodeConnectionRequest(ASKED));
  try {
    const confirm = readConnectionConfirm(await new HandshakeReader(socket, signal).message(pduLength, MOST_CONNECTION_PDU_BYTES));
    if (confirm.kind === 'refused' || (confirm.protocol & ASKED) === 0) throw new MavisError('target.no-tls');
    // One protocol, and one that was asked for.
    if (![securityProtocol.ssl, securityProtocol.hybrid, securityProtocol.hybridEx].some((one) => one === confirm.protocol)) throw new RdpFormatError('x224: unknown protocol chosen');
    if (socket.readableLength > 0) throw new RdpFormatError('x224: bytes behind the answer');
    return { protocol: confirm.protocol, flags: confirm.flags };
  } catch (error) {
    throw asTargetError(error, signal);
  }
}

class RdpSignOn {
  readonly #parts: RdpSignOnParts;
  #sent = false;

  constructor(parts: RdpSignOnParts) {
    this.#parts = parts;
  }

  async run(): Promise<RdpTarget> {
    const { socket, target, credential, progress } = this.#parts;
    progress('checking-identity');
    const { protocol, flags } = await this.#step((signal) => negotiate(socket, signal));
    const { socket: tls, certificate } = await this.#step((signal) => openTargetTls(socket, signal));
    const fingerprint = certificateFingerprint(certificate.raw);
    const objection = identityObjection(fingerprint, { target, credential });
    if (objection !== undefined) throw objection;
    progress('signing-on');
    const account = await this.#parts.account();
    if (protocol !== securityProtocol.ssl) await this.#networkLevel(tls, subjectPublicKey(certificate), account, protocol === securityProtocol.hybridEx);
    // Where there is no NLA, the account goes into the session's own sign-on: from here on it is as good as sent.
    this.#tellSent();
    progress('signed-on');
    return { socket: tls, account, protocol, requestedProtocols: ASKED, confirmFlags: flags, fingerprint, certificate: certificate.raw };
  }

  async #networkLevel(tls: TLSSocket, publicKey: Buffer, { userName, password }: RdpAccount, early: boolean): Promise<void> {
    const { target, clock } = this.#parts;
    const client = new CredSspClient({ account: { ...splitAccountName(userName), password }, publicKey, targetName: `TERMSRV/${target.host}`, random: randomBytes, nowMs: clock.wallMs() });
    let step = client.begin();
    for (let steps = 0; !step.done; steps += 1) {
      if (steps === MOST_CREDSSP_STEPS) throw new MavisError('target.protocol-error');
      this.#send(tls, step);
      const answer = await this.#read(tls, (bytes) => derLength(bytes, MOST_TS_REQUEST_BYTES), MOST_TS_REQUEST_BYTES);
      step = this.#orRefused(() => client.take(answer));
    }
    this.#send(tls, step);
    if (!early) return;
    const answer = await this.#read(tls, () => EARLY_ANSWER_BYTES, EARLY_ANSWER_BYTES);
    // MS-RDPBCGR 5.4.2.2: 0 is yes, 5 is no.
    if (answer.readUInt32LE(0) !== 0) throw new MavisError('target.logon-not-allowed');
  }

  #send(tls: Duplex, step: { readonly send: Buffer; readonly credential: boolean }): void {
    if (step.credential) this.#tellSent();
    tls.write(step.send);
  }

  #tellSent(): void {
    if (this.#sent) return;
    this.#sent = true;
    this.#parts.credentialSent();
  }

  #read(stream: Duplex, lengthOf: (bytes: Buffer) => number | false, most: number): Promise<Buffer> {
    return this.#step(async (signal) => {
      try {
        return await new HandshakeReader(stream, signal).message(lengthOf, most);
      } catch (error) {
        // Servers that know no error codes say no by hanging up.
        if (error instanceof PeerClosed && this.#sent) throw new MavisError('target.sign-on-refused', {}, { cause: error });
        throw asTargetError(error, signal);
      }
    });
  }

  #orRefused<T>(take: () => T): T {
    try {
      return take();
    } catch (error) {
      if (error instanceof CredSspRefused) throw refusalOf(error.status);
      throw asTargetError(error, this.#parts.signal);
    }
  }

  /** One step within its time; ends with `target.time-out`. */
  async #step<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { clock, signal } = this.#parts;
    const over = new AbortController();
    const timer = clock.setTimer(() => over.abort(new MavisError('target.time-out')), STEP_LIMIT_MS);
    try {
      return await work(AbortSignal.any([signal, over.signal]));
    } finally {
      timer.cancel();
    }
  }
}

function asTargetError(error: unknown, signal: AbortSignal): MavisError {
  if (error instanceof MavisError) return error;
  if (signal.aborted && signal.reason instanceof MavisError) return signal.reason;
  if (error instanceof RdpFormatError || error instanceof PeerClosed || error instanceof DerError) return new MavisError('target.protocol-error', {}, { cause: error });
  return new MavisError('internal', {}, { cause: error });
}
