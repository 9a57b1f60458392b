import type { TLSSocket } from 'node:tls';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { encodeJsonFrame } from '../../shared/proxy-stream/counted-stream.ts';
import { type Frame, FrameDecoder, FrameError, frameType } from '../../shared/proxy-stream/frames.ts';
import { failed, parsePayload } from '../../shared/proxy-stream/messages.ts';
import { decodeUtf8, encodeUtf8, GatewayRefusal } from './gateway-hello.ts';

export interface ResumeExchange<Answer> {
  readonly gateway: string;
  readonly resumeSecret: string;
  /** A number that is higher than all before: the newest connection wins (rule 10). */
  readonly epoch: number;
  /** Bytes of the stream that have come so far. */
  readonly received: number;
  readonly limitMs: number;
  readonly signal: AbortSignal;
  /** Reads the first frame that is no refusal; throws FrameError for what is no answer. The decoder may hold part of what follows. */
  readonly take: (answer: Frame, following: readonly Frame[], decoder: FrameDecoder) => Answer;
}

/**
 * Says `resume` to a gateway and gives its answer; the socket is paused then. Throws a GatewayRefusal for its refusal,
 * `gateway.protocol-error` for what is no answer, `gateway.unreachable`, `gateway.time-out` or the signal's reason; the socket is
 * closed then.
 */
export async function exchangeResume<Answer>(socket: TLSSocket, { gateway, resumeSecret, epoch, received, limitMs, signal, take }: ResumeExchange<Answer>): Promise<Answer> {
  const decoder = new FrameDecoder();
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const onData = (chunk: Buffer): void => {
    try {
      const [answer, ...following] = decoder.push(chunk);
      if (answer === undefined) return;
      if (answer.type === frameType.failed) {
        const { code, args } = parsePayload(failed, answer.payload, decodeUtf8);
        throw new GatewayRefusal(code, args, true);
      }
      socket.pause();
      resolve(take(answer, following, decoder));
    } catch (error) {
      reject(error instanceof FrameError ? new MavisError('gateway.protocol-error', { gateway }, { cause: error }) : error);
    }
  };
  const onGone = (): void => reject(new MavisError('gateway.unreachable', { gateway }));
  const onAbort = (): void => reject(signal.reason);
  const timer = setTimeout(() => reject(new MavisError('gateway.time-out', { gateway })), limitMs);
  socket.on('data', onData).on('error', onGone).on('close', onGone);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    signal.throwIfAborted();
    socket.write(encodeJsonFrame(frameType.resume, { version: 1, resumeSecret, epoch, received }, encodeUtf8));
    return await promise;
  } catch (error) {
    socket.on('error', () => undefined);
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    socket.off('data', onData).off('error', onGone).off('close', onGone);
  }
}
