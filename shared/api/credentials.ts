import { z } from 'zod';
import { credentialId, instant } from '../ids.ts';
import { defineRoute, empty } from './route.ts';

/** A target's credential as the API shows it: never the secret. */
export const credential = z.object({
  id: credentialId,
  name: z.string(),
  kind: z.enum(['password', 'private-key']),
  userName: z.string(),
  createdAt: instant,
  updatedAt: instant,
});
export type Credential = z.infer<typeof credential>;

const name = z.string().min(1).max(200);
const targetUserName = z.string().min(1).max(200);
/** What an administrator sets of a credential; secrets go in and never come out. */
export const credentialFields = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('password'), name, userName: targetUserName, password: z.string().min(1).max(1024) }),
  z.object({ kind: z.literal('private-key'), name, userName: targetUserName, privateKey: z.string().min(1).max(32_768), passphrase: z.string().max(1024).optional() }),
]);
export type CredentialFields = z.infer<typeof credentialFields>;

const byId = z.object({ credentialId });
export const credentialsRoutes = {
  credentialList: defineRoute({ method: 'GET', path: '/v1/credentials', summary: 'List target credentials, without their secrets', access: ['admin'], response: z.object({ items: z.array(credential) }) }),
  credentialCreate: defineRoute({ method: 'POST', path: '/v1/credentials', summary: 'Add a target credential', access: ['admin'], body: credentialFields, response: credential }),
  credentialReplace: defineRoute({ method: 'PUT', path: '/v1/credentials/:credentialId', summary: 'Replace a target credential', access: ['admin'], params: byId, body: credentialFields, response: credential }),
  credentialRemove: defineRoute({ method: 'DELETE', path: '/v1/credentials/:credentialId', summary: 'Remove a target credential that no resource uses', access: ['admin'], params: byId, response: empty }),
} as const;
