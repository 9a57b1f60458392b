import { z } from 'zod';
import { asMavisError, MavisError } from '../../shared/errors/mavis-error.ts';
import type { Log } from '../logging/log.ts';
import type { JsonFile } from '../stored-files/json-file.ts';
import type { OwnedStore } from '../stores/owned-store.ts';
import type { SecretStore } from './secret-store.ts';
import { type ProxyCredentials, proxyCredentials } from './way-out.ts';

/** Nobody sits before a question for longer. */
const QUESTION_LIMIT_MS = 5 * 60_000;
/** Who said no is not asked again by what runs by itself (the event stream) for so long. */
const DECLINED_MS = 60_000;
/** More proxies than anybody passes through. */
const MAX_KEPT = 50;

const keptSignOns = z.object({ items: z.array(z.object({ proxy: z.string().max(300), sealed: z.string().max(8192) })).max(MAX_KEPT) });

export interface ProxySignOnParts {
  /** What windows show: the question that waits. */
  readonly store: OwnedStore<'network'>;
  readonly secrets: SecretStore;
  readonly file: Pick<JsonFile, 'write'>;
  readonly newId: () => string;
  /** Milliseconds of a clock that never jumps. */
  readonly monotonic: () => number;
  readonly log: Log;
}

interface Question {
  readonly id: string;
  readonly proxy: string;
  readonly refused: boolean;
  readonly answered: PromiseWithResolvers<boolean>;
  readonly limit: NodeJS.Timeout;
}

/**
 * Names and passwords for the network's proxies: in memory, and where the user wants it sealed in the system's secret store;
 * never in clear on disk, in a log or in a page. Asks the user when a proxy wants to know, one question for a proxy at a time.
 */
export class ProxySignOn {
  readonly #parts: ProxySignOnParts;
  readonly #known = new Map<string, ProxyCredentials>();
  readonly #sealed = new Map<string, string>();
  readonly #questions: Question[] = [];
  readonly #declinedAt = new Map<string, number>();

  constructor(parts: ProxySignOnParts) {
    this.#parts = parts;
  }

  /** Takes what stood in the file. */
  load(stored: unknown): void {
    const parsed = keptSignOns.safeParse(stored);
    for (const { proxy, sealed } of parsed.success ? parsed.data.items : []) this.#sealed.set(proxy, sealed);
  }

  /** What is known for a proxy (`host:port`): always the same object until it changes. */
  find(proxy: string): ProxyCredentials | null {
    const known = this.#known.get(proxy);
    if (known) return known;
    const sealed = this.#sealed.get(proxy);
    if (sealed === undefined) return null;
    try {
      const opened = proxyCredentials.parse(JSON.parse(this.#parts.secrets.open(sealed)));
      this.#known.set(proxy, opened);
      return opened;
    } catch (error) {
      this.#parts.log.warn('kept sign-on of a proxy not read', { code: asMavisError(error).code }, error);
      this.#sealed.delete(proxy);
      return null;
    }
  }

  /**
   * A proxy refused what it was shown (`used`, null for nothing): asks the user, and resolves with whether there is something
   * new to show. True at once where that came meanwhile; false where the user does not want to say.
   */
  async renew(proxy: string, used: ProxyCredentials | null): Promise<boolean> {
    const known = this.find(proxy);
    if (known !== null && known.userName + known.password !== (used?.userName ?? '') + (used?.password ?? '')) return true;
    const waiting = this.#questions.find((question) => question.proxy === proxy);
    if (waiting) return waiting.answered.promise;
    if (this.#parts.monotonic() - (this.#declinedAt.get(proxy) ?? Number.NEGATIVE_INFINITY) < DECLINED_MS) return false;
    if (known) await this.#forget(proxy);
    const question: Question = { id: this.#parts.newId(), proxy, refused: used !== null, answered: Promise.withResolvers<boolean>(), limit: setTimeout(() => this.#close(question, false), QUESTION_LIMIT_MS) };
    question.limit.unref();
    this.#questions.push(question);
    this.#show();
    return question.answered.promise;
  }

  /** The user acts: what he declined before may be asked again. */
  allowAsking(): void {
    this.#declinedAt.clear();
  }

  /** The user's answer, null for none. Throws `request.not-found`, and `client.secret-store-unavailable` where it was to be kept and cannot be: the question stays. */
  async answer(questionId: string, answer: (ProxyCredentials & { readonly keep: boolean }) | null): Promise<void> {
    const question = this.#questions.find(({ id }) => id === questionId);
    if (!question) throw new MavisError('request.not-found');
    const { proxy } = question;
    if (answer === null) {
      this.#declinedAt.set(proxy, this.#parts.monotonic());
      this.#close(question, false);
      return;
    }
    const { userName, password, keep } = answer;
    if (keep) {
      this.#sealed.set(proxy, this.#parts.secrets.seal(JSON.stringify({ userName, password })));
      await this.#save();
    }
    this.#known.set(proxy, { userName, password });
    this.#close(question, true);
  }

  /** Ends all questions. */
  stop(): void {
    for (const question of [...this.#questions]) this.#close(question, false);
  }

  #close(question: Question, renewed: boolean): void {
    clearTimeout(question.limit);
    const place = this.#questions.indexOf(question);
    if (place < 0) return;
    this.#questions.splice(place, 1);
    this.#show();
    question.answered.resolve(renewed);
  }

  #show(): void {
    const [first] = this.#questions;
    this.#parts.store.replace({ proxyQuestion: first === undefined ? null : { id: first.id, proxy: first.proxy, refused: first.refused, canKeep: this.#parts.secrets.available } });
  }

  async #forget(proxy: string): Promise<void> {
    this.#known.delete(proxy);
    if (this.#sealed.delete(proxy)) await this.#save().catch((error: unknown) => this.#parts.log.warn('file of proxies not written', {}, error));
  }

  async #save(): Promise<void> {
    const items = [...this.#sealed].slice(-MAX_KEPT).map(([proxy, sealed]) => ({ proxy, sealed }));
    await this.#parts.file.write({ items });
  }
}
