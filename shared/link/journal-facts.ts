import { z } from 'zod';
import { recordingState } from '../api/recordings.ts';
import { recordingId, sha256 } from '../ids.ts';

const code = z.string().max(100);
const optionalText = z.string().max(2000).nullish();
const count = z.number().min(0).nullish();
const port = z.number().int().min(0).max(65_535).nullish();

/** What a target did with the user's agent and X server, where it was let to them. */
const forwardingCounts = { agentOpenings: count, agentSignatures: count, agentBytesFromTarget: count, agentBytesToTarget: count, x11Openings: count, x11BytesFromTarget: count, x11BytesToTarget: count };

/** What the service reads of an event's facts, by kind. More facts may stand there; they are kept as they came. */
export const journalFacts = {
  'ticket-used': z.object({}),
  /** The protocol itself is connected and its recording stands (rule 1). */
  connected: z.object({ recordingId: recordingId.nullish(), targetIdentity: optionalText, targetEncrypted: z.boolean().nullish(), targetAddress: optionalText }),
  /** Nothing was connected. `credentialSent` forbids a retry on another gateway (rule 4). */
  failed: z.object({ code, credentialSent: z.boolean().nullish() }),
  ended: z.object({ code, exitStatus: z.number().nullish(), signal: optionalText, durationMs: count, bytesIn: count, bytesOut: count, ...forwardingCounts }),
  /** The target was let to the user's agent or X server (`granted`), or opened its first channel there (`used`). */
  forwarding: z.object({ what: z.enum(['agent', 'x11']), event: z.enum(['granted', 'used']) }),
  /** A first hop reached the next gateway and relays ciphertext to it (Tunnel); the ticket's hash tells which of a connection's forwards. */
  forwarded: z.object({ ticketSha256: sha256, nextGatewayName: optionalText, nextAddress: optionalText, nextPort: count }),
  /** The end of a forward; `forwarded: false` where the next gateway was never reached. */
  'forward-ended': z.object({ ticketSha256: sha256, code, forwarded: z.boolean().nullish(), durationMs: count, bytesIn: count, bytesOut: count }),
  /** Somebody began to watch a session, and ended; the id is the service's own, so that only what it granted is believed. */
  'watch-began': z.object({ watchId: z.uuid() }),
  'watch-ended': z.object({ watchId: z.uuid(), code, durationMs: count, bytesOut: count, skips: count, refusedBytes: count }),
  'recording-closed': z.object({ recordingId, state: recordingState, code: code.nullish(), durationMs: count, bytes: count }),
  /** Peers who were sent away before anything was known of them; address and port are null where many are counted together. */
  'peer-refused': z.object({ code, what: z.string().max(100), address: z.string().max(100).nullish(), port, count: z.number().min(1), clientKeyThumbprint: sha256.nullish() }),
  /** What the gateway found of its own journal when it started (S69). */
  'gateway-started': z.object({ version: optionalText, cleanStop: z.boolean().nullish(), code: code.nullish(), from: count, to: count }),
} as const;
