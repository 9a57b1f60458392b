import { MavisError } from '../../shared/errors/mavis-error.ts';
import { ConnectionFilter, type ConnectionFilterParts, RedirectedError } from './filters/connection-filter.ts';
import type { ClipboardEnd } from './filters/clipboard-filter.ts';
import { RdpFormatError } from '../../shared/rdp/rdp-format-error.ts';
import { drained } from '../sessions/drained.ts';
import { splitAccountName } from './sign-on/account-name.ts';
import type { RdpTarget } from './sign-on/target-sign-on.ts';
import { PduFramer } from './wire/tpkt.ts';
import { securityProtocol } from '../../shared/rdp/connection-pdus.ts';

export interface RdpConnectionParts {
  readonly target: RdpTarget;
  /** What the client asked for in its request for a connection. */
  readonly clientProtocols: number;
  readonly policy: ConnectionFilterParts['policy'];
  readonly events: ConnectionFilterParts['events'];
  /** Takes PDUs for the client, each whole, and what to wait for. */
  readonly toClient: (pdus: readonly Buffer[]) => Promise<void>;
  /** Aborted when the session is over: nothing waits for a peer any more. */
  readonly over: AbortSignal;
}

/** One connection to the target within a session: filtered both ways, until it ends. A change of size makes another one (rule 24). */
export class RdpConnection {
  readonly #parts: RdpConnectionParts;
  readonly #filter: ConnectionFilter;
  readonly #framer = new PduFramer();
  /** Answers of the gateway's own that are on their way. */
  #answering: Promise<void>[] = [];

  constructor(parts: RdpConnectionParts) {
    this.#parts = parts;
    const { target, clientProtocols, policy, events } = parts;
    const account = target.protocol === securityProtocol.ssl ? { ...splitAccountName(target.account.userName), password: target.account.password } : undefined;
    this.#filter = new ConnectionFilter({ protocol: target.protocol, clientProtocols, account, policy, events, answer: (end, pdus) => this.#answer(end, pdus) });
  }

  /** A PDU of the client; rejects with `session.protocol-violation`. Waits while the target takes nothing, and while the client takes no answers to what it asks for. */
  async fromClient(pdu: Parameters<ConnectionFilter['fromClient']>[0]): Promise<void> {
    await this.#toTarget(orViolation(() => this.#filter.fromClient(pdu), 'session.protocol-violation'));
    await this.#answered();
  }

  /** Sends the target PDUs of the gateway's own, each whole: what a client says comes before or behind. */
  ask(pdus: readonly Buffer[]): void {
    const { socket } = this.#parts.target;
    if (socket.writable) for (const pdu of pdus) socket.write(pdu);
  }

  /** Moves what the target sends until it ends; rejects with a MavisError where it breaks the protocol, or `toClient` fails. */
  async pump(): Promise<void> {
    const { socket } = this.#parts.target;
    try {
      for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
        const passed = orViolation(() => this.#framer.take(chunk).flatMap((pdu) => this.#filter.fromTarget(pdu)), 'target.protocol-error');
        if (passed.length > 0) await this.#parts.toClient(passed);
        await this.#answered();
      }
    } catch (error) {
      // An end by an error of the connection is an end like any other.
      if (error !== socket.errored) throw error;
    }
  }

  close(): void {
    this.#filter.close();
    this.#parts.target.socket.destroySoon();
  }

  /** Together, so that nothing comes between the pieces of a message. */
  async #toTarget(pdus: readonly Buffer[]): Promise<void> {
    const { target, over } = this.#parts;
    if (pdus.length === 0 || !target.socket.writable) return;
    if (!target.socket.write(Buffer.concat(pdus))) await drained(target.socket, over);
  }

  /** On its way within the filter's own call: what the filter lets through after it comes behind it. */
  #answer(end: ClipboardEnd, pdus: readonly Buffer[]): void {
    const sent = end === 'client' ? this.#parts.toClient(pdus) : this.#toTarget(pdus);
    sent.catch(() => undefined);
    this.#answering.push(sent);
  }

  async #answered(): Promise<void> {
    if (this.#answering.length > 0) await Promise.all(this.#answering.splice(0));
  }
}

function orViolation<T>(work: () => T, code: 'session.protocol-violation' | 'target.protocol-error'): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof RedirectedError) throw new MavisError('target.redirected', {}, { cause });
    if (cause instanceof RdpFormatError) throw new MavisError(code, {}, { cause });
    throw cause;
  }
}
