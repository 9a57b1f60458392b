import ssh2 from 'ssh2';
import type { GetStreamCallback } from 'ssh2';

/**
 * What stands where ssh2's client has an agent, so that a target may be asked to forward one: it signs nothing itself, and each
 * connection of the target to it is handed to whoever listens, who opens the way to the client's agent or refuses.
 */
export class TargetAgent extends ssh2.BaseAgent {
  /** Called for each channel that the target opens to the agent; gives the stream to carry it, or an error that refuses. */
  onChannel: (answer: GetStreamCallback) => void = (answer) => answer(new Error('nobody forwards an agent'));

  override getStream(answer: GetStreamCallback): void {
    this.onChannel(answer);
  }

  override getIdentities(answer: (error?: Error | null) => void): void {
    answer(new Error('the gateway signs nothing with an agent'));
  }

  override sign(...parameters: readonly unknown[]): void {
    const answer = parameters.at(-1);
    if (typeof answer === 'function') answer(new Error('the gateway signs nothing with an agent'));
  }
}
