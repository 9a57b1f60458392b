import { z } from 'zod';

/** What an organisation can switch off in the client. Each is refused in the main process, whatever a page asks. */
export const lockableFeature = z.enum(['add-services', 'deep-links', 'own-programs', 'agent-forwarding', 'x11-forwarding']);
export type LockableFeature = z.infer<typeof lockableFeature>;
