import { createHash, createPublicKey, verify } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import { SIGNATURE_HEADER, SIGNATURE_NONCE_HEADER, SIGNED_AT_HEADER, signedRequestText } from '../../shared/api/sign-in.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { instant } from '../../shared/ids.ts';
import type { Clock } from '../clock.ts';

/** A signature is taken within so long of its time (`shared/api/sign-in.ts`): clocks may differ by that much, and a stolen one is soon worth nothing. */
export const SIGNATURE_VALID_MS = 60_000;

const signatureHeaders = z.object({
  [SIGNATURE_HEADER]: z.string().min(64).max(200),
  [SIGNED_AT_HEADER]: instant,
  [SIGNATURE_NONCE_HEADER]: z.string().min(16).max(128),
});

/** Takes a nonce once: false where it was taken before. */
export type TakeNonce = (nonce: string, expiresAt: Date) => Promise<boolean>;

/** A request as it arrived, and the session that it says it is of. */
export interface RequestToVerify {
  readonly method: string;
  /** Path and query as they stood on the request line. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Uint8Array;
  readonly tokenSha256: string;
  /** SubjectPublicKeyInfo, base64url. */
  readonly clientKey: string;
}

/**
 * Proves that the holder of the session's key made exactly this request, now and for the first time (rule 3). Throws
 * `request.signature-invalid`, or `sign-in.clock-differs` with the seconds where only the time is off.
 */
export async function verifySignedRequest(request: RequestToVerify, clock: Pick<Clock, 'now'>, takeNonce: TakeNonce): Promise<void> {
  const headers = signatureHeaders.safeParse(request.headers);
  if (!headers.success) throw new MavisError('request.signature-invalid');
  const signedAt = headers.data[SIGNED_AT_HEADER];
  const nonce = headers.data[SIGNATURE_NONCE_HEADER];
  const bodySha256 = createHash('sha256').update(request.body).digest('base64url');
  const text = signedRequestText({ method: request.method, path: request.path, signedAt, nonce, bodySha256, tokenSha256: request.tokenSha256 });
  if (!isSignedBy(request.clientKey, text, headers.data[SIGNATURE_HEADER])) throw new MavisError('request.signature-invalid');
  const differenceMs = Math.abs(clock.now().getTime() - Date.parse(signedAt));
  if (differenceMs > SIGNATURE_VALID_MS) throw new MavisError('sign-in.clock-differs', { seconds: Math.round(differenceMs / 1000) });
  // Kept for twice as long as a signature is taken, from the later of both clocks.
  if (!(await takeNonce(`${request.tokenSha256}.${nonce}`, new Date(clock.now().getTime() + 2 * SIGNATURE_VALID_MS)))) throw new MavisError('request.signature-invalid');
}

/** Whether `signature` (ECDSA P-256 with SHA-256, IEEE P1363, base64url) of `text` is the key's. False for any key that is not P-256. */
export function isSignedBy(clientKey: string, text: string, signature: string): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(clientKey, 'base64url'), format: 'der', type: 'spki' });
    if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') return false;
    return verify('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'));
  } catch {
    // Bytes that are no key or no signature prove nothing.
    return false;
  }
}
