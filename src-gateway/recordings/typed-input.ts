/** The echo of a key comes back within this, or the key is not kept (rule 20). Longer would keep more over slow lines, and take more unrelated output for echo. */
export const ECHO_WITHIN_MS = 500;
/** A run that nothing ends is decided after this pause, so that what was typed into an editor is not held for ever. */
export const RUN_PAUSE_MS = 5000;
/** A longer run is decided in parts: bounds what is held in memory. */
export const LONGEST_RUN_BYTES = 1024;
/** Runs that wait at once; what is typed beyond leaves marks only. */
const MOST_RUNS = 64;

interface Run {
  /** All bytes, with the control key that ended it. */
  readonly bytes: number[];
  /** How many of `bytes` are letters whose echo is awaited, and when each was typed. */
  readonly typedAtMs: number[];
  matched: number;
  closed: boolean;
  failed: boolean;
}

/**
 * Decides which of the bytes that a user typed are kept, by their echo (rule 20; docs/recording-format.md, "What the user
 * typed"). Pure: time comes with each call; `keep` gets the bytes of a run as soon as it and all before it are decided.
 */
export class TypedInput {
  readonly #keep: (bytes: Uint8Array) => void;
  readonly #runs: Run[] = [];
  #input: 'text' | 'escape' | 'sequence' = 'text';
  #output: 'text' | 'escape' | 'sequence' | 'string' | 'string-escape' | 'intermediate' = 'text';
  #lastTypedMs = 0;

  constructor(keep: (bytes: Uint8Array) => void) {
    this.#keep = keep;
  }

  /** When `expire` has something to decide; undefined where nothing waits. */
  get nextDeadlineMs(): number | undefined {
    const waiting = this.#runs.flatMap((run) => (run.failed || run.matched >= run.typedAtMs.length ? [] : [(run.typedAtMs[run.matched] ?? 0) + ECHO_WITHIN_MS]));
    if (waiting.length > 0) return Math.min(...waiting);
    return this.#runs.length > 0 ? this.#lastTypedMs + RUN_PAUSE_MS : undefined;
  }

  /** The user typed these bytes. */
  typed(bytes: Uint8Array, nowMs: number): void {
    this.expire(nowMs);
    this.#lastTypedMs = nowMs;
    for (const byte of bytes) this.#type(byte, nowMs);
    this.#settle();
  }

  /** The target sent these bytes. */
  output(bytes: Uint8Array, nowMs: number): void {
    if (this.#runs.length === 0) {
      // Nothing waits for an echo: a flood of output costs nothing here.
      this.#output = 'text';
      return;
    }
    this.expire(nowMs);
    for (const byte of bytes) if (this.#shows(byte)) this.#match(byte);
    this.#settle();
  }

  /** Decides what has waited long enough. */
  expire(nowMs: number): void {
    for (const run of this.#runs) {
      const waiting = run.typedAtMs[run.matched];
      if (waiting !== undefined && nowMs - waiting > ECHO_WITHIN_MS) run.failed = true;
    }
    const last = this.#runs.at(-1);
    if (last !== undefined && nowMs - this.#lastTypedMs >= RUN_PAUSE_MS) last.closed = true;
    this.#settle();
  }

  /** Nothing more comes: what was not echoed is not kept. */
  end(): void {
    for (const run of this.#runs) run.closed = true;
    for (const run of this.#runs) run.failed ||= run.matched < run.typedAtMs.length;
    this.#settle();
  }

  #type(byte: number, nowMs: number): void {
    if (this.#input !== 'text') {
      this.#input = afterInEscape(this.#input, byte);
      return;
    }
    const run = this.#openRun();
    if (byte >= 0x20 && byte !== 0x7f) {
      run?.bytes.push(byte);
      run?.typedAtMs.push(nowMs);
      if (run !== undefined && run.bytes.length >= LONGEST_RUN_BYTES) run.closed = true;
      return;
    }
    if (byte === 0x1b) this.#input = 'escape';
    else run?.bytes.push(byte);
    if (run !== undefined) run.closed = true;
  }

  #openRun(): Run | undefined {
    const last = this.#runs.at(-1);
    if (last !== undefined && !last.closed) return last;
    if (this.#runs.length >= MOST_RUNS) return undefined;
    const run: Run = { bytes: [], typedAtMs: [], matched: 0, closed: false, failed: false };
    this.#runs.push(run);
    return run;
  }

  /** Whether the byte is shown as a letter or ends a line, outside control sequences. */
  #shows(byte: number): boolean {
    if (byte === 0x1b && this.#output !== 'string') {
      this.#output = 'escape';
      return false;
    }
    if (this.#output === 'text') return byte >= 0x20 || byte === 0x0a;
    this.#output = afterInSequence(this.#output, byte);
    return false;
  }

  #match(byte: number): void {
    const run = this.#runs.find((one) => !one.failed && one.matched < one.typedAtMs.length);
    if (run === undefined) return;
    if (run.bytes[run.matched] === byte) run.matched += 1;
    // The line ended on the target without having shown what was typed.
    else if (byte === 0x0a && run.closed) run.failed = true;
  }

  #settle(): void {
    for (let first = this.#runs[0]; first !== undefined; first = this.#runs[0]) {
      const echoed = first.matched >= first.typedAtMs.length;
      if (!first.failed && !(first.closed && echoed)) return;
      // A failed run that is still open goes on as failed until it is closed, so that its rest is not taken for a run of its own.
      if (first.failed && !first.closed) return;
      if (!first.failed && first.typedAtMs.length > 0) this.#keep(Uint8Array.from(first.bytes));
      this.#runs.shift();
    }
  }
}

function afterInEscape(state: 'escape' | 'sequence', byte: number): 'text' | 'escape' | 'sequence' {
  if (state === 'escape') return byte === 0x5b || byte === 0x4f ? 'sequence' : 'text';
  return byte >= 0x40 && byte <= 0x7e ? 'text' : 'sequence';
}

function afterInSequence(state: 'escape' | 'sequence' | 'string' | 'string-escape' | 'intermediate', byte: number): 'text' | 'sequence' | 'string' | 'string-escape' | 'intermediate' {
  if (state === 'escape') {
    if (byte === 0x5b) return 'sequence';
    if ([0x5d, 0x50, 0x58, 0x5e, 0x5f].includes(byte)) return 'string';
    return byte >= 0x20 && byte <= 0x2f ? 'intermediate' : 'text';
  }
  if (state === 'sequence') return byte >= 0x40 && byte <= 0x7e ? 'text' : 'sequence';
  if (state === 'intermediate') return byte >= 0x30 ? 'text' : 'intermediate';
  if (state === 'string-escape' && byte === 0x5c) return 'text';
  if (byte === 0x07) return 'text';
  return byte === 0x1b ? 'string-escape' : 'string';
}
