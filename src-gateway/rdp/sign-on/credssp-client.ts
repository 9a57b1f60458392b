import { createHash, timingSafeEqual } from 'node:crypto';
import { RdpFormatError } from '../../../shared/rdp/rdp-format-error.ts';
import { authenticateMessage, fileTimeOf, negotiateMessage, type NtlmAccount, readChallenge } from './ntlm-messages.ts';
import { NtlmSealing } from './ntlm-sealing.ts';
import { Rc4 } from './rc4.ts';
import { decodeTsRequest, encodeTsRequest, passwordCredentials, type TsRequest } from './ts-request.ts';

/** The newest version (MS-CSSP 3.1.5), and the oldest whose answer can be checked at all. */
const NEWEST = 6;
const OLDEST = 2;
/** From this version on both ends prove the key by a hash over a nonce; before, by the key itself and the key plus one (CVE-2018-0886). */
const HASHED_FROM = 5;

export interface CredSspParts {
  readonly account: NtlmAccount;
  /** Content of the BIT STRING of the server's SubjectPublicKeyInfo: the key that TLS has shown. */
  readonly publicKey: Buffer;
  /** Service principal name, such as `TERMSRV/host`. */
  readonly targetName: string;
  readonly random: (length: number) => Buffer;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

/** The server did not take the credential; `status` is its NTSTATUS, undefined where it only hung up. */
export class CredSspRefused extends Error {
  override readonly name = 'CredSspRefused';
  readonly status: number | undefined;
  constructor(status?: number) {
    super('credssp: refused');
    this.status = status;
  }
}

/** What to do next: send these bytes and wait for an answer, or send the last ones. */
export interface CredSspStep {
  readonly send: Buffer;
  readonly done: boolean;
  /** Whether these bytes carry anything that proves or holds the password. */
  readonly credential: boolean;
}

type Phase = 'challenge' | 'public-key' | 'done';

/**
 * The client's side of CredSSP with NTLMv2 (MS-CSSP 3.1.5), without input and output: bytes of the server in, bytes for it out.
 * The password itself is handed over only after the server has proved, under the session's key, that it holds the key that TLS
 * has shown: whoever sits in between has another one.
 */
export class CredSspClient {
  readonly #parts: CredSspParts;
  readonly #negotiate = negotiateMessage();
  readonly #nonce: Buffer;
  #phase: Phase = 'challenge';
  #version = NEWEST;
  #sealing: NtlmSealing | undefined;

  constructor(parts: CredSspParts) {
    this.#parts = parts;
    this.#nonce = parts.random(32);
  }

  /** The first message. */
  begin(): CredSspStep {
    return { send: encodeTsRequest({ version: NEWEST, token: this.#negotiate }), done: false, credential: false };
  }

  /** Takes a whole message of the server; throws RdpFormatError, or CredSspRefused. */
  take(message: Uint8Array): CredSspStep {
    const request = decodeTsRequest(message);
    if (request.errorCode !== undefined && request.errorCode !== 0) throw new CredSspRefused(request.errorCode);
    if (this.#phase === 'challenge') return this.#answerChallenge(request);
    if (this.#phase === 'public-key') return this.#handOver(request);
    throw new RdpFormatError('credssp: message after the end');
  }

  #answerChallenge(request: TsRequest): CredSspStep {
    if (request.version < OLDEST) throw new RdpFormatError('credssp: version too old');
    if (request.token === undefined) throw new RdpFormatError('credssp: no challenge');
    this.#version = Math.min(NEWEST, request.version);
    const { account, random, targetName, nowMs } = this.#parts;
    const sessionKey = random(16);
    const token = authenticateMessage({
      challenge: readChallenge(request.token),
      negotiate: this.#negotiate,
      account,
      clientChallenge: random(8),
      sessionKey,
      targetName,
      fileTime: fileTimeOf(nowMs),
      rc4: (key, bytes) => new Rc4(key).take(bytes),
    });
    this.#sealing = new NtlmSealing(sessionKey);
    const pubKeyAuth = this.#sealing.seal(this.#hashed ? this.#binding('Client-To-Server') : this.#parts.publicKey);
    this.#phase = 'public-key';
    return { send: encodeTsRequest({ version: NEWEST, token, pubKeyAuth, ...(this.#hashed ? { clientNonce: this.#nonce } : {}) }), done: false, credential: true };
  }

  #handOver(request: TsRequest): CredSspStep {
    const sealing = this.#sealing;
    if (sealing === undefined || request.pubKeyAuth === undefined) throw new RdpFormatError('credssp: no proof of the key');
    const proof = sealing.open(request.pubKeyAuth);
    const expected = this.#hashed ? this.#binding('Server-To-Client') : plusOne(this.#parts.publicKey);
    if (proof.length !== expected.length || !timingSafeEqual(proof, expected)) throw new RdpFormatError('credssp: proof of another key');
    this.#phase = 'done';
    const { domain, userName, password } = this.#parts.account;
    return { send: encodeTsRequest({ version: NEWEST, authInfo: sealing.seal(passwordCredentials(domain, userName, password)) }), done: true, credential: true };
  }

  get #hashed(): boolean {
    return this.#version >= HASHED_FROM;
  }

  #binding(direction: 'Client-To-Server' | 'Server-To-Client'): Buffer {
    return createHash('sha256').update(`CredSSP ${direction} Binding Hash\0`, 'latin1').update(this.#nonce).update(this.#parts.publicKey).digest();
  }
}

/** The key plus one, as a little-endian number (MS-CSSP 3.1.5, versions 2 to 4): one that ends in 0xFF carries. */
function plusOne(key: Buffer): Buffer {
  const more = Buffer.from(key);
  for (let at = 0; at < more.length; at += 1) {
    more[at] = ((more[at] ?? 0) + 1) & 0xff;
    if (more[at] !== 0) break;
  }
  return more;
}
