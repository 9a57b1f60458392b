import { createHash, timingSafeEqual, type X509Certificate } from 'node:crypto';
import { isIP, type Socket } from 'node:net';
import * as tls from 'node:tls';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { Profile } from '../../shared/ipc/stores.ts';
import { openThroughProxy } from '../network/open-through-proxy.ts';
import { unsupportedWay, type WayOut } from '../network/way-out.ts';

/** How a service proves who it is: by a pinned key (`SHA256:` and base64, as profiles have it), by any of several while it rotates its key or, where null, by the system's trust. */
export type ServicePin = string | readonly string[] | null;

/** All that a profile pins (rule 15). */
export function pinOf({ pin, furtherPins = [] }: Pick<Profile, 'pin' | 'furtherPins'>): ServicePin {
  return pin === null ? null : [pin, ...furtherPins];
}

/** Whether a key's fingerprint is one that is pinned. */
export function isPinnedKey(seen: string, pin: string | readonly string[]): boolean {
  return (typeof pin === 'string' ? [pin] : pin).some((one) => sameText(seen, one));
}

/** Fingerprint of a certificate's key: SHA-256 of the SubjectPublicKeyInfo, as `SHA256:` and base64 without padding. */
export function keyFingerprint(certificate: X509Certificate): string {
  const info = certificate.publicKey.export({ type: 'spki', format: 'der' });
  return `SHA256:${createHash('sha256').update(info).digest('base64').replace(/=+$/, '')}`;
}

/** Common name or organisation of a certificate's subject or issuer, for a person; at most 200 letters. */
export function shortName(distinguishedName: string | undefined): string {
  const lines = (distinguishedName ?? '').split('\n');
  const of = (attribute: string): string | undefined => lines.find((line) => line.startsWith(`${attribute}=`))?.slice(attribute.length + 1);
  return (of('CN') ?? of('O') ?? lines[0] ?? '').slice(0, 200);
}

/** Certificates that the operating system trusts, and those the user added by the environment; the runtime's own where the system has none. */
export function systemAuthorities(): string[] {
  const system = tls.getCACertificates('system');
  return [...(system.length > 0 ? system : tls.getCACertificates('default')), ...tls.getCACertificates('extra')];
}

export interface DialOptions {
  readonly host: string;
  readonly port: number;
  readonly pin: ServicePin;
  /** Read once by the owner: reading the system's store is slow. */
  readonly authorities: readonly string[];
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** In the order to try them; straight where nothing is said. */
  readonly waysOut?: readonly WayOut[] | undefined;
}

/**
 * A TLS connection to a service that has proved itself, before anything of ours was sent but the handshake: the pinned key,
 * or a chain to the system's trust and the right name. Throws `service.pin-mismatch`, `service.certificate-untrusted` (with
 * the issuer seen), `service.name-unknown`, `service.unreachable`, `service.time-out`, or `proxy.*` where a proxy is on the way. No session resumption: each
 * connection proves itself anew.
 */
export async function dialService(options: DialOptions): Promise<tls.TLSSocket> {
  const socket = await overAnyWay(options);
  try {
    checkTrust(socket, options.pin);
  } catch (error) {
    socket.destroy();
    throw error;
  }
  return socket;
}

/** What a service's certificate says, without sending anything to it; throws as `dialService` does where it cannot be reached. */
export async function readServiceCertificate(options: Omit<DialOptions, 'pin'>): Promise<{ fingerprint: string; subject: string; issuer: string; trustedBySystem: boolean }> {
  const socket = await overAnyWay(options);
  try {
    const certificate = certificateOf(socket);
    return { fingerprint: keyFingerprint(certificate), subject: shortName(certificate.subject), issuer: shortName(certificate.issuer), trustedBySystem: socket.authorized };
  } finally {
    socket.destroy();
  }
}

const DIRECT: readonly WayOut[] = [{ kind: 'direct' }];

/** TLS with whatever answers in the service's place, over a stream that leads there. It is not judged yet: see `judgeTrust`. Throws `service.*`, with the system's error as cause. */
export function openServiceTls(options: Omit<DialOptions, 'pin' | 'waysOut'>, socket: Socket): Promise<tls.TLSSocket> {
  return handshake(options, { socket });
}

/** The first way out that leads there. Where none does, a proxy that asks for a sign-on is what the user can do something about; else the first way's failure is told. */
async function overAnyWay(options: Omit<DialOptions, 'pin'>): Promise<tls.TLSSocket> {
  const failures: MavisError[] = [];
  for (const way of options.waysOut ?? DIRECT) {
    try {
      if (way.kind === 'unsupported') throw unsupportedWay(way);
      const { host, port, timeoutMs, signal } = options;
      return await handshake(options, way.kind === 'direct' ? { host, port } : { socket: await openThroughProxy({ proxy: way, host, port, timeoutMs, signal }) });
    } catch (error) {
      if (!(error instanceof MavisError) || error.code === 'connect.cancelled') throw error;
      failures.push(error);
    }
  }
  throw failures.find(({ code }) => code === 'proxy.authentication-required' || code === 'proxy.authentication-failed') ?? failures[0] ?? new MavisError('internal');
}

function handshake({ host, port, authorities, timeoutMs, signal }: Omit<DialOptions, 'pin'>, way: { host: string; port: number } | { socket: Socket }): Promise<tls.TLSSocket> {
  const address = `${host}:${port}`;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(new MavisError('connect.cancelled'));
      return;
    }
    // The decision is ours, after the handshake, so that the issuer of a wrong certificate can be named.
    // The host is what the certificate must name, also where the stream was opened by a proxy.
    const socket = tls.connect({ host, ...way, ca: [...authorities], rejectUnauthorized: false, minVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'], ...(isIP(host) === 0 ? { servername: host } : {}) });
    const timer = setTimeout(() => socket.destroy(new MavisError('service.time-out', { address })), timeoutMs);
    const onAbort = (): void => {
      socket.destroy(new MavisError('connect.cancelled'));
    };
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      socket.off('error', onError).off('close', onClose);
    };
    const onError = (error: Error): void => {
      settle();
      reject(networkError(error, address));
    };
    const onClose = (): void => {
      settle();
      reject(new MavisError('service.unreachable', { address }));
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    socket.once('error', onError).once('close', onClose);
    socket.once('secureConnect', () => {
      settle();
      resolve(socket);
    });
  });
}

function checkTrust(socket: tls.TLSSocket, pin: ServicePin): void {
  const certificate = certificateOf(socket);
  if (pin !== null) {
    const seen = keyFingerprint(certificate);
    if (!isPinnedKey(seen, pin)) throw new MavisError('service.pin-mismatch', { seen });
    return;
  }
  if (!socket.authorized) throw new MavisError('service.certificate-untrusted', { issuer: shortName(certificate.issuer) }, { cause: socket.authorizationError });
}

function certificateOf(socket: tls.TLSSocket): X509Certificate {
  const certificate = socket.getPeerX509Certificate();
  if (!certificate) throw new MavisError('service.certificate-untrusted', { issuer: '' });
  return certificate;
}

function sameText(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

const UNKNOWN_NAME: ReadonlySet<string> = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_NODATA', 'EAI_NONAME']);

/** A failure of the network as an error of leg L1. */
export function networkError(error: unknown, address: string): MavisError {
  if (error instanceof MavisError) return error;
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (UNKNOWN_NAME.has(code)) return new MavisError('service.name-unknown', { address }, { cause: error });
  if (code === 'ETIMEDOUT') return new MavisError('service.time-out', { address }, { cause: error });
  return new MavisError('service.unreachable', { address }, { cause: error });
}
