import type { TLSSocket } from 'node:tls';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { GatewayId } from '../../shared/ids.ts';
import { encodeLinkFrame, LINK_ALPN, LINK_FORWARD_ALPN, LinkFrameDecoder, linkFrameKind } from '../../shared/link/framing.ts';
import { linkAnswer, type LinkForwardRequest } from '../../shared/link/messages.ts';
import { linkError } from './link-errors.ts';
import type { LinkIdentity } from './link-identity.ts';
import { openPinned, type AskOptions, type PinnedAddress } from './pinned-tls.ts';

/**
 * The default gateway gives a wire within this, or says why not: less than a whole opening may take, so that what failed is
 * known before whoever waits for the link gives up.
 */
const WIRE_LIMIT_MS = 2_500;

/** Where a gateway's link is, by which keys it is known, and what leads there. */
export interface LinkAddress extends PinnedAddress {
  /** Absent where the service reaches it directly. */
  readonly behind?: BehindDefault | undefined;
}

/** What it takes to reach a gateway through the default gateway (rule 8). */
export interface BehindDefault {
  readonly gatewayId: GatewayId;
  /** Which default gateway forwards to it now: asked anew for each connection, so that one that fell is left. Rejects with `gateway.default-missing` where there is none. */
  readonly firstHop: () => Promise<PinnedAddress>;
}

/**
 * The link to a gateway that only the default gateway reaches: TLS to the default gateway, which forwards to the link port
 * behind it; inside, TLS with the last gateway's own key pinned, so that the default gateway carries ciphertext. Rejects with
 * `gateway.default-away` where the default gateway is what failed, `gateway.not-behind-default` where it does not get on from
 * there, else as `openPinned` does for the last one; at the latest after `timeLimitMs`.
 */
export async function openBehind(address: PinnedAddress, behind: BehindDefault, identity: LinkIdentity, options: AskOptions): Promise<TLSSocket> {
  const endMs = performance.now() + options.timeLimitMs;
  const first = await behind.firstHop();
  const wireEndMs = Math.min(endMs, performance.now() + WIRE_LIMIT_MS);
  const until = (momentMs: number): AskOptions => ({ timeLimitMs: momentMs - performance.now(), signal: options.signal });
  const names = { gateway: address.gatewayName, through: first.gatewayName };
  let carrier: TLSSocket;
  try {
    carrier = await openPinned(first, LINK_FORWARD_ALPN, identity, until(wireEndMs));
  } catch (cause) {
    throw new MavisError('gateway.default-away', names, { cause });
  }
  try {
    await askForward(carrier, { ...address, gatewayId: behind.gatewayId }, until(wireEndMs));
  } catch (cause) {
    carrier.destroy();
    throw cause instanceof NotReached ? new MavisError('gateway.not-behind-default', names, { cause: cause.cause }) : new MavisError('gateway.default-away', names, { cause });
  }
  return openPinned(address, LINK_ALPN, identity, until(endMs), carrier);
}

/** The default gateway answers, but does not reach the next one, or not in time. */
class NotReached extends Error {
  override readonly name = 'NotReached';
}

/** Sends the one request and waits for its answer; what follows on the socket is the next gateway's. The socket stays the caller's. */
function askForward(socket: TLSSocket, { gatewayId, gatewayName, host, port }: LinkForwardRequest['next'], { timeLimitMs, signal }: AskOptions): Promise<void> {
  const decoder = new LinkFrameDecoder();
  const request: LinkForwardRequest = { id: 1, next: { gatewayId, gatewayName, host, port } };
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => settle(() => reject(new NotReached('not reached in time'))), Math.max(1, timeLimitMs));
    const onAbort = (): void => settle(() => reject(linkError('failed', gatewayName, signal?.reason)));
    const onGone = (error?: unknown): void => settle(() => reject(linkError('failed', gatewayName, error)));
    const onData = (chunk: Buffer): void => {
      try {
        const [frame, ...more] = decoder.push(chunk);
        if (frame === undefined) return;
        // The next gateway waits for our handshake: nothing of it can be there yet.
        if (frame.kind !== linkFrameKind.json || more.length > 0 || !decoder.idle) throw new RangeError('one answer and nothing after it');
        const answer = linkAnswer.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(frame.payload)));
        if ('error' in answer) throw new NotReached('not reached', { cause: new Error(answer.error.code.slice(0, 100)) });
        socket.pause();
        settle(resolve);
      } catch (error) {
        settle(() => reject(error));
      }
    };
    const settle = (finish: () => void): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      socket.off('data', onData).off('close', onGone);
      finish();
    };
    // From here on its end is told by `close`; an error that nobody hears would end the process.
    socket.on('error', () => undefined);
    socket.on('data', onData).on('close', onGone);
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted) onAbort();
    else socket.write(encodeLinkFrame(linkFrameKind.json, Buffer.from(JSON.stringify(request))));
  });
}
