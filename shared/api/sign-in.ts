import { z } from 'zod';
import { instant } from '../ids.ts';
import { defineRoute, empty } from './route.ts';
import { newPassword, user, userName } from './users.ts';

/**
 * How a client proves that it holds its key at sign-in (rule 3): ECDSA P-256 with SHA-256, IEEE P1363 form, base64url, over
 * the UTF-8 bytes of `mavis-sign-in-1\n` + nonce + `\n` + clientKey. The service then binds the session token to the key.
 */
const keyProof = z.object({
  nonce: z.string().min(16).max(128),
  /** SubjectPublicKeyInfo, DER, base64url. */
  clientKey: z.string().min(80).max(400),
  signature: z.string().min(64).max(200),
});

export const SIGN_IN_CONTEXT = 'mavis-sign-in-1';
/** First line of what is signed for a signed request: see `signedRequestText`. */
export const SIGNED_REQUEST_CONTEXT = 'mavis-request-1';
export const SIGNATURE_HEADER = 'mavis-signature';
export const SIGNED_AT_HEADER = 'mavis-signed-at';
export const SIGNATURE_NONCE_HEADER = 'mavis-signature-nonce';

/** The text that the client's key signs for a signed route; a signature is taken once and within 60 s of `signedAt` (ISO 8601). */
export function signedRequestText(parts: { method: string; path: string; signedAt: string; nonce: string; bodySha256: string; tokenSha256: string }): string {
  return [SIGNED_REQUEST_CONTEXT, parts.method, parts.path, parts.signedAt, parts.nonce, parts.bodySha256, parts.tokenSha256].join('\n');
}

export const signInResult = z.object({ token: z.string(), expiresAt: instant, user });
export type SignInResult = z.infer<typeof signInResult>;

export const signInRoutes = {
  signInChallenge: defineRoute({ method: 'POST', path: '/v1/sign-in/challenge', summary: 'A nonce to sign, valid for two minutes', access: 'anyone', response: z.object({ nonce: z.string(), expiresAt: instant, serverTime: instant }) }),
  signIn: defineRoute({ method: 'POST', path: '/v1/sign-in', summary: 'Sign in with a password', access: 'anyone', body: keyProof.extend({ name: userName, password: z.string().min(1).max(256) }), response: signInResult }),
  signInOneTime: defineRoute({ method: 'POST', path: '/v1/sign-in/one-time', summary: 'Sign in with a one-time sign-in of the embedded system (rule 27)', access: 'anyone', body: keyProof.extend({ oneTimeSignIn: z.string().min(32).max(128) }), response: signInResult }),
  signOut: defineRoute({ method: 'POST', path: '/v1/sign-out', summary: 'End this session token', access: 'signed-in', response: empty }),
  me: defineRoute({ method: 'GET', path: '/v1/me', summary: 'Who is signed in', access: 'signed-in', response: z.object({ user, expiresAt: instant }) }),
  changePassword: defineRoute({ method: 'POST', path: '/v1/me/password', summary: 'Change one\'s own password', access: 'signed-in', body: z.object({ current: z.string().min(1).max(256), next: newPassword }), response: empty }),
} as const;
