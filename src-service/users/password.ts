import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { MavisError } from '../../shared/errors/mavis-error.ts';

const derive = promisify(argon2);

/**
 * OWASP's second choice for argon2id (19 MiB, two passes, one lane): about 25 ms on one core. Sixteen sign-ins at once take
 * 300 MiB; 64 MiB each would be stronger and let a handful of strangers fill a small server's memory.
 */
const PARAMETERS = { memory: 19_456, passes: 2, parallelism: 1, tagLength: 32 } as const;
/** As many derivations at once as libuv has threads for; more would only hold more memory. */
const MAX_AT_ONCE = 4;
/** Who waits behind so many waits longer than a second; better told to come back. */
const MAX_WAITING = 60;

/** Hashes and checks passwords: argon2id in PHC form, a bounded number at once. */
export class Passwords {
  #running = 0;
  readonly #waiting: (() => void)[] = [];
  /** Compared with for users that do not exist or have no password, so that it takes as long. */
  #nobody: Promise<string> | undefined;

  /** A new hash of a password, under a random salt. */
  async hash(password: string): Promise<string> {
    const nonce = randomBytes(16);
    const tag = await this.#limited(() => derive('argon2id', { message: Buffer.from(password.normalize('NFC')), nonce, ...PARAMETERS }));
    return `$argon2id$v=19$m=${String(PARAMETERS.memory)},t=${String(PARAMETERS.passes)},p=${String(PARAMETERS.parallelism)}$${unpadded(nonce)}$${unpadded(tag)}`;
  }

  /** Whether a password is the one of `hash`; for null as much work, then false. */
  async verify(hash: string | null, password: string): Promise<boolean> {
    this.#nobody ??= this.hash(randomBytes(16).toString('base64url'));
    const parsed = parsePhc(hash ?? (await this.#nobody));
    const tag = await this.#limited(() => derive('argon2id', { message: Buffer.from(password.normalize('NFC')), nonce: parsed.nonce, memory: parsed.memory, passes: parsed.passes, parallelism: parsed.parallelism, tagLength: parsed.tag.length }));
    return timingSafeEqual(tag, parsed.tag) && hash !== null;
  }

  async #limited<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= MAX_AT_ONCE) {
      if (this.#waiting.length >= MAX_WAITING) throw new MavisError('request.too-many', { seconds: 2 });
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else this.#running += 1;
    try {
      return await work();
    } finally {
      // The place is handed on, or given back where nobody waits.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}

const PHC = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,64})\$([A-Za-z0-9+/]{16,128})$/;

function parsePhc(hash: string): { memory: number; passes: number; parallelism: number; nonce: Buffer; tag: Buffer } {
  const [, memory, passes, parallelism, nonce, tag] = PHC.exec(hash) ?? [];
  if (nonce === undefined || tag === undefined) throw new Error('a stored password hash is not of the form');
  return { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism), nonce: Buffer.from(nonce, 'base64'), tag: Buffer.from(tag, 'base64') };
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}

/** Letters and digits that are not taken for one another when read aloud or copied by hand. */
const READABLE = 'abcdefghjkmnpqrstuvwxyzACDEFGHJKLMNPQRTUVWXY34679';

/** A one-time password: 20 letters in four groups, over 110 random bits. */
export function newOneTimePassword(): string {
  const letters: string[] = [];
  while (letters.length < 20) for (const byte of randomBytes(32)) {
    // Bytes beyond the last whole multiple would make the first letters likelier.
    if (byte < READABLE.length * Math.floor(256 / READABLE.length) && letters.length < 20) letters.push(READABLE[byte % READABLE.length] ?? '');
  }
  return [0, 5, 10, 15].map((start) => letters.slice(start, start + 5).join('')).join('-');
}
