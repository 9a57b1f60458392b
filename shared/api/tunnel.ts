import { z } from 'zod';
import { gatewayId, instant } from '../ids.ts';
import { segmentName } from './gateways.ts';
import { defineRoute } from './route.ts';

/** Through which gateways connections go first where Tunnel applies: one gateway, or any of a segment. */
export const tunnelDefault = z.discriminatedUnion('kind', [z.object({ kind: z.literal('gateway'), gatewayId }), z.object({ kind: z.literal('segment'), segment: segmentName })]);
export type TunnelDefault = z.infer<typeof tunnelDefault>;

/**
 * The switch for the whole system and the default gateway (S22). Access rules may have Tunnel always, and third-party vendors
 * always have it, whatever the switch says (S33).
 */
export const tunnelFields = z.object({ enabled: z.boolean(), default: tunnelDefault.nullable() });
export type TunnelFields = z.infer<typeof tunnelFields>;

export const tunnelSettings = tunnelFields.extend({
  /** When it was last changed; null where it never was. */
  changedAt: instant.nullable(),
  /** How many default gateways there are, and how many of them take connections now. */
  gateways: z.object({ total: z.number().int(), available: z.number().int() }),
});
export type TunnelSettings = z.infer<typeof tunnelSettings>;

export const tunnelRoutes = {
  tunnelRead: defineRoute({ method: 'GET', path: '/v1/tunnel', summary: 'Tunnel: the switch and the default gateway (S22)', access: ['admin', 'operator', 'auditor'], response: tunnelSettings }),
  tunnelUpdate: defineRoute({ method: 'PUT', path: '/v1/tunnel', summary: 'Switch Tunnel on or off and choose the default gateway (S31, S41)', access: ['admin'], body: tunnelFields, response: tunnelSettings }),
  /** All that a user learns: whether his connections go through the default gateway. Single access rules may want it beside. */
  tunnelApplies: defineRoute({ method: 'GET', path: '/v1/tunnel/applies', summary: 'Whether Tunnel applies to all connections of the caller', access: 'signed-in', response: z.object({ applies: z.boolean() }) }),
} as const;
