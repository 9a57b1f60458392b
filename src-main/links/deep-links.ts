import type { ResourceSummary } from '../../shared/api/resources.ts';
import { asMavisError, MavisError } from '../../shared/errors/mavis-error.ts';
import type { Protocol, ResourceId } from '../../shared/ids.ts';
import type { Log } from '../logging/log.ts';
import { type DeepLink, linkAmong, readDeepLink } from './deep-link.ts';

/** What is asked before a link connects. */
export interface DeepLinkQuestion {
  /** The resource's name as the service gives it, fit for one line. */
  readonly resourceName: string;
  readonly protocol: Protocol;
}

export interface DeepLinksParts {
  /** Whether the organisation lets links in. */
  readonly allowed: boolean;
  /** Whether the user is signed in and the resources are there to look in. */
  readonly ready: () => boolean;
  readonly find: (resourceId: ResourceId) => Promise<Pick<ResourceSummary, 'name' | 'protocols'>>;
  /** Brings the main window forward: the question is its, and where nobody is signed in, the sign-in page. */
  readonly showMain: () => void;
  readonly ask: (question: DeepLinkQuestion) => Promise<boolean>;
  /** Begins to connect, as the page's own button does. */
  readonly connect: (link: DeepLink) => Promise<unknown>;
  readonly tell: (error: MavisError) => Promise<void>;
  /** Milliseconds that only go forward. */
  readonly monotonic: () => number;
  readonly log: Log;
}

/** How long a link waits for somebody to sign in; after that nobody expects its question any more. */
const WAITING_LIMIT_MS = 10 * 60 * 1000;
/** A name longer than that would push the question's buttons off a small screen. */
const MAX_NAME_LENGTH = 120;

/**
 * Links from other programs and pages. Anybody can make one, so each only leads to a question, whose answer by default is no. One
 * question stands at a time; links that come meanwhile are dropped, so that a page cannot wear the user down. Without a sign-in the
 * newest waits for it.
 */
export class DeepLinks {
  readonly #parts: DeepLinksParts;
  #waiting: { readonly link: DeepLink; readonly since: number } | undefined;
  #asking = false;

  constructor(parts: DeepLinksParts) {
    this.#parts = parts;
  }

  /** Takes the link among a command line's words, if there is one: of this start, or of a second one. */
  openAmong(words: readonly string[]): void {
    const text = linkAmong(words);
    if (text !== undefined) this.open(text);
  }

  /** Takes a link; what is not of the form is noted in the log and nothing else. */
  open(text: string): void {
    const { allowed, log, monotonic, showMain } = this.#parts;
    if (!allowed) {
      log.warn('link ignored: switched off by policy');
      return;
    }
    const link = readDeepLink(text);
    if (link === undefined || this.#asking) {
      log.warn(link === undefined ? 'link ignored: not of the form' : 'link ignored: another one is being asked about');
      return;
    }
    this.#waiting = { link, since: monotonic() };
    showMain();
    this.proceed();
  }

  /** Asks about the link that waits, once that can be done; to be called when `ready` may have become true. */
  proceed(): void {
    const waiting = this.#waiting;
    if (waiting === undefined || this.#asking || !this.#parts.ready()) return;
    this.#waiting = undefined;
    if (this.#parts.monotonic() - waiting.since > WAITING_LIMIT_MS) return;
    this.#asking = true;
    this.#follow(waiting.link)
      .catch((error: unknown) => this.#parts.tell(asMavisError(error)))
      .catch((error: unknown) => this.#parts.log.error('failure of a link not told', {}, error))
      .finally(() => {
        this.#asking = false;
      });
  }

  async #follow(link: DeepLink): Promise<void> {
    const { find, ask, connect, log } = this.#parts;
    const { name, protocols } = await find(link.resourceId);
    if (!protocols.includes(link.protocol)) throw new MavisError('resource.protocol-unknown', { protocol: link.protocol });
    const agreed = await ask({ resourceName: name.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '').slice(0, MAX_NAME_LENGTH), protocol: link.protocol });
    log.info(agreed ? 'link followed' : 'link declined', { resourceId: link.resourceId });
    if (agreed) await connect(link);
  }
}

/** Holds the link that the system gives before there is anything to open it with; the newest, where it gives several. */
export class EarlyLinks {
  #held: string | undefined;
  #open: ((link: string) => void) | undefined;

  give(link: string): void {
    if (this.#open) this.#open(link);
    else this.#held = link;
  }

  /** From here on links go to `open`, the held one at once. */
  takeBy(open: (link: string) => void): void {
    this.#open = open;
    if (this.#held !== undefined) open(this.#held);
    this.#held = undefined;
  }
}
