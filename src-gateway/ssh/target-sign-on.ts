import type { Socket } from 'node:net';
import ssh2 from 'ssh2';
import { asMavisError, MavisError } from '../../shared/errors/mavis-error.ts';
import type { Clock, Timer } from '../clock/clock.ts';
import { identityObjection } from '../sessions/identity-objection.ts';
import type { SignOnRequest } from '../sessions/protocol-handler.ts';
import { sessionWork } from '../sessions/session-work.ts';
import { targetAlgorithms } from './algorithms.ts';
import { shownText } from './foreign-text.ts';
import { hostKeyFingerprintOf } from './host-key.ts';
import type { PrivateKeyOpener } from './private-key-opener.ts';
import { SignOnAttempts } from './sign-on-attempts.ts';
import { sealCheaply } from './ssh2-internals.ts';
import { TargetAgent } from './target-agent.ts';

/** Banner and key exchange take three round trips; a server that needs longer is not there. */
const HANDSHAKE_LIMIT_MS = 8000;
/** One answer of the sign-on: PAM waits up to three seconds after a wrong password. */
const ANSWER_LIMIT_MS = 10_000;
/** How often a target that says nothing is asked whether it is there, and how many questions may go without an answer. */
export interface KeepAlive {
  readonly intervalMs: number;
  readonly most: number;
}

/** A server that is gone is noticed after a minute. */
const KEEP_ALIVE: KeepAlive = { intervalMs: 15_000, most: 3 };
/** What a target may say before the sign-on. */
const BANNER_LETTERS = 4096;

/** A target that took the sign-on. The owner ends it with `close`. */
export interface SshTarget {
  readonly client: ssh2.Client;
  readonly socket: Socket;
  readonly hostKey: string;
  /** What the target said before the sign-on, fit to be shown. */
  readonly banner: string;
  /** Stands for the user's agent, where the policy allows the target to reach it. */
  readonly agent: TargetAgent | undefined;
  /** Aborted with `target.lost` when the connection is gone. */
  readonly lost: AbortSignal;
  close(): void;
}

export interface SignOnParts {
  readonly clock: Clock;
  /** Opens keys that were stored with their passphrase. */
  readonly keys: Pick<PrivateKeyOpener, 'open'>;
  /** How a target that is gone without a word is found; within a minute where it is left out. */
  readonly keepAlive?: KeepAlive;
}

/** Signs on to a target over a socket that stands. Rejects with a MavisError of leg L4; the socket is closed then. */
export function signOnToTarget(request: SignOnRequest, { clock, keys, keepAlive = KEEP_ALIVE }: SignOnParts): Promise<SshTarget> {
  return new TargetSignOn(request, clock, keys, keepAlive).run();
}

type Phase = 'handshake' | 'sign-on' | 'signed-on' | 'over';

class TargetSignOn {
  readonly #request: SignOnRequest;
  readonly #clock: Clock;
  readonly #keepAlive: KeepAlive;
  readonly #client = new ssh2.Client();
  readonly #attempts: SignOnAttempts;
  readonly #lost = new AbortController();
  /** Aborted where the sign-on is given up: what still works for it stops. */
  readonly #givenUp = new AbortController();
  readonly #agent: TargetAgent | undefined;
  #phase: Phase = 'handshake';
  #hostKey = '';
  #banner = '';
  #objection: MavisError | undefined;
  #credentialSent = false;
  #timer: Timer | undefined;
  #settle: { resolve: (target: SshTarget) => void; reject: (error: MavisError) => void } | undefined;

  constructor(request: SignOnRequest, clock: Clock, keys: Pick<PrivateKeyOpener, 'open'>, keepAlive: KeepAlive) {
    this.#request = request;
    this.#clock = clock;
    this.#keepAlive = keepAlive;
    const { credential, policy } = request.grant;
    this.#agent = policy.agentForwarding ? new TargetAgent() : undefined;
    this.#attempts = new SignOnAttempts({
      credential,
      policy,
      ask: request.ask,
      openKey: (privateKey, passphrase) => keys.open(privateKey, passphrase, this.#givenUp.signal),
      credentialSent: () => this.#tellCredentialSent(),
      failed: (error) => this.#fail(asMavisError(error)),
      asking: (waiting) => (waiting ? this.#timer?.cancel() : this.#limit(ANSWER_LIMIT_MS)),
    });
  }

  run(): Promise<SshTarget> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      if (this.#request.signal.aborted) {
        this.#abort();
        return;
      }
      this.#request.signal.addEventListener('abort', this.#abort, { once: true });
      this.#listen();
      this.#limit(HANDSHAKE_LIMIT_MS);
      this.#connect();
    });
  }

  #listen(): void {
    this.#client.on('ready', () => this.#ready());
    this.#client.on('handshake', () => this.#shaken());
    this.#client.on('error', (error) => this.#failed(error));
    this.#client.on('close', () => this.#closed());
    this.#client.on('end', () => this.#closed());
    this.#client.on('banner', (text) => {
      if (this.#banner.length < BANNER_LETTERS) this.#banner = (this.#banner + shownText(text, BANNER_LETTERS)).slice(0, BANNER_LETTERS);
    });
    // The user would have to choose a new password for an account that is not theirs.
    this.#client.on('change password', () => this.#fail(new MavisError('target.sign-on-refused')));
  }

  #connect(): void {
    const { targetSocket } = this.#request;
    targetSocket.setNoDelay(true);
    this.#request.progress('checking-identity');
    try {
      this.#client.connect({
        sock: targetSocket,
        username: '',
        algorithms: targetAlgorithms(),
        ident: 'MAVIS-Gateway',
        readyTimeout: 0,
        keepaliveInterval: this.#keepAlive.intervalMs,
        keepaliveCountMax: this.#keepAlive.most,
        hostVerifier: (key: Buffer) => this.#verify(key),
        // For forwarding alone: the sign-on's ways are all named below, and the agent is none of them.
        ...(this.#agent === undefined ? {} : { agent: this.#agent }),
        authHandler: (left, partial, next) => sessionWork(this.#nextAttempt(left, partial, next), (error) => this.#fail(error)),
      });
    } catch (thrown) {
      this.#fail(new MavisError('target.protocol-error', {}, { cause: thrown }));
    }
  }

  /** A24: always set; without it ssh2 takes any key. Called again at each new key exchange. */
  #verify(key: Buffer): boolean {
    const fingerprint = hostKeyFingerprintOf(key);
    // After the sign-on the key may not become another, not even one that is known as well.
    const changed = this.#hostKey !== '' && this.#hostKey !== fingerprint;
    this.#objection = changed ? new MavisError('target.identity-changed', { expected: this.#hostKey, seen: fingerprint }) : identityObjection(fingerprint, this.#request.grant);
    if (this.#objection === undefined) this.#hostKey = fingerprint;
    return this.#objection === undefined;
  }

  /** Called again at each new key exchange. */
  #shaken(): void {
    sealCheaply(this.#client, this.#request.targetSocket);
    if (this.#phase !== 'handshake') return;
    this.#phase = 'sign-on';
    this.#request.progress('signing-on');
    this.#limit(ANSWER_LIMIT_MS);
  }

  /** The typings say that `left` and `partial` are always there; before the first try both are null. */
  async #nextAttempt(left: ssh2.AuthenticationType[] | null, partial: boolean | null, next: ssh2.NextAuthHandler): Promise<void> {
    this.#limit(ANSWER_LIMIT_MS);
    try {
      const method = await this.#attempts.next(left ?? undefined, partial === true);
      if (this.#phase === 'over') return;
      if (method === false) throw new MavisError('target.sign-on-refused');
      next(method);
    } catch (error) {
      this.#fail(asMavisError(error));
    }
  }

  #tellCredentialSent(): void {
    if (this.#credentialSent) return;
    this.#credentialSent = true;
    this.#request.credentialSent();
  }

  #ready(): void {
    if (this.#phase === 'over') return;
    this.#phase = 'signed-on';
    this.#stopWaiting();
    this.#request.progress('signed-on');
    this.#settle?.resolve({ client: this.#client, socket: this.#request.targetSocket, hostKey: this.#hostKey, banner: this.#banner, agent: this.#agent, lost: this.#lost.signal, close: () => this.#close() });
  }

  #failed(error: Error & ssh2.ClientErrorExtensions): void {
    if (this.#phase === 'signed-on') this.#lost.abort(this.#objection ?? new MavisError('target.lost', {}, { cause: error }));
    else this.#fail(this.#errorOf(error));
  }

  #closed(): void {
    if (this.#phase === 'signed-on') this.#lost.abort(this.#objection ?? new MavisError('target.lost'));
    else this.#fail(this.#objection ?? new MavisError(this.#credentialSent ? 'target.lost' : 'target.protocol-error'));
  }

  #errorOf(error: Error & ssh2.ClientErrorExtensions): MavisError {
    if (this.#objection !== undefined) return this.#objection;
    const options = { cause: error };
    if (error.level === 'client-authentication') return new MavisError('target.sign-on-refused', {}, options);
    if (/^Handshake failed: no matching/i.test(error.message)) return new MavisError('target.no-common-algorithm', {}, options);
    // A disconnect by the target during the sign-on ("too many authentication failures") is a refusal.
    if (this.#credentialSent && error.level === undefined) return new MavisError('target.sign-on-refused', {}, options);
    return new MavisError(this.#credentialSent ? 'target.lost' : 'target.protocol-error', {}, options);
  }

  #fail(error: MavisError): void {
    if (this.#phase === 'over') return;
    if (this.#phase === 'signed-on') {
      this.#lost.abort(error);
      return;
    }
    this.#phase = 'over';
    this.#stopWaiting();
    this.#givenUp.abort(error);
    this.#close();
    this.#settle?.reject(error);
  }

  #close(): void {
    this.#client.end();
    this.#request.targetSocket.destroySoon();
    // A target that does not take the goodbye is not waited for.
    this.#clock.setTimer(() => this.#request.targetSocket.destroy(), 1000);
  }

  readonly #abort = (): void => this.#fail(this.#request.signal.reason instanceof MavisError ? this.#request.signal.reason : new MavisError('connect.cancelled'));

  #limit(milliseconds: number): void {
    this.#timer?.cancel();
    if (this.#phase === 'signed-on' || this.#phase === 'over') return;
    this.#timer = this.#clock.setTimer(() => this.#fail(new MavisError('target.time-out')), milliseconds);
  }

  #stopWaiting(): void {
    this.#timer?.cancel();
    this.#request.signal.removeEventListener('abort', this.#abort);
  }
}
