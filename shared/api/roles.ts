import { z } from 'zod';

/** What a user is to the service; an operator is the helpdesk, a vendor a third party with an expiry date. */
export const role = z.enum(['admin', 'operator', 'auditor', 'user', 'vendor']);
export type Role = z.infer<typeof role>;
