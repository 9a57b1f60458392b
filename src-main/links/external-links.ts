import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { Log } from '../logging/log.ts';

/** Longer addresses are not for people. */
const MAX_LINK_LENGTH = 2000;

/** What is asked before a link is opened. `target` is the address as it will be opened: host in its ASCII form, nothing hidden. */
export interface LinkQuestion {
  readonly target: string;
  readonly host: string;
}

export interface ExternalLinksParts {
  /** The one use of Electron's `shell.openExternal` in this program (E15). */
  readonly openExternal: (url: string) => Promise<void>;
  /** Asks the user; true to open. */
  readonly ask: (question: LinkQuestion) => Promise<boolean>;
  readonly log: Log;
}

/** A link from a page or from a terminal as an address that may be opened: https, a host, no user name or password in it. Throws `client.link-refused`. */
export function openableLink(text: string): URL {
  if (text.length > MAX_LINK_LENGTH || !URL.canParse(text)) throw new MavisError('client.link-refused');
  const url = new URL(text);
  const hides = url.username !== '' || url.password !== '';
  if (url.protocol !== 'https:' || url.host === '' || hides) throw new MavisError('client.link-refused');
  return url;
}

/** Opens links in the user's browser: https only, after the user has seen the true target and agreed. */
export class ExternalLinks {
  readonly #parts: ExternalLinksParts;
  #asking = false;

  constructor(parts: ExternalLinksParts) {
    this.#parts = parts;
  }

  /** Whether the link was opened; false where the user declined or another question stands. Throws `client.link-refused`. */
  async open(text: string): Promise<boolean> {
    const url = openableLink(text);
    // One question at a time: a page that floods main with links gets one dialog, not a hundred.
    if (this.#asking) return false;
    this.#asking = true;
    try {
      if (!(await this.#parts.ask({ target: url.href, host: url.host }))) return false;
      await this.#parts.openExternal(url.href);
      this.#parts.log.info('link opened');
      return true;
    } finally {
      this.#asking = false;
    }
  }
}
