/** Kinds of messages between a program and an SSH agent (draft-ietf-sshm-ssh-agent, section 6.1) that are looked at here. */
export const agentMessage = { failure: 5, requestIdentities: 11, signRequest: 13, extension: 27 } as const;

/** The longest message that OpenSSH's agent takes (`AGENT_MAX_LEN`). */
export const MAX_AGENT_MESSAGE_BYTES = 256 * 1024;
const LENGTH_BYTES = 4;

/** A peer that does not speak the agent's protocol: a message of no length, or of more than 256 KiB. */
export class AgentMessageError extends Error {
  override readonly name = 'AgentMessageError';
}

/** Takes bytes in any pieces and gives whole messages: the kind first, then its contents, without the length. */
export class AgentMessages {
  readonly #head = new Uint8Array(LENGTH_BYTES);
  #headBytes = 0;
  #body: Uint8Array | undefined;
  #bodyBytes = 0;

  /** The messages that are whole with these bytes. Throws AgentMessageError. */
  push(bytes: Uint8Array): Uint8Array[] {
    const messages: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; ) {
      at += this.#body === undefined ? this.#takeHead(bytes.subarray(at)) : this.#takeBody(this.#body, bytes.subarray(at), messages);
    }
    return messages;
  }

  #takeHead(bytes: Uint8Array): number {
    const taken = bytes.subarray(0, LENGTH_BYTES - this.#headBytes);
    this.#head.set(taken, this.#headBytes);
    this.#headBytes += taken.length;
    if (this.#headBytes < LENGTH_BYTES) return taken.length;
    const length = new DataView(this.#head.buffer).getUint32(0);
    if (length === 0 || length > MAX_AGENT_MESSAGE_BYTES) throw new AgentMessageError(`an agent message of ${length} bytes`);
    this.#body = new Uint8Array(length);
    this.#headBytes = 0;
    this.#bodyBytes = 0;
    return taken.length;
  }

  #takeBody(body: Uint8Array, bytes: Uint8Array, messages: Uint8Array[]): number {
    const taken = bytes.subarray(0, body.length - this.#bodyBytes);
    body.set(taken, this.#bodyBytes);
    this.#bodyBytes += taken.length;
    if (this.#bodyBytes === body.length) {
      messages.push(body);
      this.#body = undefined;
    }
    return taken.length;
  }
}

/** A message with its length before it, as it goes over the wire. */
export function encodeAgentMessage(message: Uint8Array): Uint8Array {
  const encoded = new Uint8Array(LENGTH_BYTES + message.length);
  new DataView(encoded.buffer).setUint32(0, message.length);
  encoded.set(message, LENGTH_BYTES);
  return encoded;
}

const SESSION_BIND = 'session-bind@openssh.com';

/**
 * Whether a target may send this to a user's agent: ask which keys there are, ask for a signature, and tell for which
 * connection it is (`session-bind@openssh.com`, which only narrows what a key may do). Not: add or remove keys, lock the
 * agent, load libraries into it (CVE-2023-38408).
 */
export function mayReachAgent(message: Uint8Array): boolean {
  const kind = message[0];
  if (kind === agentMessage.requestIdentities || kind === agentMessage.signRequest) return true;
  return kind === agentMessage.extension && extensionName(message) === SESSION_BIND;
}

function extensionName(message: Uint8Array): string | undefined {
  if (message.length < 1 + LENGTH_BYTES) return undefined;
  const length = new DataView(message.buffer, message.byteOffset).getUint32(1);
  const name = message.subarray(1 + LENGTH_BYTES, 1 + LENGTH_BYTES + length);
  return name.length === length && length <= SESSION_BIND.length ? String.fromCharCode(...name) : undefined;
}
