import { createHash, randomInt, timingSafeEqual } from 'node:crypto';
import { PASSWORD_LETTERS } from '../../shared/vnc/vnc-auth-key.ts';

/** Crockford's base 32, in which no two letters look alike. */
const LETTERS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const GROUP_LETTERS = 5;
const LETTERS_OF = {
  /** 125 bits. */
  long: 25,
  /** All that VncAuth looks at: 40 bits, of which ten tries find one in 10^11. */
  short: PASSWORD_LETTERS,
} as const;
/** Wrong ones in all: a person pastes it wrong a few times; nobody guesses it in ten thousand, but somebody who tries is noticed. */
const MOST_WRONG = 10;

/** A password that lets one program in, once. */
export class OneTimePassword {
  /** To be shown to the user, once. */
  readonly text: string;
  readonly #onGuessed: (count: number) => void;
  #used = false;
  #wrong = 0;

  /** @param onGuessed called when so many wrong ones were tried that none is taken any more */
  constructor(onGuessed: (count: number) => void, length: keyof typeof LETTERS_OF = 'long') {
    this.#onGuessed = onGuessed;
    const letters = Array.from({ length: LETTERS_OF[length] }, () => LETTERS[randomInt(LETTERS.length)]).join('');
    this.text = length === 'short' ? letters : Array.from({ length: letters.length / GROUP_LETTERS }, (_, group) => letters.slice(group * GROUP_LETTERS, (group + 1) * GROUP_LETTERS)).join('-');
  }

  /** Whether a password is the one; true once at most, and never after too many wrong ones. */
  take(password: string): boolean {
    return this.takeWhere((text) => timingSafeEqual(digest(password.trim()), digest(text)));
  }

  /** The same where something else than the password itself shows that it is known; `holds` compares in constant time. */
  takeWhere(holds: (password: string) => boolean): boolean {
    if (this.#used || this.#wrong >= MOST_WRONG) return false;
    if (holds(this.text)) {
      this.#used = true;
      return true;
    }
    this.#wrong += 1;
    if (this.#wrong >= MOST_WRONG) this.#onGuessed(this.#wrong);
    return false;
  }
}

/** Of equal length for every text. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
