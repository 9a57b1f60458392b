import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { Log } from '../logging/log.ts';

/** Longer addresses are not for people. */
const MAX_LINK_LENGTH = 2000;

/** What is asked before a link is opened. `target` is the address as it will be opened: host in its ASCII form, nothing hidden. */
export interface LinkQuestion {
  readonly target: string;
  readonly host: string;
  /** The text that stood there, fit to be shown, where it was another one; the target's word, not ours. */
  readonly shown: string | null;
}

/** What the user chose. */
export type LinkAnswer = 'open' | 'copy' | 'cancel';

export interface ExternalLinksParts {
  /** The one use of Electron's `shell.openExternal` in this program (E15). */
  readonly openExternal: (url: string) => Promise<void>;
  readonly ask: (question: LinkQuestion) => Promise<LinkAnswer>;
  readonly copy: (text: string) => Promise<void>;
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

/** As much of a link's text as a question has room for. */
const MAX_SHOWN_LENGTH = 200;

/** A link's text without what hides or turns letters, or null where it says the same as the target. */
function differingText(shown: string, url: URL): string | null {
  const text = shown.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '').trim();
  const same = URL.canParse(text) && new URL(text).href === url.href;
  return text === '' || same ? null : text.slice(0, MAX_SHOWN_LENGTH);
}

/** Opens links in the user's browser: https only, after the user has seen the true target and agreed. */
export class ExternalLinks {
  readonly #parts: ExternalLinksParts;
  #asking = false;

  constructor(parts: ExternalLinksParts) {
    this.#parts = parts;
  }

  /** Whether the link was opened; false where the user declined or another question stands. `shown` is the text that was pressed. Throws `client.link-refused`. */
  async open(text: string, shown = ''): Promise<boolean> {
    const url = openableLink(text);
    // One question at a time: a page that floods main with links gets one dialog, not a hundred.
    if (this.#asking) return false;
    this.#asking = true;
    try {
      const answer = await this.#parts.ask({ target: url.href, host: url.host, shown: differingText(shown, url) });
      if (answer === 'copy') await this.#parts.copy(url.href);
      if (answer !== 'open') return false;
      await this.#parts.openExternal(url.href);
      this.#parts.log.info('link opened');
      return true;
    } finally {
      this.#asking = false;
    }
  }
}
