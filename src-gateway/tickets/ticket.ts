import { sha256Base64url } from '../keys/fingerprint.ts';

/**
 * Every refusal of a ticket is answered so long after the hello came in, whatever the reason: longer than any of the look-ups
 * takes, so that time tells nothing, and short enough that a person with a late ticket does not notice.
 */
export const REFUSAL_ANSWER_MS = 150;

/** The true reason for which a ticket, or the secret of a resume, was refused: for the journal only, the peer gets one generic answer (B2). */
export type TicketRefusal =
  | 'unknown' | 'used' | 'late' | 'foreign-key' | 'other-protocol' | 'not-over-443' | 'withdrawn'
  | 'resume-unknown' | 'resume-foreign-key' | 'resume-ended' | 'resume-old-epoch' | 'resume-other-port';

/** What the register knows a ticket by: SHA-256 of its 43 letters, base64url. The ticket itself is not kept. */
export function ticketSha256(ticket: string): string {
  return sha256Base64url(Buffer.from(ticket, 'utf8'));
}
