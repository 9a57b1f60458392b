import { z } from 'zod';
import { gatewayId } from '../../../shared/ids.ts';

/** What the parent asks: forget what was counted, or tell it. */
export const simulatedCommand = z.object({ ask: z.enum(['begin', 'report']) });

export const simulatedReady = z.object({ kind: z.literal('ready'), gateways: z.array(z.object({ id: gatewayId, port: z.number(), tls: z.string(), signing: z.string() })) });
/** Since `begin`, of each gateway: how often its status was asked, and the longest time without, to the ends as well; requests of all kinds. */
export const simulatedReport = z.object({ kind: z.literal('report'), statuses: z.array(z.number()), longestMs: z.array(z.number()), requests: z.record(z.string(), z.number()) });
