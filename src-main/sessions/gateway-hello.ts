import type { TLSSocket } from 'node:tls';
import { catalogue, type ErrorArgs, knownErrorCode } from '../../shared/errors/catalogue.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { encodeJsonFrame } from '../../shared/proxy-stream/counted-stream.ts';
import { encodeFrame, type Frame, FrameDecoder, FrameError, frameType } from '../../shared/proxy-stream/frames.ts';
import { type Accepted, accepted, failed, type Forwarding, forwarding, type Hello, parsePayload, type ProgressStep, progress, type Prompt, prompt, type PromptAnswer } from '../../shared/proxy-stream/messages.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });
export const encodeUtf8 = (text: string): Uint8Array => encoder.encode(text);
export const decodeUtf8 = (bytes: Uint8Array): string => decoder.decode(bytes);

/** A person looks at a phone, types a one-time password: two minutes are enough, and bound how long a target waits. */
const PROMPT_LIMIT_MS = 120_000;
/** More questions than that are a target that plays with the user. */
const MAX_PROMPTS = 10;

/** The gateway's own refusal; `credentialSent` forbids another try (rule 4). */
export class GatewayRefusal extends MavisError {
  readonly credentialSent: boolean;
  constructor(code: string, args: ErrorArgs, credentialSent: boolean) {
    super(knownErrorCode(code), args);
    this.credentialSent = credentialSent;
  }
}

export interface HelloEvents {
  readonly onProgress: (step: ProgressStep) => void;
  /** Puts the questions to the user; rejects where the user cancels. */
  readonly ask: (prompt: Prompt, signal: AbortSignal) => Promise<readonly string[]>;
}

export interface HelloOptions {
  readonly gateway: string;
  readonly hello: Hello;
  readonly events: HelloEvents;
  readonly signal: AbortSignal;
  /** The gateway's time for its answer, not counting the user's. */
  readonly deadlineMs: number;
}

/** How a hello ended well: accepted with the frames that already followed, or a first hop that forwards raw bytes from now on. */
export type HelloAnswer = { readonly kind: 'accepted'; readonly accepted: Accepted; readonly decoder: FrameDecoder; readonly following: readonly Frame[] } | { readonly kind: 'forwarding'; readonly forwarding: Forwarding };

/**
 * Says hello with the ticket and hears the gateway out (rule 1): progress and prompts until accepted, forwarding or failed. Throws a
 * GatewayRefusal for `failed`, `gateway.protocol-error` for what is not the protocol, `gateway.unreachable` for a cut,
 * `connect.deadline`, and the signal's reason. The socket is destroyed in each of these cases.
 */
export async function sayHello(socket: TLSSocket, options: HelloOptions): Promise<HelloAnswer> {
  const conversation = new Conversation(socket, options);
  try {
    return await conversation.run();
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

class Conversation {
  readonly #socket: TLSSocket;
  readonly #options: HelloOptions;
  readonly #decoder = new FrameDecoder();
  readonly #ended = new AbortController();
  #resolve: (answer: HelloAnswer) => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;
  #timer: NodeJS.Timeout | undefined;
  #prompts = 0;

  constructor(socket: TLSSocket, options: HelloOptions) {
    this.#socket = socket;
    this.#options = options;
  }

  async run(): Promise<HelloAnswer> {
    const { gateway, hello, signal, deadlineMs } = this.#options;
    const onData = (chunk: Buffer): void => {
      this.#take(chunk);
    };
    const onError = (error: Error): void => this.#reject(error instanceof MavisError ? error : new MavisError('gateway.unreachable', { gateway }, { cause: error }));
    const onClose = (): void => this.#reject(new MavisError('gateway.unreachable', { gateway }));
    const onAbort = (): void => {
      this.#socket.write(encodeFrame(frameType.cancel));
      this.#socket.end();
      this.#reject(signal.reason instanceof MavisError ? signal.reason : new MavisError('connect.cancelled'));
    };
    try {
      return await new Promise<HelloAnswer>((resolve, reject) => {
        this.#resolve = resolve;
        this.#reject = reject;
        this.#socket.on('data', onData).on('error', onError).on('close', onClose);
        signal.addEventListener('abort', onAbort, { once: true });
        if (signal.aborted) onAbort();
        this.#startTimer(deadlineMs);
        this.#socket.write(encodeJsonFrame(frameType.hello, hello, encodeUtf8));
      });
    } finally {
      clearTimeout(this.#timer);
      this.#ended.abort();
      signal.removeEventListener('abort', onAbort);
      this.#socket.off('data', onData).off('error', onError).off('close', onClose);
      // Who takes over reads on from here; until then nothing may be lost.
      this.#socket.pause();
    }
  }

  #startTimer(milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#reject(new MavisError('connect.deadline', { seconds: Math.round(this.#options.deadlineMs / 1000) })), milliseconds);
  }

  #take(chunk: Uint8Array): void {
    try {
      const frames = this.#decoder.push(chunk);
      for (const [index, frame] of frames.entries()) {
        if (this.#takeFrame(frame, frames.slice(index + 1))) return;
      }
    } catch (error) {
      this.#reject(error instanceof FrameError ? new MavisError('gateway.protocol-error', { gateway: this.#options.gateway }, { cause: error }) : error instanceof Error ? error : new MavisError('internal'));
    }
  }

  /** True where the conversation has ended with this frame. */
  #takeFrame(frame: Frame, following: readonly Frame[]): boolean {
    switch (frame.type) {
      case frameType.progress:
        this.#options.events.onProgress(parsePayload(progress, frame.payload, decodeUtf8).step);
        return false;
      case frameType.prompt:
        this.#askUser(parsePayload(prompt, frame.payload, decodeUtf8));
        return false;
      case frameType.accepted:
        this.#resolve({ kind: 'accepted', accepted: parsePayload(accepted, frame.payload, decodeUtf8), decoder: this.#decoder, following });
        return true;
      case frameType.forwarding:
        // The first hop sends nothing after this by itself: what follows answers our inner handshake.
        if (following.length > 0) throw new FrameError('bad-order');
        this.#resolve({ kind: 'forwarding', forwarding: parsePayload(forwarding, frame.payload, decodeUtf8) });
        return true;
      case frameType.failed: {
        const { code, args, credentialSent } = parsePayload(failed, frame.payload, decodeUtf8);
        throw new GatewayRefusal(code, args, credentialSent);
      }
      default:
        throw new FrameError('bad-order');
    }
  }

  #askUser(question: Prompt): void {
    this.#prompts += 1;
    if (this.#prompts > MAX_PROMPTS) throw new FrameError('bad-order');
    this.#startTimer(PROMPT_LIMIT_MS);
    this.#passAnswers(question).catch((error: unknown) => this.#reject(error instanceof MavisError ? error : new MavisError('target.sign-on-cancelled')));
  }

  async #passAnswers(question: Prompt): Promise<void> {
    const answers = await this.#options.events.ask(question, this.#ended.signal);
    if (this.#ended.signal.aborted) return;
    const answer: PromptAnswer = { id: question.id, answers: [...answers] };
    this.#socket.write(encodeJsonFrame(frameType.promptAnswer, answer, encodeUtf8));
    this.#startTimer(this.#options.deadlineMs);
  }
}

/** The leg that a failure is told under: what the gateway says of the target is L4, everything else here is L2. */
export function legOf(error: MavisError): 'L2' | 'L4' {
  return catalogue[error.code].leg === 'L4' ? 'L4' : 'L2';
}
