import { isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect, type TLSSocket } from 'node:tls';
import { asMavisError, MavisError } from '../../shared/errors/mavis-error.ts';
import type { TargetGrant } from '../../shared/link/messages.ts';
import type { Clock } from '../clock/clock.ts';
import { limited } from '../clock/limited.ts';
import { certificateFingerprint } from '../rdp/sign-on/target-certificate.ts';
import { identityObjection } from '../sessions/identity-objection.ts';
import type { SignOnRequest } from '../sessions/protocol-handler.ts';
import { HandshakeReader, MAX_TEXT_BYTES } from './handshake-reader.ts';
import { chooseSecurityType, chooseSubtype, noneSecurity, type Security, securityNames, securityType, subtypeNames, vncAuthSecurity } from './security-choice.ts';
import { vncAuthAnswer } from './vnc-password.ts';

/** Version, security types and TLS are four round trips; a server that needs longer is not there. */
const HANDSHAKE_LIMIT_MS = 8000;
/** An answer to a password: servers wait a few seconds after a wrong one. */
const ANSWER_LIMIT_MS = 10_000;
const MOST_TYPES = 255;
const CHALLENGE_BYTES = 16;
/** What RFB can say of a password's length is more; no password is. */
const MOST_SECRET_BYTES = 1024;
/** Suites without a certificate: refused by every default, since anyone can be the other end. Asked for only where the resource allows it. */
const ANONYMOUS_CIPHERS = 'ADH-AES256-GCM-SHA384:ADH-AES128-GCM-SHA256:AECDH-AES256-SHA:AECDH-AES128-SHA:ADH-AES256-SHA256:ADH-AES128-SHA256:@SECLEVEL=0';

/** A target that took the sign-on: what comes next on the stream is the answer to ClientInit. */
export interface VncTarget {
  readonly stream: Duplex;
  readonly security: Security;
  /** Fingerprint of its certificate; null where it has shown none. */
  readonly identity: string | null;
}

/** Signs on to a VNC server over a socket that stands (RFC 6143 section 7.1; VeNCrypt 0.2). Rejects with a MavisError of leg L4; the socket is closed then. */
export async function signOnToVnc(request: SignOnRequest, clock: Pick<Clock, 'setTimer'>): Promise<VncTarget> {
  const { targetSocket } = request;
  // Until somebody reads on, an error is told by the read that fails.
  targetSocket.on('error', () => undefined);
  try {
    return await new SignOn(request, clock).run();
  } catch (error) {
    targetSocket.destroy();
    throw asMavisError(error);
  }
}

class SignOn {
  readonly #request: SignOnRequest;
  readonly #clock: Pick<Clock, 'setTimer'>;
  #stream: Duplex;
  #reader: HandshakeReader;
  #version = 8;

  constructor(request: SignOnRequest, clock: Pick<Clock, 'setTimer'>) {
    this.#request = request;
    this.#clock = clock;
    this.#stream = request.targetSocket;
    this.#reader = new HandshakeReader(this.#stream, request.signal);
  }

  async run(): Promise<VncTarget> {
    const { progress, targetSocket } = this.#request;
    targetSocket.setNoDelay(true);
    progress('checking-identity');
    const { security, identity } = await this.#limited(this.#agree(), HANDSHAKE_LIMIT_MS);
    progress('signing-on');
    await this.#prove(security);
    await this.#limited(this.#result(security), ANSWER_LIMIT_MS);
    this.#reader.release();
    progress('signed-on');
    return { stream: this.#stream, security, identity };
  }

  async #agree(): Promise<{ security: Security; identity: string | null }> {
    this.#version = (await readVersion(this.#reader)).minor;
    this.#stream.write(`RFB 003.00${this.#version}\n`);
    const { target } = this.#request.grant;
    const type = await this.#chosenType(target);
    if (type === securityType.none) return { security: noneSecurity, identity: null };
    if (type === securityType.vncAuth) return { security: vncAuthSecurity, identity: null };
    return await this.#veNCrypt(target);
  }

  /** Before version 3.7 the server chooses. */
  async #chosenType(target: TargetGrant['target']): Promise<number> {
    if (this.#version >= 7) {
      const offered = await readSecurityTypes(this.#reader);
      const chosen = chooseSecurityType(offered, target);
      this.#stream.write(Uint8Array.of(chosen));
      return chosen;
    }
    const type = await this.#reader.number32();
    if (type === 0) throw new MavisError('target.sign-on-refused');
    return chooseSecurityType([type], target);
  }

  async #veNCrypt(target: TargetGrant['target']): Promise<{ security: Security; identity: string | null }> {
    const offered = await readSubtypes(this.#reader, this.#stream);
    const chosen = chooseSubtype(offered, target);
    if (chosen === undefined) throw subtypeNames(offered).includes('TLS') || target.identities.length > 0 ? new MavisError('target.identity-not-shown') : new MavisError('target.security-unsupported', { offered: subtypeNames(offered) });
    const { socket, fingerprint } = await startTls(this.#reader, this.#request.targetSocket, chosen, target.host, this.#request.signal);
    this.#stream = socket;
    this.#reader = new HandshakeReader(socket, this.#request.signal);
    if (chosen.security.transport === 'anonymous') return { security: chosen.security, identity: null };
    const objection = identityObjection(fingerprint, this.#request.grant);
    if (objection !== undefined) throw objection;
    return { security: chosen.security, identity: fingerprint };
  }

  async #prove(security: Security): Promise<void> {
    if (security.secret === 'none') return;
    const secret = await this.#secret(security.secret);
    if (security.secret === 'name-and-password') {
      const [name, password] = [Buffer.from(secret.userName), Buffer.from(secret.password)];
      if (name.length > MOST_SECRET_BYTES || password.length > MOST_SECRET_BYTES) throw new MavisError('target.sign-on-refused');
      this.#request.credentialSent();
      this.#stream.write(Buffer.concat([number32(name.length), number32(password.length), name, password]));
      return;
    }
    const challenge = await this.#limited(this.#reader.read(CHALLENGE_BYTES), ANSWER_LIMIT_MS);
    this.#request.credentialSent();
    this.#stream.write(vncAuthAnswer(challenge, secret.password));
  }

  async #secret(kind: 'password' | 'name-and-password'): Promise<{ userName: string; password: string }> {
    const { credential } = this.#request.grant;
    // A key signs nobody on to VNC.
    if (credential.kind === 'private-key') throw new MavisError('resource.no-credential');
    if (credential.kind === 'password') return credential;
    const { userName } = credential;
    const password = { prompt: 'Password', echo: false };
    const prompts = kind === 'name-and-password' && userName === undefined ? [{ prompt: 'User name', echo: true }, password] : [password];
    const answers = await this.#request.ask({ kind: 'user-name-and-password', name: userName ?? '', instruction: '', prompts });
    return { userName: userName ?? answers[0] ?? '', password: answers[prompts.length - 1] ?? '' };
  }

  /** Before version 3.8 the way without a password has no result. */
  async #result({ secret, transport }: Security): Promise<void> {
    if (this.#version < 8 && secret === 'none' && transport === 'plain') return;
    const status = await this.#reader.number32();
    if (status !== 0) throw new MavisError('target.sign-on-refused');
  }

  #limited<T>(work: Promise<T>, milliseconds: number): Promise<T> {
    return limited(work, this.#clock, milliseconds, () => new MavisError('target.time-out'), this.#request.signal);
  }
}

/** The server's version, as the highest that both know: 3, 7 or 8. Apple's 003.889 and RealVNC's 004 and 005 speak 3.8 with whoever asks for it. */
export async function readVersion(reader: HandshakeReader): Promise<{ readonly minor: number; readonly text: string }> {
  const text = (await reader.read(12)).toString('latin1');
  const match = /^RFB (\d{3})\.(\d{3})\n$/.exec(text);
  if (match === null) throw new MavisError('target.protocol-error');
  const [major, minor] = [Number(match[1]), Number(match[2])];
  if (major < 3) throw new MavisError('target.protocol-error');
  return { minor: major > 3 || minor >= 8 ? 8 : minor === 7 ? 7 : 3, text: text.trim() };
}

/** What a server of version 3.7 or later offers; rejects with `target.sign-on-refused` where it offers nothing and says why (too many wrong passwords before). */
export async function readSecurityTypes(reader: HandshakeReader): Promise<readonly number[]> {
  const count = await reader.byte();
  if (count === 0) {
    await reader.counted(MAX_TEXT_BYTES);
    throw new MavisError('target.sign-on-refused');
  }
  return [...(await reader.read(Math.min(count, MOST_TYPES)))];
}

/** Agrees on VeNCrypt 0.2 and reads its subtypes. */
export async function readSubtypes(reader: HandshakeReader, stream: Duplex): Promise<readonly number[]> {
  const [major, minor] = await reader.read(2);
  if (major !== 0 || minor !== 2) throw new MavisError('target.security-unsupported', { offered: `VeNCrypt ${major}.${minor}` });
  stream.write(Uint8Array.of(0, 2));
  if ((await reader.byte()) !== 0) throw new MavisError('target.protocol-error');
  const count = await reader.byte();
  if (count === 0) throw new MavisError('target.security-unsupported', { offered: securityNames([securityType.veNCrypt]) });
  const offered = await reader.read(count * 4);
  return Array.from({ length: count }, (_, place) => offered.readUInt32BE(place * 4));
}

/** Takes a subtype of VeNCrypt and lays TLS over the socket. The server's word that it agrees (one byte, 1) stands in no specification. */
export async function startTls(reader: HandshakeReader, socket: Socket, { subtype, security }: { readonly subtype: number; readonly security: Security }, host: string, signal: AbortSignal): Promise<{ readonly socket: TLSSocket; readonly fingerprint: string }> {
  socket.write(number32(subtype));
  if ((await reader.byte()) !== 1) throw new MavisError('target.protocol-error');
  reader.release();
  const anonymous = security.transport === 'anonymous';
  const secured = connect({
    socket,
    // The certificate is judged by its fingerprint (rule 14): most VNC servers show one that they made themselves.
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2',
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(anonymous ? { ciphers: ANONYMOUS_CIPHERS, maxVersion: 'TLSv1.2' } : {}),
  });
  await new Promise<void>((resolve, reject) => {
    const aborted = (): void => reject(asMavisError(signal.reason));
    const failed = (cause: Error): void => reject(new MavisError('target.no-common-algorithm', {}, { cause }));
    const closed = (): void => reject(new MavisError('target.protocol-error'));
    secured.once('error', failed);
    secured.once('close', closed);
    signal.addEventListener('abort', aborted, { once: true });
    secured.once('secureConnect', () => {
      secured.off('error', failed).off('close', closed);
      signal.removeEventListener('abort', aborted);
      secured.on('error', () => undefined);
      resolve();
    });
  });
  const certificate = secured.getPeerX509Certificate();
  if (!anonymous && certificate === undefined) throw new MavisError('target.identity-not-shown');
  return { socket: secured, fingerprint: certificate === undefined ? '' : certificateFingerprint(certificate.raw) };
}

function number32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
