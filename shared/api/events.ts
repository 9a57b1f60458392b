import { z } from 'zod';
import { connectionId, connectionReference, gatewayId } from '../ids.ts';
import { gateway, segmentsNow } from './gateways.ts';
import { defineRoute } from './route.ts';

/** What a client hears of only that it changed, and only where its role may read it: lists, Tunnel, of which everybody may know whether it applies, and the service's keys, of which every client learns those that it may meet. */
export const changedSubject = z.enum(['audit', 'error-log', 'recordings', 'users', 'access-rules', 'credentials', 'tunnel', 'service-keys']);
export type ChangedSubject = z.infer<typeof changedSubject>;

/** What the service tells a signed-in client as it happens: the SSE `event` is `kind`, `data` this JSON. The first event of a stream is always `hello`. */
export const serviceEvent = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('hello'), serverTime: z.string(), inventoryRevision: z.string() }),
  segmentsNow.extend({ kind: z.literal('segments') }),
  /** The resources that this client may see may have changed: ask again from `revision`. */
  z.object({ kind: z.literal('inventory'), revision: z.string() }),
  /** To those who may list gateways (rule 26): gateways as they are now, and those that are gone. `askAgain`: more may have changed than is told. */
  z.object({ kind: z.literal('gateways'), changed: z.array(gateway).max(50), removed: z.array(gatewayId).max(50), askAgain: z.boolean() }),
  z.object({ kind: z.literal('connection'), connectionId, reference: connectionReference, state: z.string(), code: z.string().nullable() }),
  /** Something was written that this client may read: it asks for what it wants of it. */
  z.object({ kind: z.literal('changed'), what: changedSubject }),
  z.object({ kind: z.literal('signed-out'), code: z.string() }),
]);
export type ServiceEvent = z.infer<typeof serviceEvent>;

/** A comment line is sent this often, so that a client can tell a quiet stream from a dead one. */
export const EVENT_STREAM_HEARTBEAT_MS = 10_000;

export const eventsRoutes = {
  events: defineRoute({ method: 'GET', path: '/v1/events', summary: 'Server-sent events: gateway states, inventory, sessions', access: 'signed-in', response: serviceEvent, mediaType: 'text/event-stream' }),
} as const;
