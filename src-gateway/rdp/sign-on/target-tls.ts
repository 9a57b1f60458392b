import type { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { MavisError } from '../../../shared/errors/mavis-error.ts';

/** Longer certificates are nobody's: one with a hundred names has 5 KiB. */
export const MOST_CERTIFICATE_BYTES = 9 * 1024;

/** TLS to a target that stands, and what it showed. */
export interface TargetTls {
  readonly socket: TLSSocket;
  readonly certificate: X509Certificate;
}

/**
 * TLS 1.2 or newer over a socket to a target. The certificate is not judged here: who asks compares its fingerprint with what
 * an administrator confirmed (rule 14) before anything is sent. Rejects with a MavisError of leg L4, or the signal's reason.
 */
export function openTargetTls(socket: Socket, signal: AbortSignal): Promise<TargetTls> {
  return new Promise((resolve, reject) => {
    const tls = connect({
      socket,
      // Certificates of desktops are self-signed as a rule: identity is the pinned fingerprint, not an issuer. No name is sent
      // along, so that the connection test and the session are shown the same certificate.
      rejectUnauthorized: false,
      minVersion: 'TLSv1.2',
    });
    const finish = (settle: () => void): void => {
      signal.removeEventListener('abort', aborted);
      tls.off('error', failed).off('close', closed).off('secureConnect', secured);
      // Whoever reads next hears of an end by `close`.
      tls.on('error', () => undefined);
      settle();
    };
    const fail = (error: Error): void => finish(() => {
      tls.destroy();
      reject(error);
    });
    const failed = (error: Error): void => fail(tlsError(error));
    const closed = (): void => fail(new MavisError('target.protocol-error'));
    const aborted = (): void => fail(signal.reason instanceof Error ? signal.reason : new MavisError('connect.cancelled'));
    const secured = (): void => {
      const certificate = tls.getPeerX509Certificate();
      if (certificate === undefined || certificate.raw.length > MOST_CERTIFICATE_BYTES) fail(new MavisError('target.protocol-error'));
      else finish(() => resolve({ socket: tls, certificate }));
    };
    tls.once('error', failed).once('close', closed).once('secureConnect', secured);
    signal.addEventListener('abort', aborted, { once: true });
    if (signal.aborted) aborted();
  });
}

function tlsError(cause: Error): MavisError {
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  const unlike = /UNSUPPORTED_PROTOCOL|NO_PROTOCOLS|ALERT_PROTOCOL_VERSION|HANDSHAKE_FAILURE|NO_SHARED_CIPHER|TOO_SMALL/.test(code);
  return new MavisError(unlike ? 'target.no-common-algorithm' : 'target.protocol-error', {}, { cause });
}
