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
  /** Taken out of the choice until it next answers well: a grant or a dial failed (rule 5). */
  ejected: z.boolean(),
  /** How busy it said it is: the share of its processors in use (0 to 1), and its memory. */
  load: z.object({ cpu: z.number(), memoryBytes: z.number() }).nullable(),
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
  /** Whether sessions may run over the link port (443) where the proxy ports cannot be reached. */
  over443: z.boolean(),
  /** Neither clients nor the service reach it but through the default gateway (rule 8). */
  reachedThroughDefault: z.boolean(),
  keyFingerprint: z.string().nullable(),
  /** Of the keys that it has announced and does not go by yet (rule 15). */
  nextKeyFingerprint: z.string().nullable(),
  /** The administrator's switches: new sessions no more; out of use. */
  draining: z.boolean(),
  disabled: z.boolean(),
  status: gatewayStatus,
  createdAt: instant,
});
export type Gateway = z.infer<typeof gateway>;

/** A state that a gateway changed to, and why where it is not simply available. */
export const gatewayStateChange = z.object({ at: instant, state: gatewayState, code: z.string().nullable() });
export type GatewayStateChange = z.infer<typeof gatewayStateChange>;

/** The most changes that one answer holds: one every 5 minutes of a day; the newest are given where there were more. */
export const GATEWAY_HISTORY_MAX = 288;

/** The states of a gateway from `from` to `until`, oldest first. `before` is the state that it had at `from`, null where that is not known. */
export const gatewayHistory = z.object({ from: instant, until: instant, before: gatewayStateChange.nullable(), changes: z.array(gatewayStateChange).max(GATEWAY_HISTORY_MAX), complete: z.boolean() });
export type GatewayHistory = z.infer<typeof gatewayHistory>;

/** What everyone may know: how many gateways of a segment of resources they may use are available (rule 26). `null` is the pool of all gateways, for untagged resources. */
export const segmentState = z.object({ segment: z.string().nullable(), known: z.boolean(), total: z.number().int(), available: z.number().int(), confirmedAt: instant.nullable() });
export type SegmentState = z.infer<typeof segmentState>;

/**
 * Whether Tunnel applies to all connections of the caller, and whether a default gateway takes connections now: where it applies
 * and there is none, nothing is connected, whatever the segments say (S17, S22).
 */
export const tunnelWay = z.object({ applies: z.boolean(), available: z.boolean() });
export type TunnelWay = z.infer<typeof tunnelWay>;

/** What a caller may know of the ways to his resources. */
export const segmentsNow = z.object({ items: z.array(segmentState), tunnel: tunnelWay });
export type SegmentsNow = z.infer<typeof segmentsNow>;

const byId = z.object({ gatewayId });
const registration = z.object({ name: z.string().min(1).max(100).regex(/^\S+$/), segment: segmentName.nullable(), addresses: gatewayAddresses, reachedThroughDefault: z.boolean().optional() });

export const gatewaysRoutes = {
  segmentList: defineRoute({ method: 'GET', path: '/v1/segments', summary: 'State of the segments of resources that the caller may use', access: 'signed-in', response: segmentsNow }),
  segmentRename: defineRoute({
    method: 'POST', path: '/v1/segments/:segment/rename', summary: 'Rename a segment with the tags of its resources (rule 6)', access: ['admin'], params: z.object({ segment: segmentName }), body: z.object({ name: segmentName }),
    response: z.object({ gateways: z.number().int(), resources: z.number().int(), rules: z.array(z.string()) }),
  }),
  gatewayList: defineRoute({ method: 'GET', path: '/v1/gateways', summary: 'List gateways', access: ['admin', 'operator', 'auditor'], response: z.object({ items: z.array(gateway) }) }),
  gatewayHistory: defineRoute({ method: 'GET', path: '/v1/gateways/:gatewayId/history', summary: 'States of a gateway in the last 24 hours', access: ['admin', 'operator', 'auditor'], params: byId, response: gatewayHistory }),
  gatewayRegister: defineRoute({ method: 'POST', path: '/v1/gateways', summary: 'Register a gateway; gives the file to install it with (S35, S36)', access: ['admin'], body: registration, response: z.object({ gateway, configurationFile: signedGatewayConfiguration, serviceFingerprint: z.string() }) }),
  gatewayEnterKey: defineRoute({ method: 'PUT', path: '/v1/gateways/:gatewayId/public-key', summary: 'Enter the public key that the installed gateway printed (S38)', access: ['admin'], params: byId, body: z.object({ line: gatewayKeyLine }), response: gateway }),
  gatewayRotateKey: defineRoute({ method: 'POST', path: '/v1/gateways/:gatewayId/rotate-key', summary: 'Have a gateway make and announce its next key (rule 15)', access: ['admin'], params: byId, response: gateway }),
  gatewaySwitchKey: defineRoute({ method: 'POST', path: '/v1/gateways/:gatewayId/switch-key', summary: 'Have a gateway go by its next key; the old one is refused from then on', access: ['admin'], params: byId, body: z.object({ fingerprint: z.string().max(100) }), response: gateway }),
  gatewayUpdate: defineRoute({ method: 'PATCH', path: '/v1/gateways/:gatewayId', summary: 'Change, drain or disable a gateway, or say which protocols its ports carry (S75)', access: ['admin'], params: byId, body: registration.partial().extend({ portPreference: portPreference.optional(), over443: z.boolean().optional(), draining: z.boolean().optional(), disabled: z.boolean().optional() }), response: gateway }),
  gatewayRemove: defineRoute({ method: 'DELETE', path: '/v1/gateways/:gatewayId', summary: 'Remove a gateway', access: ['admin'], params: byId, response: empty }),
  gatewayConfigurationFile: defineRoute({ method: 'GET', path: '/v1/gateways/:gatewayId/configuration-file', summary: 'The configuration file again', access: ['admin'], params: byId, response: signedGatewayConfiguration }),
} as const;
