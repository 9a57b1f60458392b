import { createHmac, timingSafeEqual } from 'node:crypto';

/** Random bytes of each side, base64url; with both, no answer of one conversation is worth anything in another. */
export interface Nonces {
  readonly app: string;
  readonly command: string;
}

/** What shows that a side knows the secret, which itself is never sent. The sides' proofs differ, so that none can be sent back. */
export function proofOf(side: 'app' | 'command', secret: string, { app, command }: Nonces): string {
  return createHmac('sha256', secret).update(`mavis command line\n${side}\n${app}\n${command}`).digest('base64url');
}

/** Whether a proof is the one of a side, in a time that tells nothing of it. */
export function isProof(proof: string, side: 'app' | 'command', secret: string, nonces: Nonces): boolean {
  const [given, wanted] = [Buffer.from(proof), Buffer.from(proofOf(side, secret, nonces))];
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
