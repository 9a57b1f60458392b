import { z } from 'zod';
import { instant } from './ids.ts';

/** The signed end of the audit chain at some moment: copies with every gateway keep the service from rewriting history (rule 18). */
export const signedAuditHead = z.object({
  sequence: z.number().int().min(1),
  /** The chain's hash at `sequence`, base64url. */
  hash: z.string().max(64),
  signedAt: instant,
  /** Ed25519 of the service's signing key over `auditHeadText`, base64url. */
  signature: z.string().max(100),
});
export type SignedAuditHead = z.infer<typeof signedAuditHead>;

/** The text that is signed. */
export function auditHeadText(head: Omit<SignedAuditHead, 'signature'>): string {
  return `mavis-audit-head-1\n${String(head.sequence)}\n${head.hash}\n${head.signedAt}`;
}

/** A file of heads, as `mavis-gateway audit-heads export` writes and `mavis-service audit verify --heads` reads it: one JSON object a line. Throws ZodError or SyntaxError for a line that is not one. */
export function parseAuditHeads(text: string): SignedAuditHead[] {
  return text.split('\n').filter((line) => line.trim() !== '').map((line) => signedAuditHead.parse(JSON.parse(line)));
}
