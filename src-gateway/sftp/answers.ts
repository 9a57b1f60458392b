import type { ErrorCode } from '../../shared/errors/catalogue.ts';
import { asMavisError } from '../../shared/errors/mavis-error.ts';
import type { FileOperation } from '../../shared/recording/file-operation.ts';
import { renumber } from '../../shared/sftp/packet-fields.ts';
import { SftpFormatError } from '../../shared/sftp/packet-framer.ts';
import { statusCode } from '../../shared/sftp/sftp-constants.ts';
import { refusalPacket, statusPacket } from './built-packets.ts';
import { sessionWork } from '../sessions/session-work.ts';
import { statusOf, type TargetRequests, TargetStatus } from './target-requests.ts';

/** An operation before it is known how it went. */
export type Draft = Omit<FileOperation, 'outcome'>;

export interface AnswersParts {
  readonly requests: TargetRequests;
  /** Writes a packet to the client. */
  readonly toClient: (packet: Uint8Array) => void;
  /** Writes an entry into the recording; where it gives a promise, the answer to the client waits for it. */
  readonly record: (operation: FileOperation) => Promise<void> | undefined;
  /** Something that no status can answer: the session ends. */
  readonly failed: (error: unknown) => void;
}

/** Brings each request of the client to exactly one answer, and each operation to one entry of the log. */
export class Answers {
  readonly #parts: AnswersParts;
  #outstanding = 0;

  constructor(parts: AnswersParts) {
    this.#parts = parts;
  }

  /** Requests of the client that have no answer yet. */
  get outstanding(): number {
    return this.#outstanding;
  }

  /** A request came; each is answered once, by one of the calls below. */
  begin(): void {
    this.#outstanding += 1;
  }

  /** Sends a request on; `look` sees the answer before it goes to the client, and gives what goes in its place, if anything. */
  pass(packet: Uint8Array, id: number, look?: (answer: Uint8Array) => Uint8Array | undefined): void {
    this.#parts.requests.send(packet, (answer) => this.answer(id, look?.(answer) ?? answer));
  }

  /** Sends a request on and writes down how it went. */
  passLogged(packet: Uint8Array, id: number, draft: Draft): void {
    this.#parts.requests.send(packet, (answer) => this.logged(id, answer, draft));
  }

  /** Answers what was asked, when it is written down how it went. */
  logged(id: number, answer: Uint8Array, draft: Draft): void {
    const status = statusOf(answer);
    this.recorded(id, answer, status === statusCode.ok ? { ...draft, outcome: 'ok' } : { ...draft, outcome: 'failed', status });
  }

  recorded(id: number, answer: Uint8Array, operation: FileOperation): void {
    const recorded = this.#parts.record(operation);
    if (recorded === undefined) this.answer(id, answer);
    else sessionWork(recorded.then(() => this.answer(id, answer)), this.#parts.failed);
  }

  /** Does work on a request; a refusal by the rule or by the target becomes its answer. Rejects with SftpFormatError alone. */
  async answering(id: number, draft: Draft, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (error instanceof SftpFormatError) throw error;
      this.error(id, error, draft);
    }
  }

  /** Lets work on a request run to its answer; where it fails that is the answer, or ends the session. */
  unlessFailed(id: number, draft: Draft, work: Promise<void>): void {
    sessionWork(work.catch((error: unknown) => this.error(id, error, draft)), this.#parts.failed);
  }

  error(id: number, error: unknown, draft: Draft): void {
    if (error instanceof TargetStatus) {
      this.recorded(id, statusPacket(error.status, ''), { ...draft, outcome: 'failed', status: error.status });
      return;
    }
    const { code, args } = asMavisError(error);
    if (code.startsWith('files.')) this.recorded(id, refusalPacket(code, args), { ...draft, outcome: 'refused', code });
    else this.#parts.failed(error);
  }

  /** Refuses a piece of an open file, whose own entry comes when it is closed. */
  refuse(id: number, code: ErrorCode, args: Readonly<Record<string, string | number>> = {}): void {
    this.answer(id, refusalPacket(code, args));
  }

  answer(id: number, answer: Uint8Array): void {
    this.#outstanding -= 1;
    renumber(answer, id);
    this.#parts.toClient(answer);
  }
}
