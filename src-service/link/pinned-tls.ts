import { constants } from 'node:crypto';
import { connect, type TLSSocket } from 'node:tls';
import type { MavisError } from '../../shared/errors/mavis-error.ts';
import { faultOf, linkError } from './link-errors.ts';
import { certificatePin, matchesPin, type LinkIdentity } from './link-identity.ts';

export interface AskOptions {
  /** The answer must be there by then, in milliseconds from the call. */
  readonly timeLimitMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Where a gateway is and by which keys it is known. */
export interface PinnedAddress {
  readonly gatewayName: string;
  readonly host: string;
  readonly port: number;
  /** Pins of the gateway's TLS key: more than one during a rotation (rule 15). */
  readonly pins: readonly string[];
  /** By which key of the service it is opened, where the gateway does not know the present one yet (rule 15). */
  readonly openedBy?: LinkIdentity | undefined;
}

/**
 * A TLS 1.3 connection to a gateway, over `carrier` where one is given, which then ends with it. The gateway's key is compared
 * with its pins before the first byte is written; nothing is resumed. Rejects with `gateway.link-unreachable`, `-time-out`,
 * `-pin-mismatch` or `-failed`; at the latest after `timeLimitMs`.
 */
export function openPinned(address: PinnedAddress, alpn: string, present: LinkIdentity, options: AskOptions, carrier?: TLSSocket): Promise<TLSSocket> {
  const { gatewayName, openedBy: identity = present } = address;
  return new Promise((resolve, reject) => {
    if (options.signal?.aborted) {
      carrier?.destroy();
      reject(linkError('failed', gatewayName, options.signal.reason));
      return;
    }
    const socket = connect({
      ...(carrier === undefined ? { host: address.host, port: address.port } : { socket: carrier }),
      key: identity.keyPem,
      cert: identity.certificatePem,
      minVersion: 'TLSv1.3',
      maxVersion: 'TLSv1.3',
      ALPNProtocols: [alpn],
      secureOptions: constants.SSL_OP_NO_TICKET,
      // Gateways show self-signed certificates: the pin below is the check, and no name is sent.
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
      servername: '',
    });
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 10_000);
    if (carrier !== undefined) socket.once('close', () => carrier.destroy());
    const timer = setTimeout(() => fail(linkError('time-out', gatewayName)), Math.max(1, options.timeLimitMs));
    const onAbort = (): void => fail(linkError('failed', gatewayName, options.signal?.reason));
    const onError = (error: Error): void => fail(linkError(faultOf(error), gatewayName, error));
    const onClose = (): void => fail(linkError('failed', gatewayName, new Error('closed during the handshake')));
    const settle = (): void => {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', onAbort);
      socket.off('error', onError).off('close', onClose);
    };
    const fail = (error: MavisError): void => {
      settle();
      // The socket may still report what it was doing; its outcome is settled.
      socket.on('error', () => undefined);
      socket.destroy();
      reject(error);
    };
    options.signal?.addEventListener('abort', onAbort, { once: true });
    socket.on('error', onError).on('close', onClose);
    socket.once('secureConnect', () => {
      const certificate = socket.getPeerX509Certificate();
      if (certificate === undefined || !matchesPin(certificatePin(certificate), address.pins)) fail(linkError('pin-mismatch', gatewayName));
      else if (socket.alpnProtocol !== alpn) fail(linkError('failed', gatewayName, new Error('the peer does not speak the link')));
      else {
        settle();
        resolve(socket);
      }
    });
  });
}
