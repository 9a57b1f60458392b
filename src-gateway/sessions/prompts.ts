import { MavisError } from '../../shared/errors/mavis-error.ts';
import { FrameError } from '../../shared/proxy-stream/frames.ts';
import type { Prompt, PromptAnswer } from '../../shared/proxy-stream/messages.ts';
import type { Clock, Timer } from '../clock/clock.ts';

/** A person has so long for one question: to find the token and type, not to have lunch while the target's door is open. */
export const PROMPT_LIMIT_MS = 120_000;
/** Questions of one sign-on: a target that asks more is playing. */
const MAX_PROMPTS = 12;

interface OpenPrompt {
  readonly answers: number;
  readonly timer: Timer;
  readonly resolve: (answers: readonly string[]) => void;
  readonly reject: (error: MavisError) => void;
}

/** The questions that a sign-on puts to the user, each answered once or given up. */
export class Prompts {
  readonly #clock: Pick<Clock, 'setTimer'>;
  readonly #send: (prompt: Prompt) => void;
  readonly #open = new Map<number, OpenPrompt>();
  readonly #waitingChanged: (waiting: boolean) => void;
  #asked = 0;

  /** `waitingChanged` tells when the first question waits and when none does any more. */
  constructor(clock: Pick<Clock, 'setTimer'>, send: (prompt: Prompt) => void, waitingChanged: (waiting: boolean) => void) {
    this.#clock = clock;
    this.#send = send;
    this.#waitingChanged = waitingChanged;
  }

  /** Sends a question, its texts cut to what a frame may hold, and waits. Rejects with `target.sign-on-cancelled`, or `target.protocol-error` for a target that asks without end. */
  ask(prompt: Omit<Prompt, 'id'>): Promise<readonly string[]> {
    if (this.#asked >= MAX_PROMPTS || prompt.prompts.length > 20) return Promise.reject(new MavisError('target.protocol-error'));
    const id = this.#asked;
    this.#asked += 1;
    return new Promise((resolve, reject) => {
      const timer = this.#clock.setTimer(() => this.#settle(id)?.reject(new MavisError('target.sign-on-cancelled')), PROMPT_LIMIT_MS);
      this.#open.set(id, { answers: prompt.prompts.length, timer, resolve, reject });
      if (this.#open.size === 1) this.#waitingChanged(true);
      this.#send({
        id,
        kind: prompt.kind,
        name: prompt.name.slice(0, 200),
        instruction: prompt.instruction.slice(0, 2000),
        prompts: prompt.prompts.map((one) => ({ prompt: one.prompt.slice(0, 500), echo: one.echo })),
      });
    });
  }

  /** Takes an answer; throws FrameError for one to no question or of the wrong number. */
  answer({ id, answers }: PromptAnswer): void {
    if (this.#open.get(id)?.answers !== answers.length) throw new FrameError('bad-order');
    this.#settle(id)?.resolve(answers);
  }

  /** Gives up what is open. */
  cancel(error: MavisError): void {
    for (const id of [...this.#open.keys()]) this.#settle(id)?.reject(error);
  }

  #settle(id: number): OpenPrompt | undefined {
    const open = this.#open.get(id);
    if (open === undefined) return undefined;
    open.timer.cancel();
    this.#open.delete(id);
    if (this.#open.size === 0) this.#waitingChanged(false);
    return open;
  }
}
