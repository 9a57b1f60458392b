import { Duplex } from 'node:stream';
import type { ServerChannel } from 'ssh2';
import { agentMessage, AgentMessages } from '../../shared/ssh/agent-messages.ts';

/** A program asks its agent and waits for the answer; one that has sent so much unread does not speak the agent's protocol. */
const MOST_UNREAD_BYTES = 1024 * 1024;

export interface AgentStreamParts {
  /** The channel to the client's agent. */
  readonly client: ServerChannel;
  /** The target sent more than anyone who speaks to an agent. */
  readonly breach: () => void;
  /** Called once, when neither side has anything more to say. */
  readonly ended: (counts: AgentCounts) => void;
}

/** What passed through one channel to an agent. */
export interface AgentCounts {
  /** Signatures that were asked for; what the agent answered stays between the two. */
  readonly signatures: number;
  readonly bytesFromTarget: number;
  readonly bytesToTarget: number;
}

/**
 * The stream that ssh2 ties to a target's channel to the agent, with the channel to the client behind it. ssh2 hides the
 * target's channel, so that what waits in it cannot be seen: everything is taken at once, and too much of it is a breach.
 */
export class AgentStream extends Duplex {
  readonly #parts: AgentStreamParts;
  readonly #messages = new AgentMessages();
  #counts = { signatures: 0, bytesFromTarget: 0, bytesToTarget: 0 };
  #targetOver = false;
  #clientOver = false;
  #told = false;

  constructor(parts: AgentStreamParts) {
    super({ allowHalfOpen: true, autoDestroy: false });
    this.#parts = parts;
    const { client } = parts;
    // Ends by 'close'; there is nobody to tell of an error beside.
    client.on('error', () => undefined);
    this.on('error', () => undefined);
    client.on('data', (bytes: Buffer) => this.#toTarget(bytes));
    client.once('end', () => this.#endOfClient());
    client.once('close', () => this.#endOfClient());
  }

  /** Closes both ways, whoever still speaks. */
  close(): void {
    this.#parts.client.destroy();
    this.#targetOver = true;
    this.#endOfClient();
  }

  override _read(): void {
    this.#parts.client.resume();
  }

  override _write(bytes: Buffer, _encoding: string, done: () => void): void {
    this.#counts.bytesFromTarget += bytes.length;
    const { client } = this.#parts;
    if (client.writableLength + bytes.length > MOST_UNREAD_BYTES) this.#parts.breach();
    else if (this.#look(bytes) && client.writable) client.write(bytes);
    done();
  }

  override _final(done: () => void): void {
    this.#targetOver = true;
    this.#parts.client.end();
    this.#tellIfOver();
    done();
  }

  /** Counts what is asked for; false where it is not the agent's protocol, and the channel is closed. */
  #look(bytes: Buffer): boolean {
    try {
      for (const message of this.#messages.push(bytes)) this.#counts.signatures += message[0] === agentMessage.signRequest ? 1 : 0;
      return true;
    } catch {
      this.close();
      return false;
    }
  }

  #toTarget(bytes: Buffer): void {
    if (this.#clientOver) return;
    this.#counts.bytesToTarget += bytes.length;
    if (!this.push(bytes)) this.#parts.client.pause();
  }

  #endOfClient(): void {
    if (this.#clientOver) {
      this.#tellIfOver();
      return;
    }
    this.#clientOver = true;
    this.push(null);
    this.#tellIfOver();
  }

  #tellIfOver(): void {
    if (this.#told || !this.#targetOver || !this.#clientOver) return;
    this.#told = true;
    this.#parts.ended(this.#counts);
  }
}
