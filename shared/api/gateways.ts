import { z } from 'zod';
import { gatewayKeyLine } from '../gateway-key.ts';
import { portPreference, signedGatewayConfiguration } from '../gateway-configuration.ts';
import { gatewayId, instant, protocol } from '../ids.ts';
import { hostAddress, port } from './resources.ts';
import { defineRoute, empty } from './route.ts';

/** A segment's name is the tag that chooses it (rule 6). */
export const segmentName = z.string().max(100).regex(/^gateway-[a-z0-9][a-z0-9._-]*$/);

export const gatewayState = z.enum(['pending', 'available', 'degraded', 'unavailable', 'draining', 'disabled']);
export type GatewayState = z.infer<typeof gatewayState>;

export const gatewayAddresses = z.object({ host: hostAddress, linkPort: port, proxyPorts: z.array(port).min(1).max(8) });

/** A gateway's state as last known; `confirmedAt` says when it last answered, `code` (of the error catalogue) why it is not available. */
export const gatewayStatus = z.object({
  state: gatewayState,
  code: z.string().nullable(),
  detail: z.string().max(500),
  confirmedAt: instant.nullable(),
  changedAt: instant,
  sessions: z.number().int().nullable(),
  version: z.string().nullable(),
  roundTripMs: z.number().nullable(),
  /** Proxy ports that the gateway says are open, with what each may carry. */
  ports: z.array(z.object({ port, open: z.boolean(), protocols: z.array(protocol) })),
});
export type GatewayStatus = z.infer<typeof gatewayStatus>;

export const gateway = z.object({
  id: gatewayId,
  name: z.string(),
  segment: segmentName.nullable(),
  addresses: gatewayAddresses,
  portPreference,
  keyFingerprint: z.string().nullable(),
  status: gatewayStatus,
  createdAt: instant,
});
export type Gateway = z.infer<typeof gateway>;

/** What everyone may know: how many gateways of a segment of resources they may use are available (rule 26). `null` is the pool of all gateways, for untagged resources. */
export const segmentState = z.object({ segment: z.string().nullable(), known: z.boolean(), total: z.number().int(), available: z.number().int(), confirmedAt: instant.nullable() });
export type SegmentState = z.infer<typeof segmentState>;

const byId = z.object({ gatewayId });
const registration = z.object({ name: z.string().min(1).max(100).regex(/^\S+$/), segment: segmentName.nullable(), addresses: gatewayAddresses });

export const gatewaysRoutes = {
  segmentList: defineRoute({ method: 'GET', path: '/v1/segments', summary: 'State of the segments of resources that the caller may use', access: 'signed-in', response: z.object({ items: z.array(segmentState) }) }),
  gatewayList: defineRoute({ method: 'GET', path: '/v1/gateways', summary: 'List gateways', access: ['admin', 'operator', 'auditor'], response: z.object({ items: z.array(gateway) }) }),
  gatewayRegister: defineRoute({ method: 'POST', path: '/v1/gateways', summary: 'Register a gateway; gives the file to install it with (S35, S36)', access: ['admin'], body: registration, response: z.object({ gateway, configurationFile: signedGatewayConfiguration, serviceFingerprint: z.string() }) }),
  gatewayEnterKey: defineRoute({ method: 'PUT', path: '/v1/gateways/:gatewayId/public-key', summary: 'Enter the public key that the installed gateway printed (S38)', access: ['admin'], params: byId, body: z.object({ line: gatewayKeyLine }), response: gateway }),
  gatewayUpdate: defineRoute({ method: 'PATCH', path: '/v1/gateways/:gatewayId', summary: 'Change, drain or disable a gateway', access: ['admin'], params: byId, body: registration.partial().extend({ draining: z.boolean().optional(), disabled: z.boolean().optional() }), response: gateway }),
  gatewayRemove: defineRoute({ method: 'DELETE', path: '/v1/gateways/:gatewayId', summary: 'Remove a gateway', access: ['admin'], params: byId, response: empty }),
  gatewayConfigurationFile: defineRoute({ method: 'GET', path: '/v1/gateways/:gatewayId/configuration-file', summary: 'The configuration file again', access: ['admin'], params: byId, response: signedGatewayConfiguration }),
} as const;
