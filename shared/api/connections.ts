import { z } from 'zod';
import { connectionId, connectionReference, gatewayId, instant, type Protocol, protocol, resourceId, sha256, userId } from '../ids.ts';
import { sessionPolicy } from '../policy/session-policy.ts';
import { defineRoute, empty, pageOf, pageQuery } from './route.ts';

/** One gateway that was tried for a connection, and how it went. */
export const triedGateway = z.object({ gatewayId, gatewayName: z.string(), leg: z.enum(['L2', 'L3', 'L4']), code: z.string(), milliseconds: z.number() });
export type TriedGateway = z.infer<typeof triedGateway>;

/** A gateway on the way: the first with its address, the others by id and pin only (rule 8). */
export const hop = z.object({
  gatewayId,
  gatewayName: z.string(),
  segment: z.string().nullable(),
  host: z.string().nullable(),
  /** Proxy ports to try: those of one inner list in random order, then the next list (S74, S75). */
  ports: z.array(z.array(z.number().int().min(1).max(65_535)).min(1)),
  /** The link port (443), where this session may run over it when no proxy port can be reached; null where it may not. */
  fallbackPort: z.number().int().min(1).max(65_535).nullable().default(null),
  /** SHA-256 of the SubjectPublicKeyInfo of the gateway's TLS key; old and new during a rotation. */
  pins: z.array(sha256).min(1).max(4),
  /** 256 random bits, base64url: works once, within 30 s of the grant, and only with the client's key (rule 2). */
  ticket: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
});
export type Hop = z.infer<typeof hop>;

/** What a client needs to dial: the reference, the way, and what the session may do. */
export const connectionOffer = z.object({
  connectionId,
  reference: connectionReference,
  protocol,
  resource: z.object({ id: resourceId, name: z.string() }),
  /** The resource's protocols in which the user may open a connection now, for what a window offers beside its own session. */
  protocols: z.array(protocol).max(4).default([]),
  hops: z.array(hop).min(1).max(2),
  tried: z.array(triedGateway),
  policy: sessionPolicy,
  notAfter: instant,
  /** All tries of this connection end here (rule 4). */
  deadlineMs: z.number().int().min(0).max(15_000),
  tunnel: z.boolean(),
});
export type ConnectionOffer = z.infer<typeof connectionOffer>;

/** Protocols whose picture can be shown from the middle on. */
const watchableProtocols: readonly Protocol[] = ['ssh', 'vnc', 'rdp'];

/** Whether a session of a protocol can be watched while it runs (S58). */
export function watchable(spoken: Protocol): boolean {
  return watchableProtocols.includes(spoken);
}

/** What a watcher needs to dial the gateway that holds a session (S58). */
export const watchOffer = connectionOffer.extend({ watchId: z.uuid(), userName: z.string() });
export type WatchOffer = z.infer<typeof watchOffer>;

export const connectionState = z.enum(['asked', 'granted', 'connected', 'ended', 'failed', 'not-used']);

export const connectionRecord = z.object({
  id: connectionId,
  reference: connectionReference,
  userId,
  userName: z.string(),
  resourceId,
  resourceName: z.string(),
  protocol,
  gatewayName: z.string().nullable(),
  segment: z.string().nullable(),
  /** A program of the user's own is at its end, in place of the app's window. */
  foreignClient: z.boolean().default(false),
  state: connectionState,
  code: z.string().nullable(),
  askedAt: instant,
  connectedAt: instant.nullable(),
  endedAt: instant.nullable(),
  /** Where somebody has asked for its end: `pending` until its Gateway has confirmed it (rule 11). */
  termination: z.object({ askedAt: instant, code: z.string().nullable(), confirmed: z.boolean() }).nullable(),
});
export type ConnectionRecord = z.infer<typeof connectionRecord>;

const byId = z.object({ connectionId });
export const connectionsRoutes = {
  connectionAsk: defineRoute({ method: 'POST', path: '/v1/connections', summary: 'Ask for a connection (S2, S6, S8)', access: 'signed-in', signed: true, body: z.object({ resourceId, protocol, /** For a program of the user's own, which the app lets in: only where the rule says so. */ foreignClient: z.boolean().optional() }), response: connectionOffer }),
  /** Before the app lets programs of the user's own in: whether the rules allow it, for which of the protocols; written down either way. */
  connectionForeign: defineRoute({ method: 'POST', path: '/v1/connections/foreign-clients', summary: 'Ask whether programs of the user\'s own may be let into sessions of a resource', access: 'signed-in', signed: true, body: z.object({ resourceId, protocols: z.array(protocol).min(1).max(4) }), response: z.object({ protocols: z.array(protocol) }) }),
  connectionRetry: defineRoute({
    method: 'POST', path: '/v1/connections/:connectionId/retry', summary: 'Another random gateway after one that could not be used (S11)', access: 'signed-in', signed: true, params: byId,
    body: z.object({ gatewayId, leg: z.enum(['L2', 'L4']), code: z.string().max(100), milliseconds: z.number().min(0).max(60_000) }), response: connectionOffer,
  }),
  connectionResumeWay: defineRoute({
    method: 'POST', path: '/v1/connections/:connectionId/resume-way', summary: 'Another first gateway for a session over two, whose first one is gone (Tunnel)', access: 'signed-in', signed: true, params: byId,
    body: z.object({ gatewayId }), response: hop,
  }),
  /** What the client saw; kept as the client's claim, and ends a connection that no gateway will ever report (rule 12). */
  connectionClaim: defineRoute({ method: 'POST', path: '/v1/connections/:connectionId/claim', summary: 'Report that a connection failed or was cancelled in the client', access: 'signed-in', signed: true, params: byId, body: z.object({ outcome: z.enum(['failed', 'cancelled']), code: z.string().max(100) }), response: empty }),
  connectionList: defineRoute({ method: 'GET', path: '/v1/connections', summary: 'Connections, newest first; users see their own', access: 'signed-in', query: pageQuery.extend({ live: z.stringbool().optional(), reference: connectionReference.optional() }), response: pageOf(connectionRecord) }),
  connectionWatch: defineRoute({ method: 'POST', path: '/v1/connections/:connectionId/watch', summary: 'Watch a session while it runs (S58)', access: ['admin', 'operator', 'auditor'], signed: true, params: byId, body: empty, response: watchOffer }),
  connectionTerminate: defineRoute({ method: 'POST', path: '/v1/connections/:connectionId/terminate', summary: 'End a session; users end their own', access: 'signed-in', params: byId, body: z.object({ reason: z.string().max(500).default('') }), response: z.object({ confirmed: z.boolean() }) }),
} as const;
