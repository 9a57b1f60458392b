import { z } from 'zod';
import { credentialFields } from '../api/credentials.ts';

const [password, privateKey] = credentialFields.options;

/** A target credential as a page has it saved: as the service takes it, or with a private key in a file that the user chose and only main reads. */
export const credentialDraft = z.discriminatedUnion('kind', [password, privateKey, privateKey.omit({ kind: true, privateKey: true }).extend({ kind: z.literal('key-file'), keyFileId: z.uuid() })]);
export type CredentialDraft = z.infer<typeof credentialDraft>;
