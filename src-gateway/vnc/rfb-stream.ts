/** What a grammar of RFB wants next of the bytes that come. */
export type Want =
  /** So many bytes, whole, to look at; they go on by themselves. */
  | { readonly want: 'look'; readonly bytes: number }
  /** So many bytes, whole, to decide on: they go on only where the grammar sends them. */
  | { readonly want: 'hold'; readonly bytes: number }
  /** So many bytes go on unread; `seen` is given them as they come. */
  | { readonly want: 'pass'; readonly bytes: number; readonly seen?: Seen | undefined }
  /** So many bytes go nowhere. */
  | { readonly want: 'drop'; readonly bytes: number }
  /** Nothing: one message is over, and the next has not begun. */
  | { readonly want: 'between'; readonly bytes: 0 };

/** Looks at bytes that go on; keeps none of them but as a copy. */
export type Seen = (piece: Buffer) => void;

/** A grammar: yields what it wants, is given the bytes (none for `pass` and `drop`), and never ends. Throws for what breaks its rules. */
export type Grammar = Generator<Want, never, Buffer>;

export const look = (bytes: number): Want => ({ want: 'look', bytes });
export const hold = (bytes: number): Want => ({ want: 'hold', bytes });
export const pass = (bytes: number, seen?: Seen): Want => ({ want: 'pass', bytes, seen });
export const drop = (bytes: number): Want => ({ want: 'drop', bytes });
export const between: Want = { want: 'between', bytes: 0 };

/** Is told of what goes on, and of each place between two messages, in order. */
export interface RfbTap {
  readonly went: (bytes: Buffer) => void;
  readonly between: () => void;
}

const NOTHING = Buffer.alloc(0);

/**
 * Runs a grammar over bytes that come in any pieces, and gives those that go on. Long stretches are not copied: what goes on of a
 * piece goes on as views of it. It holds no more than the grammar looks at or decides on at once.
 */
export class RfbStream {
  readonly #grammar: Grammar;
  #wants: Want;
  /** What has come of the bytes that are wanted whole. */
  #held: Buffer[] = [];
  #takenBytes = 0;
  #out: Buffer[] = [];
  /** The piece that is being read, and from where in it bytes are to go on that have not yet. */
  #piece: Buffer = NOTHING;
  #from = 0;
  #at = 0;
  readonly #tap: RfbTap | undefined;

  /** @param grammar is given what sends bytes on, for those that it held or made itself */
  constructor(grammar: (send: (bytes: Buffer) => void) => Grammar, tap?: RfbTap) {
    this.#tap = tap;
    this.#grammar = grammar((bytes) => this.#send(bytes));
    this.#wants = this.#grammar.next(NOTHING).value;
    this.#skipEmpty();
  }

  /** What goes on of these bytes and of those held before. Throws what the grammar throws; then nothing of the piece goes on. */
  push(piece: Buffer): readonly Buffer[] {
    return this.read(piece, Number.POSITIVE_INFINITY).passed;
  }

  /**
   * What goes on of these bytes and of those held before, as far as so many wants of the grammar go: `rest` is what has not been read
   * and comes first the next time. Throws as `push` does.
   */
  read(piece: Buffer, mostWants: number): { readonly passed: readonly Buffer[]; readonly rest: Buffer } {
    this.#piece = piece;
    this.#from = 0;
    this.#at = 0;
    this.#out = [];
    for (let wants = 0; this.#at < piece.length && wants < mostWants; wants += 1) this.#take(Math.min(this.#wants.bytes - this.#takenBytes, piece.length - this.#at));
    this.#flush();
    this.#piece = NOTHING;
    return { passed: this.#out, rest: piece.subarray(this.#at) };
  }

  #take(bytes: number): void {
    const { want, bytes: wanted } = this.#wants;
    if (this.#wants.want === 'pass') this.#wants.seen?.(this.#piece.subarray(this.#at, this.#at + bytes));
    if (want === 'hold' || want === 'drop') this.#flush();
    // A copy: the rest may come much later, and would keep the whole piece.
    if (want === 'hold' || want === 'look') this.#held.push(Buffer.from(this.#piece.subarray(this.#at, this.#at + bytes)));
    this.#at += bytes;
    if (want === 'hold' || want === 'drop') this.#from = this.#at;
    this.#takenBytes += bytes;
    if (this.#takenBytes === wanted) this.#advance();
  }

  #advance(): void {
    const [only = NOTHING] = this.#held;
    const whole = this.#held.length <= 1 ? only : Buffer.concat(this.#held);
    this.#held = [];
    this.#takenBytes = 0;
    this.#wants = this.#grammar.next(whole).value;
    this.#skipEmpty();
  }

  #skipEmpty(): void {
    while (this.#wants.bytes === 0) {
      if (this.#wants.want === 'between') this.#betweenMessages();
      this.#wants = this.#grammar.next(NOTHING).value;
    }
  }

  #betweenMessages(): void {
    if (this.#tap === undefined) return;
    this.#flush();
    this.#tap.between();
  }

  #send(bytes: Buffer): void {
    this.#flush();
    if (bytes.length > 0) this.#goOn(bytes);
  }

  /** Sends on what has been read of the piece and goes on by itself. */
  #flush(): void {
    if (this.#at > this.#from) this.#goOn(this.#piece.subarray(this.#from, this.#at));
    this.#from = this.#at;
  }

  #goOn(bytes: Buffer): void {
    this.#out.push(bytes);
    this.#tap?.went(bytes);
  }
}
