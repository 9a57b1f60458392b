import ssh2, { type AnyAuthMethod, type AuthenticationType, type Prompt as SshPrompt } from 'ssh2';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { GrantedCredential } from '../../shared/link/messages.ts';
import type { SessionPolicy } from '../../shared/policy/session-policy.ts';
import { askSignOn } from '../sessions/ask-sign-on.ts';
import type { SignOnRequest } from '../sessions/protocol-handler.ts';
import { sessionWork } from '../sessions/session-work.ts';
import { shownText } from './foreign-text.ts';

/** A server that asks more often is not signing anyone on. */
const MOST_ROUNDS = 10;
const MOST_PROMPTS = 20;

export interface SignOnAttemptsParts {
  readonly credential: GrantedCredential;
  readonly policy: Pick<SessionPolicy, 'promptsReachUser'>;
  readonly ask: SignOnRequest['ask'];
  /** A private key's text without its passphrase. */
  readonly openKey: (privateKey: string, passphrase: string) => Promise<string>;
  readonly credentialSent: () => void;
  /** A prompt of the target cannot be answered, or the user left. */
  readonly failed: (error: unknown) => void;
  /** Called around each question to the user: the target's time does not run meanwhile. */
  readonly asking: (waiting: boolean) => void;
}

type Secret = { readonly kind: 'password'; readonly password: string } | { readonly kind: 'private-key'; readonly key: ssh2.ParsedKey };

/**
 * What is tried to sign on, in order, and when to stop: a refused secret is never tried a second time, because target
 * accounts lock (rule 4). `next` gives the next method, false where there is none, and rejects with a MavisError.
 */
export class SignOnAttempts {
  readonly #parts: SignOnAttemptsParts;
  #tried: AuthenticationType[] = [];
  #userName = '';
  #secret: Secret | undefined;
  #passwordUsed = false;
  #partial = false;
  #rounds = 0;

  constructor(parts: SignOnAttemptsParts) {
    this.#parts = parts;
  }

  /** `left` are the ways that the target still offers (undefined before the first try), `partial` whether it took the last. */
  async next(left: readonly AuthenticationType[] | undefined, partial: boolean): Promise<AnyAuthMethod | false> {
    this.#secret ??= await this.#takeSecret();
    this.#partial ||= partial;
    const type = this.#choose(left, partial, this.#secret);
    if (type === undefined) return false;
    this.#tried = [...this.#tried, type];
    return this.#method(type, this.#secret);
  }

  #choose(left: readonly AuthenticationType[] | undefined, partial: boolean, secret: Secret): AuthenticationType | undefined {
    const first = secret.kind === 'password' ? 'password' : 'publickey';
    if (left === undefined) return first;
    // The target knows the way and did not take the secret: it was refused.
    if (!partial && left.includes(first)) return undefined;
    const further = left.includes('keyboard-interactive') && !this.#tried.includes('keyboard-interactive');
    return further && (partial || secret.kind === 'password') ? 'keyboard-interactive' : undefined;
  }

  #method(type: AuthenticationType, secret: Secret): AnyAuthMethod {
    if (type === 'keyboard-interactive') {
      return { type, username: this.#userName, prompt: (name, instruction, _language, prompts, finish) => sessionWork(this.#answer(name, instruction, prompts, finish), this.#parts.failed) };
    }
    this.#parts.credentialSent();
    if (secret.kind === 'private-key') return { type: 'publickey', username: this.#userName, key: secret.key };
    this.#passwordUsed = true;
    return { type: 'password', username: this.#userName, password: secret.password };
  }

  async #takeSecret(): Promise<Secret> {
    const { credential } = this.#parts;
    if (credential.kind === 'ask-user') return await this.#askSecret(credential.userName);
    this.#userName = credential.userName;
    if (credential.kind === 'password') return { kind: 'password', password: credential.password };
    const key = ssh2.utils.parseKey(await this.#keyText(credential));
    const parsed = Array.isArray(key) ? key[0] : key;
    // What was wrong with the key is not logged: a parser's message may quote it.
    if (parsed === undefined || parsed instanceof Error || !parsed.isPrivateKey()) throw new MavisError('credential.key-unreadable');
    return { kind: 'private-key', key: parsed };
  }

  /** A service of today sends no passphrase; what was stored with one before is opened beside all else, and the target waits as for a user. */
  async #keyText({ privateKey, passphrase }: GrantedCredential & { kind: 'private-key' }): Promise<string> {
    if (passphrase === undefined) return privateKey;
    this.#parts.asking(true);
    try {
      return await this.#parts.openKey(privateKey, passphrase);
    } finally {
      this.#parts.asking(false);
    }
  }

  async #askSecret(userName: string | undefined): Promise<Secret> {
    const answered = await askSignOn((prompt) => this.#ask(prompt), userName);
    this.#userName = answered.userName;
    return { kind: 'password', password: answered.password };
  }

  async #answer(name: string, instruction: string, prompts: readonly SshPrompt[], finish: (answers: string[]) => void): Promise<void> {
    try {
      const answers = await this.#answers(name, instruction, prompts);
      this.#parts.credentialSent();
      finish(answers);
    } catch (error) {
      this.#parts.failed(error);
    }
  }

  async #answers(name: string, instruction: string, prompts: readonly SshPrompt[]): Promise<string[]> {
    this.#rounds += 1;
    if (this.#rounds > MOST_ROUNDS || prompts.length > MOST_PROMPTS) throw new MavisError('target.protocol-error');
    const [only] = prompts;
    // One question without echo, first of all: it asks for the password, and the user need not know it.
    if (prompts.length === 1 && only?.echo !== true && this.#secret?.kind === 'password' && !this.#passwordUsedByInteraction()) {
      this.#passwordUsed = true;
      return [this.#secret.password];
    }
    if (!this.#parts.policy.promptsReachUser && this.#parts.credential.kind !== 'ask-user') throw new MavisError('target.sign-on-refused');
    const answers = await this.#ask({
      kind: 'keyboard-interactive',
      name: shownText(name, 200),
      instruction: shownText(instruction, 2000),
      prompts: prompts.map(({ prompt, echo }) => ({ prompt: shownText(prompt, 500), echo: echo === true })),
    });
    return prompts.map((_, place) => answers[place] ?? '');
  }

  /** The password goes into an interaction once, and not where the target has taken it already by the other way. */
  #passwordUsedByInteraction(): boolean {
    return this.#rounds > 1 || (this.#passwordUsed && this.#partial);
  }

  async #ask(prompt: Parameters<SignOnRequest['ask']>[0]): Promise<readonly string[]> {
    this.#parts.asking(true);
    try {
      return await this.#parts.ask(prompt);
    } finally {
      this.#parts.asking(false);
    }
  }
}
