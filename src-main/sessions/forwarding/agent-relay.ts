import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { agentMessage, AgentMessages, encodeAgentMessage, mayReachAgent } from '../../../shared/ssh/agent-messages.ts';

/** A key that asks for a touch or a confirmation (`ssh-add -c`) waits for a person: two minutes, as a prompt of a sign-on. */
export const AGENT_ANSWERS_WITHIN_MS = 120_000;

export interface AgentRelayParts {
  /** The user's agent. */
  readonly socket: Socket;
  /** Called before a signature is asked of the agent. */
  readonly signing: () => void;
  /** The agent took a question and never answered. */
  readonly silent: () => void;
  readonly answerLimitMs?: number;
}

/**
 * One connection of the target to the user's agent: takes whole questions, one at a time, lets through what a target may ask
 * (`mayReachAgent`), answers all else with a refusal itself, and gives back the agent's answers.
 */
export class AgentRelay extends Duplex {
  readonly #parts: AgentRelayParts;
  readonly #questions = new AgentMessages();
  readonly #answers = new AgentMessages();
  #waiting: PromiseWithResolvers<Uint8Array> | undefined;
  #room: (() => void) | undefined;
  #over = false;

  constructor(parts: AgentRelayParts) {
    super({ allowHalfOpen: true, autoDestroy: false });
    this.#parts = parts;
    this.on('error', () => undefined);
    parts.socket.on('data', (bytes: Buffer) => this.#takeAnswer(bytes));
    parts.socket.once('close', () => this.close());
  }

  /** Ends both sides. */
  close(): void {
    if (this.#over) return;
    this.#over = true;
    this.#parts.socket.destroy();
    this.#waiting?.reject(new Error('closed'));
    this.#room?.();
    this.push(null);
  }

  override _read(): void {
    this.#room?.();
    this.#room = undefined;
  }

  override _write(bytes: Buffer, _encoding: string, done: () => void): void {
    void this.#serve(bytes)
      .catch(() => this.close())
      .finally(done);
  }

  override _final(done: () => void): void {
    this.close();
    done();
  }

  async #serve(bytes: Buffer): Promise<void> {
    for (const question of this.#questions.push(bytes)) {
      if (this.#over) return;
      const answer = mayReachAgent(question) ? await this.#ask(question) : Uint8Array.of(agentMessage.failure);
      if (this.#over) return;
      // A target that asks and does not read is not asked for more than it takes.
      if (!this.push(encodeAgentMessage(answer))) await new Promise<void>((resolve) => (this.#room = resolve));
    }
  }

  async #ask(question: Uint8Array): Promise<Uint8Array> {
    const { socket, signing, silent, answerLimitMs = AGENT_ANSWERS_WITHIN_MS } = this.#parts;
    if (question[0] === agentMessage.signRequest) signing();
    const waiting = Promise.withResolvers<Uint8Array>();
    this.#waiting = waiting;
    const timer = setTimeout(() => {
      silent();
      waiting.reject(new Error('the agent does not answer'));
    }, answerLimitMs);
    try {
      socket.write(encodeAgentMessage(question));
      return await waiting.promise;
    } finally {
      clearTimeout(timer);
      this.#waiting = undefined;
    }
  }

  #takeAnswer(bytes: Buffer): void {
    try {
      for (const answer of this.#answers.push(bytes)) {
        if (this.#waiting === undefined) throw new Error('an answer that nobody asked for');
        this.#waiting.resolve(answer);
        this.#waiting = undefined;
      }
    } catch {
      this.close();
    }
  }
}
