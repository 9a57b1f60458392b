import { z } from 'zod';

/** Identifiers are UUIDs that the owning program makes itself; a brand keeps one kind from being passed as another. */
export const userId = z.uuid().brand<'UserId'>();
export type UserId = z.infer<typeof userId>;
export const resourceId = z.uuid().brand<'ResourceId'>();
export type ResourceId = z.infer<typeof resourceId>;
export const accessRuleId = z.uuid().brand<'AccessRuleId'>();
export type AccessRuleId = z.infer<typeof accessRuleId>;
export const credentialId = z.uuid().brand<'CredentialId'>();
export type CredentialId = z.infer<typeof credentialId>;
export const gatewayId = z.uuid().brand<'GatewayId'>();
export type GatewayId = z.infer<typeof gatewayId>;
export const connectionId = z.uuid().brand<'ConnectionId'>();
export type ConnectionId = z.infer<typeof connectionId>;
export const recordingId = z.uuid().brand<'RecordingId'>();
export type RecordingId = z.infer<typeof recordingId>;
export const profileId = z.uuid().brand<'ProfileId'>();
export type ProfileId = z.infer<typeof profileId>;

/**
 * The short word that user, helpdesk, audit log and error log share for one connection: `MV-XXXXX-XXXXX`,
 * ten letters of Crockford's base 32 (50 random bits, no I, L, O, U).
 */
export const connectionReference = z
  .string()
  .regex(/^MV-[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}$/)
  .brand<'ConnectionReference'>();
export type ConnectionReference = z.infer<typeof connectionReference>;

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** A reference from ten random bytes (the caller's source of randomness); throws RangeError for any other length. */
export function connectionReferenceFrom(random: Uint8Array): ConnectionReference {
  if (random.length !== 10) throw new RangeError('a reference takes ten random bytes');
  const letters = Array.from(random, (byte) => CROCKFORD[byte & 31]).join('');
  return connectionReference.parse(`MV-${letters.slice(0, 5)}-${letters.slice(5)}`);
}

/** The four ways of reaching a target that the system supports (S20). */
export const protocol = z.enum(['ssh', 'sftp', 'vnc', 'rdp']);
export type Protocol = z.infer<typeof protocol>;

/** SHA-256 as 43 characters of base64url without padding. */
export const sha256 = z.string().regex(/^[A-Za-z0-9_-]{43}$/);

/** An instant in UTC, ISO 8601. */
export const instant = z.iso.datetime();
