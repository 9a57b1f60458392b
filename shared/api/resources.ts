import { z } from 'zod';
import { credentialId, gatewayId, instant, protocol, resourceId } from '../ids.ts';
import { textToStore } from '../storable-text.ts';
import { defineRoute, empty, pageOf, pageQuery } from './route.ts';

/** A tag is a free word or `key:value`; one that begins with `gateway-` names a gateway segment (rule 6). Compared without regard to case, kept in lower case. */
export const tag = z
  .string()
  .min(1)
  .max(100)
  .regex(/^[^\s,;"\p{Cc}\p{Cs}]+$/u)
  .transform((text) => text.toLowerCase());
export const SEGMENT_TAG_PREFIX = 'gateway-';
/** Tags of one resource. */
export const MAX_TAGS = 64;
/** Resources whose tags are changed in one request. */
export const MAX_RETAGGED = 1000;

/** Whether a tag names a gateway segment (rule 6). */
export function isSegmentTag(value: string): boolean {
  return value.startsWith(SEGMENT_TAG_PREFIX);
}

/** A host name or an address, without scheme, port or path. */
export const hostAddress = z.string().min(1).max(253).regex(/^[A-Za-z0-9._:%-]+$/);
export const port = z.number().int().min(1).max(65_535);
/** `SHA256:` and 43 characters of base64 without padding, as `ssh-keygen -l` prints it. */
export const hostKeyFingerprint = z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}$/);
export const operatingSystem = z.enum(['linux', 'windows', 'macos', 'unix', 'network', 'other']);
export type OperatingSystem = z.infer<typeof operatingSystem>;

/** A protocol that a resource speaks, and the port of the target itself. */
export const resourceProtocol = z.object({ protocol, port });

/** What an administrator sets of a resource, each part given. A change takes only the parts that it names: here are no defaults that would fill in the others. */
const resourceParts = z.object({
  name: z.string().min(1).max(200).regex(/^[^\p{Cc}\p{Cs}]+$/u),
  address: hostAddress,
  protocols: z.array(resourceProtocol).min(1).max(4),
  operatingSystem,
  description: textToStore(2000),
  /** Host keys (SSH) or certificates (RDP, VNC) that are expected; empty means not known yet (rule 14). */
  identities: z.array(hostKeyFingerprint).max(8),
  tags: z.array(tag).max(MAX_TAGS),
  credentialId: credentialId.nullable(),
  /** Loopback, link-local and like addresses are dialled for this resource (rule 13; audited). */
  allowSpecialAddress: z.boolean(),
  /** Plain protocols (VNC without encryption) reach this target in Tunnel mode too (rule 8; audited). */
  allowUnencryptedTunnel: z.boolean(),
});

/** What an administrator sets of a new resource. */
export const resourceFields = resourceParts.extend({
  description: resourceParts.shape.description.default(''),
  identities: resourceParts.shape.identities.default([]),
  tags: resourceParts.shape.tags.default([]),
  credentialId: resourceParts.shape.credentialId.default(null),
  allowSpecialAddress: resourceParts.shape.allowSpecialAddress.default(false),
  allowUnencryptedTunnel: resourceParts.shape.allowUnencryptedTunnel.default(false),
});
export type ResourceFields = z.infer<typeof resourceFields>;

export const resource = resourceFields.extend({ id: resourceId, createdAt: instant, updatedAt: instant });
export type Resource = z.infer<typeof resource>;

/** What someone who may use a resource sees of it: no credential, no identity. Users see the address as text only. */
export const resourceSummary = z.object({
  id: resourceId,
  name: z.string(),
  address: z.string(),
  /** Those that the resource speaks. */
  protocols: z.array(protocol),
  operatingSystem,
  description: z.string(),
  tags: z.array(z.string()),
});
export type ResourceSummary = z.infer<typeof resourceSummary>;

/** A resource of a user's list, with those of its protocols that his access rules give him. A service of an older version does not say which. */
export const listedResource = resourceSummary.extend({ allowedProtocols: z.array(protocol).optional() });
export type ListedResource = z.infer<typeof listedResource>;

export const importReport = z.object({
  created: z.number().int(),
  updated: z.number().int(),
  /** One entry for each line that was refused; the other lines were taken. `column` and `code` say what is wrong with it. */
  badLines: z.array(z.object({ line: z.number().int(), column: z.string(), code: z.enum(['missing', 'invalid', 'duplicate', 'unknown-column', 'unreadable']), value: z.string().max(200) })),
  badLineCount: z.number().int(),
});
export type ImportReport = z.infer<typeof importReport>;

/** What the connection test found, stage by stage, without sending any credential (rule 14). */
export const connectionTest = z.object({
  gatewayId,
  gatewayName: z.string(),
  stages: z.array(z.object({ stage: z.enum(['choice', 'grant', 'resolve', 'tcp', 'banner', 'identity']), ok: z.boolean(), milliseconds: z.number(), code: z.string().optional(), detail: z.string().max(500).default('') })),
  identity: z.object({ fingerprint: hostKeyFingerprint, kind: z.string(), expected: z.boolean() }).nullable(),
});
export type ConnectionTest = z.infer<typeof connectionTest>;

const byId = z.object({ resourceId });
export const resourceListQuery = pageQuery.extend({
  /** The filter language of `shared/resources/filter.ts`. */
  filter: z.string().max(500).default(''),
});

export const resourcesRoutes = {
  resourceList: defineRoute({ method: 'GET', path: '/v1/resources', summary: 'The resources that the caller may use, by name', access: 'signed-in', query: resourceListQuery, response: pageOf(listedResource).extend({ total: z.number().int(), revision: z.string() }) }),
  resourceTags: defineRoute({ method: 'GET', path: '/v1/resource-tags', summary: 'Tags of the matching resources, with counts', access: 'signed-in', query: z.object({ filter: z.string().max(500).default(''), limit: z.coerce.number().int().min(1).max(1000).default(100) }), response: z.object({ tags: z.array(z.object({ tag: z.string(), count: z.number().int() })), total: z.number().int() }) }),
  resourceRead: defineRoute({ method: 'GET', path: '/v1/resources/:resourceId', summary: 'One resource, whole', access: ['admin', 'operator', 'auditor'], params: byId, response: resource }),
  resourceCreate: defineRoute({ method: 'POST', path: '/v1/resources', summary: 'Add a resource', access: ['admin'], body: resourceFields, response: resource }),
  resourceUpdate: defineRoute({ method: 'PATCH', path: '/v1/resources/:resourceId', summary: 'Change a resource', access: ['admin'], params: byId, body: resourceParts.partial(), response: resource }),
  resourceTagsChange: defineRoute({ method: 'POST', path: '/v1/resources/tags', summary: 'Add and remove tags of many resources, all or none (S37)', access: ['admin'], body: z.object({ resourceIds: z.array(resourceId).min(1).max(MAX_RETAGGED), add: z.array(tag).max(MAX_TAGS).default([]), remove: z.array(tag).max(MAX_TAGS).default([]) }), response: z.object({ changed: z.number().int(), unchanged: z.number().int() }), maxBodyBytes: 128 * 1024 }),
  resourceRemove: defineRoute({ method: 'DELETE', path: '/v1/resources/:resourceId', summary: 'Remove a resource', access: ['admin'], params: byId, response: empty }),
  resourceImport: defineRoute({ method: 'POST', path: '/v1/resources/import', summary: 'Import CSV or JSON; lines that are wrong are reported, the others are taken', access: ['admin'], body: z.object({ format: z.enum(['csv', 'json']), text: z.string().max(64 * 1024 * 1024), dryRun: z.boolean().default(false) }), response: importReport, maxBodyBytes: 64 * 1024 * 1024, anyText: true }),
  resourceExport: defineRoute({ method: 'GET', path: '/v1/resources/export', summary: 'Export as CSV or JSON', access: ['admin'], query: z.object({ format: z.enum(['csv', 'json']), filter: z.string().max(500).default('') }), response: z.unknown(), mediaType: 'application/octet-stream' }),
  resourceConnectionTest: defineRoute({ method: 'POST', path: '/v1/resources/:resourceId/connection-test', summary: 'Try the way to the target, without credentials', access: ['admin', 'operator'], params: byId, body: z.object({ protocol, gatewayId: gatewayId.optional() }), response: connectionTest }),
  resourceConfirmIdentity: defineRoute({ method: 'PUT', path: '/v1/resources/:resourceId/identity', summary: 'Confirm the host key or certificate that a connection test read', access: ['admin'], params: byId, body: z.object({ fingerprint: hostKeyFingerprint, replace: z.boolean().default(false) }), response: resource }),
} as const;
