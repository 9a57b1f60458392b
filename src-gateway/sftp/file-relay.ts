import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { FileRules } from '../../shared/policy/file-rules.ts';
import { idOf, typeOf } from '../../shared/sftp/packet-fields.ts';
import { SftpFormatError } from '../../shared/sftp/packet-framer.ts';
import { packetType } from '../../shared/sftp/sftp-constants.ts';
import { sessionWork } from '../sessions/session-work.ts';
import { Answers, type AnswersParts } from './answers.ts';
import { HandleRequests } from './handle-requests.ts';
import type { PathRules } from './path-rules.ts';
import { PathRequests } from './path-requests.ts';

export interface FileRelayParts extends AnswersParts {
  readonly paths: PathRules;
  readonly rules: FileRules;
}

/** Reads every request of a client, holds it to the rule, sends it on, reads its answer, and writes both down. */
export class FileRelay {
  readonly #parts: FileRelayParts;
  readonly #answers: Answers;
  readonly #handles: HandleRequests;
  readonly #paths: PathRequests;

  constructor(parts: FileRelayParts) {
    this.#parts = parts;
    this.#answers = new Answers(parts);
    this.#handles = new HandleRequests(this.#answers, parts.requests, parts.rules);
    this.#paths = new PathRequests(this.#answers, this.#handles, parts.paths, parts.rules);
  }

  /** Requests of the client that have no answer yet. */
  get outstanding(): number {
    return this.#answers.outstanding;
  }

  /** Takes a request: it is answered, or ends the session with `session.protocol-violation`. Throws SftpFormatError for what is none. */
  take(packet: Uint8Array): void {
    const type = typeOf(packet);
    const id = idOf(packet);
    this.#answers.begin();
    if (type === packetType.read) this.#handles.read(packet, id);
    else if (type === packetType.write) this.#handles.write(packet, id);
    else if (type === packetType.close) this.#handles.close(packet, id);
    else if (type === packetType.readdir) this.#handles.readFolder(packet, id);
    else if (type === packetType.fstat) this.#handles.ofHandle(packet, id, () => this.#answers.pass(packet, id));
    else if (type === packetType.fsetstat) this.#handles.change(packet, id);
    else sessionWork(this.#takePath(type, packet, id), this.#parts.failed);
  }

  /** Writes down what is open when the session ends; where it cannot be stored `failed` is told. */
  end(): void {
    for (const operation of this.#handles.end()) sessionWork(this.#parts.record(operation), this.#parts.failed);
  }

  async #takePath(type: number, packet: Uint8Array, id: number): Promise<void> {
    try {
      if (!(await this.#paths.take(type, packet, id))) throw new SftpFormatError('unknown request');
    } catch (cause) {
      throw cause instanceof SftpFormatError ? new MavisError('session.protocol-violation', {}, { cause }) : cause;
    }
  }
}
