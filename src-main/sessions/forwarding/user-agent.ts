import { BaseAgent, type GetStreamCallback } from 'ssh2';
import { AgentRelay } from './agent-relay.ts';
import { connectLocally } from './local-socket.ts';

export interface UserAgentParts {
  readonly address: string;
  /** The target opened a connection to the agent. */
  readonly opened: () => void;
  readonly signing: () => void;
  readonly silent: () => void;
  readonly answerLimitMs?: number;
}

/** The user's agent, as ssh2 forwards it. It signs nothing on the way to the Gateway, which asks for no sign-on. */
export class UserAgent extends BaseAgent {
  readonly #parts: UserAgentParts;
  readonly #relays = new Set<AgentRelay>();
  #closed = false;

  constructor(parts: UserAgentParts) {
    super();
    this.#parts = parts;
  }

  override getStream(answer: GetStreamCallback): void {
    void this.#open(answer);
  }

  async #open(answer: GetStreamCallback): Promise<void> {
    const socket = await connectLocally({ path: this.#parts.address }).catch(() => undefined);
    if (socket === undefined || this.#closed) {
      socket?.destroy();
      answer(new Error('no agent'));
      return;
    }
    this.#parts.opened();
    const relay = new AgentRelay({ ...this.#parts, socket });
    this.#relays.add(relay);
    socket.once('close', () => this.#relays.delete(relay));
    answer(null, relay);
  }

  /** Closes what the target still has open. */
  close(): void {
    this.#closed = true;
    for (const relay of this.#relays) relay.close();
  }

  override getIdentities(answer: (error?: Error | null) => void): void {
    answer(new Error('not for signing on'));
  }

  override sign(...parameters: readonly unknown[]): void {
    const answer = parameters.at(-1);
    if (typeof answer === 'function') answer(new Error('not for signing on'));
  }
}
