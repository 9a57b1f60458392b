/** What must not stand in a report, and what is put in its place. */
export interface RedactionOptions {
  /** Names of people: of the account on this computer, and of the user. */
  readonly names: readonly string[];
  /** Host names and addresses to take out as well; empty where they may stand. */
  readonly addresses: readonly string[];
  readonly hideAddresses: boolean;
}

const USER = '[user]';
const SECRET = '[secret]';

/** Home folders of all systems: the name behind them is a person's. */
const HOME = /((?:\/home|\/Users|\/var\/home|[A-Za-z]:\\{1,2}Users)[\\/]{1,2})[^\\/\s"':;,<>]+/gu;
/** Whatever is said to be a secret is one. */
const NAMED_SECRET = /((?:pass(?:word|phrase|wd)?|secret|token|ticket|authori[sz]ation|api[-_ ]?key|private[-_ ]?key|one-?time[-_ ]?(?:sign-?in|password)|cookie)["']?\s*[:=]\s*)(?:"(?:[^"\\]|\\.)*"|'[^']*'|(?:Basic|Bearer)\s+\S+|[^\s,;}"']+)/giu;
const SCHEME_SECRET = /\b(Basic|Bearer)\s+[A-Za-z0-9+/=._~-]{8,}/gu;
/** `https://name:password@host`. */
const URL_SECRET = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/giu;
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/gu;
/** 256 random bits as our tokens, tickets and resume secrets have them; fingerprints say before them what they are. */
const BARE_TOKEN = /(?<![A-Za-z0-9_+/=:-])[A-Za-z0-9_-]{43}(?![A-Za-z0-9_+/=-])/gu;
const IPV4 = /\b(?:\d{1,3}\.){3}\d{1,3}\b/gu;
const IPV6 = /(?<![\w:.])(?:[0-9a-f]{1,4}:){2,7}[0-9a-f]{0,4}(?:::?[0-9a-f]{1,4})*(?![\w:])|(?<![\w:.])::1(?![\w:])/giu;

/** Takes secrets, people's names in paths and, where asked, addresses out of a text. The same address has the same number all through. */
export class Redaction {
  readonly #options: RedactionOptions;
  readonly #numbers = new Map<string, number>();

  constructor(options: RedactionOptions) {
    this.#options = options;
  }

  text(value: string): string {
    const { names, addresses, hideAddresses } = this.#options;
    let text = value
      .replaceAll(PRIVATE_KEY, SECRET)
      .replaceAll(URL_SECRET, `$1${SECRET}@`)
      .replaceAll(NAMED_SECRET, `$1${SECRET}`)
      .replaceAll(SCHEME_SECRET, `$1 ${SECRET}`)
      .replaceAll(BARE_TOKEN, SECRET)
      .replaceAll(HOME, `$1${USER}`);
    // A name of two letters is a part of too many words.
    for (const name of names) if (name.length > 2) text = text.replaceAll(new RegExp(`(?<![\\p{L}\\p{N}])${escaped(name)}(?![\\p{L}\\p{N}])`, 'giu'), USER);
    if (!hideAddresses) return text;
    for (const address of addresses.toSorted((a, b) => b.length - a.length)) if (address !== '') text = text.replaceAll(address, () => this.#numbered(address));
    return text.replaceAll(IPV4, (found) => this.#numbered(found)).replaceAll(IPV6, (found) => this.#numbered(found));
  }

  /** The same for every text in a value of JSON; keys stay. */
  value<T>(value: T): T {
    return JSON.parse(JSON.stringify(value), (key: string, one: unknown) => (typeof one === 'string' && !KEPT.has(key) ? this.text(one) : one)) as T;
  }

  #numbered(address: string): string {
    const number = this.#numbers.get(address) ?? this.#numbers.size + 1;
    this.#numbers.set(address, number);
    return `[address ${number}]`;
  }
}

/** What is ours to write and says nothing of anybody; a time would look like an address of the sixth version. */
const KEPT: ReadonlySet<string> = new Set(['at', 'startedAt', 'validUntil', 'confirmedAt', 'firstAt', 'lastAt']);

/** For an expression with the flag u, which takes no escape that says nothing, such as that of a hyphen. */
function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
