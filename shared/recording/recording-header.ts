import { z } from 'zod';
import { connectionId, connectionReference, gatewayId, instant, protocol, recordingId, resourceId, sha256, userId } from '../ids.ts';

const base64url = (bytes: number) => z.string().regex(new RegExp(`^[A-Za-z0-9_-]{${Math.ceil((bytes * 4) / 3)}}$`));

/** The recording's key (AES-256), sealed to the service: ephemeral X25519, HKDF-SHA256, AES-256-GCM. */
export const sealedKey = z.object({
  algorithm: z.literal('x25519-hkdf-sha256-aes-256-gcm'),
  /** SHA-256 of the SubjectPublicKeyInfo of the service's key, so that an old one is found after a rotation. */
  recipient: sha256,
  /** The ephemeral public key, 32 bytes. */
  ephemeral: base64url(32),
  /** The key and its tag, 48 bytes. */
  sealed: base64url(48),
});
export type SealedKey = z.infer<typeof sealedKey>;

/** What was negotiated, by name: `terminal`, `columns`, `rows`, `kind`, `targetIdentity`. Never a secret: the header is plain. */
export const recordingFacts = z.record(z.string().max(40), z.union([z.string().max(500), z.number(), z.boolean()])).refine((facts) => Object.keys(facts).length <= 40, 'too many facts');
export type RecordingFacts = z.infer<typeof recordingFacts>;

/** The plain header of a container (rule 19). */
export const recordingHeader = z.object({
  recordingId,
  connectionId,
  reference: connectionReference,
  gatewayId,
  gatewayName: z.string().max(100),
  protocol,
  /** Number of the channel within the session, from 0: each channel has a recording of its own. */
  channel: z.number().int().min(0).max(0xffff),
  user: z.object({ id: userId, name: z.string().max(200), displayName: z.string().max(200) }),
  resource: z.object({ id: resourceId, name: z.string().max(200) }),
  startedAt: instant,
  facts: recordingFacts,
  key: sealedKey,
});
export type RecordingHeader = z.infer<typeof recordingHeader>;

/** The closing seal: signed, so that nobody without the gateway's key can write one. */
export const recordingSeal = z.object({
  version: z.literal(1),
  recordingId,
  gatewayId,
  /** `sealed`: whole. `recovered`: cut off by a crash, and closed at the next start. `incomplete`: closed early, `code` says why. */
  state: z.enum(['sealed', 'recovered', 'incomplete']),
  code: z.string().max(100).nullable(),
  /** Stored blocks (frames and index) before the seal. */
  blocks: z.number().int().min(0),
  frames: z.number().int().min(0),
  /** Bytes before the seal. */
  bytes: z.number().int().min(0),
  /** Time of the last frame. */
  durationMicroseconds: z.number().int().min(0),
  /** Offset of the last index block; null where there is none. */
  lastIndexOffset: z.number().int().min(0).nullable(),
  closedAt: instant,
  /** Hash of the chain over everything before the seal. */
  headHash: sha256,
});
export type RecordingSeal = z.infer<typeof recordingSeal>;
