import { z } from 'zod';
import { credentialId, instant } from '../ids.ts';
import { defineRoute, empty } from './route.ts';

export const credentialKind = z.enum(['password', 'private-key']);

/** A target's credential as the API shows it: never the secret. */
export const credential = z.object({
  id: credentialId,
  name: z.string(),
  kind: credentialKind,
  userName: z.string(),
  /** How many resources it signs on to. */
  resources: z.number().int().nonnegative(),
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
/** What is changed of a credential whose secret stays. */
export const credentialChange = z.object({ name: name.optional(), userName: targetUserName.optional() });
export type CredentialChange = z.infer<typeof credentialChange>;

const byId = z.object({ credentialId });
export const credentialsRoutes = {
  credentialList: defineRoute({ method: 'GET', path: '/v1/credentials', summary: 'List target credentials, without their secrets', access: ['admin'], response: z.object({ items: z.array(credential) }) }),
  credentialCreate: defineRoute({ method: 'POST', path: '/v1/credentials', summary: 'Add a target credential', access: ['admin'], body: credentialFields, response: credential }),
  credentialUpdate: defineRoute({ method: 'PATCH', path: '/v1/credentials/:credentialId', summary: 'Change the name or the user name of a target credential; its secret stays', access: ['admin'], params: byId, body: credentialChange, response: credential }),
  credentialReplace: defineRoute({ method: 'PUT', path: '/v1/credentials/:credentialId', summary: 'Replace a target credential, its secret included', access: ['admin'], params: byId, body: credentialFields, response: credential }),
  credentialRemove: defineRoute({ method: 'DELETE', path: '/v1/credentials/:credentialId', summary: 'Remove a target credential that no resource uses', access: ['admin'], params: byId, response: empty }),
} as const;
