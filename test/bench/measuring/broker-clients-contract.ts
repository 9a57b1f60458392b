import { z } from 'zod';
import { resourceId } from '../../../shared/ids.ts';

/** What the parent asks of the process of clients: sign in, then ask for connections for a while. */
export const brokerCommand = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('sign-in'), url: z.string(), names: z.array(z.string()), password: z.string() }),
  z.object({ kind: z.literal('run'), atOnce: z.number(), seconds: z.number(), resourceIds: z.array(resourceId) }),
]);

/** How long each offer took, how many were refused, and how long all of it took. */
export const brokerReport = z.object({ milliseconds: z.array(z.number()), refused: z.number(), seconds: z.number() });
