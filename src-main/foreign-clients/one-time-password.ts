import { createHash, randomInt, timingSafeEqual } from 'node:crypto';

/** Crockford's base 32, in which no two letters look alike. */
const LETTERS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const GROUPS = 5;
const GROUP_LETTERS = 5;
/** Wrong ones in all: a person pastes it wrong a few times; 125 bits are not guessed in ten thousand, but somebody who tries is noticed. */
const MOST_WRONG = 10;

/** A password that lets one program in, once. */
export class OneTimePassword {
  /** To be shown to the user, once. */
  readonly text: string;
  readonly #onGuessed: (count: number) => void;
  #used = false;
  #wrong = 0;

  /** @param onGuessed called when so many wrong ones were tried that none is taken any more */
  constructor(onGuessed: (count: number) => void) {
    this.#onGuessed = onGuessed;
    const letters = Array.from({ length: GROUPS * GROUP_LETTERS }, () => LETTERS[randomInt(LETTERS.length)]).join('');
    this.text = (letters.match(/.{5}/g) ?? []).join('-');
  }

  /** Whether a password is the one; true once at most, and never after too many wrong ones. */
  take(password: string): boolean {
    if (this.#used || this.#wrong >= MOST_WRONG) return false;
    if (timingSafeEqual(digest(password.trim()), digest(this.text))) {
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
