import { createHash, type X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { TlsSeen } from '../../shared/diagnostics/check-result.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { isPinnedKey, keyFingerprint, type ServicePin, shortName } from '../service-client/certificate-trust.ts';
import { isPinned } from '../sessions/gateway-dial.ts';
import { systemCode } from './check.ts';

/** Who a peer said that it is, before anybody judges it. */
function described(socket: TLSSocket, certificate: X509Certificate): Omit<TlsSeen, 'trust' | 'outcome'> {
  const until = new Date(certificate.validTo);
  return {
    version: socket.getProtocol(),
    alpn: typeof socket.alpnProtocol === 'string' ? socket.alpnProtocol.slice(0, 50) : null,
    subject: shortName(certificate.subject),
    issuer: shortName(certificate.issuer),
    fingerprint: keyFingerprint(certificate),
    signedByAnother: !certificate.verify(certificate.publicKey),
    validUntil: Number.isNaN(until.getTime()) ? null : until.toISOString(),
  };
}

/** What a gateway's place showed, against the pins of its key; without any the key is not judged. */
export function seenGateway(socket: TLSSocket, pins: readonly string[]): TlsSeen {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return failedTls('failed');
  const key = createHash('sha256').update(certificate.publicKey.export({ type: 'spki', format: 'der' })).digest();
  return { outcome: 'done', ...described(socket, certificate), trust: pins.length === 0 ? 'not-checked' : isPinned(key, pins) ? 'good' : 'pin' };
}

/** What the service's place showed, against the pinned fingerprints or, where that is null, the system's trust. */
export function seenService(socket: TLSSocket, pin: ServicePin): TlsSeen {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return failedTls('failed');
  const seen = described(socket, certificate);
  return { outcome: 'done', ...seen, trust: pin === null ? systemTrust(socket) : seen.fingerprint !== null && isPinnedKey(seen.fingerprint, pin) ? 'good' : 'pin' };
}

function systemTrust(socket: TLSSocket): TlsSeen['trust'] {
  if (socket.authorized) return 'good';
  const code = authorizationCode(socket.authorizationError);
  if (code === 'CERT_HAS_EXPIRED') return 'expired';
  if (code === 'CERT_NOT_YET_VALID') return 'not-yet-valid';
  return code === 'ERR_TLS_CERT_ALTNAME_INVALID' ? 'name' : 'issuer';
}

/** Node gives a word where its types say an error, and the error where a name does not match. */
function authorizationCode(error: unknown): string {
  if (typeof error === 'string') return error;
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

const OTHER_WORDS = new Set(['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG', 'ERR_SSL_HTTP_REQUEST', 'ERR_SSL_RECORD_LAYER_FAILURE', 'ERR_SSL_UNEXPECTED_MESSAGE', 'EPROTO']);
const OLD = new Set(['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'ERR_SSL_UNSUPPORTED_PROTOCOL', 'ERR_SSL_TLS_ALERT_PROTOCOL_VERSION']);

/** What a handshake that failed says of the peer; `reset` where the connection was torn down under it, as firewalls do. */
export function failedHandshake(error: unknown): TlsSeen | 'reset' {
  if (error instanceof MavisError && (error.code === 'gateway.time-out' || error.code === 'service.time-out' || error.code === 'connect.cancelled')) return failedTls('silent');
  const code = systemCode(error);
  if (code === 'ECONNRESET') return isTornDown(error) ? 'reset' : failedTls('closed');
  if (code !== undefined && OTHER_WORDS.has(code)) return failedTls('not-tls');
  if (code !== undefined && OLD.has(code)) return failedTls('old');
  return failedTls(code === undefined ? 'closed' : 'failed');
}

/** Node gives the same code where the peer hung up in order; only the system's own has a call. */
function isTornDown(error: unknown): boolean {
  for (let one: unknown = error, depth = 0; one instanceof Error && depth < 4; one = one.cause, depth += 1) if ('syscall' in one) return true;
  return false;
}

function failedTls(outcome: Exclude<TlsSeen['outcome'], 'done'>): TlsSeen {
  return { outcome, version: null, alpn: null, subject: null, issuer: null, fingerprint: null, signedByAnother: false, validUntil: null, trust: 'not-checked' };
}
