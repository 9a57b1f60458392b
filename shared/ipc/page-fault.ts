import { z } from 'zod';
import { connectionReference } from '../ids.ts';

/** Something in a page went wrong that nothing caught: where, and never its message, which may quote what is shown. */
export const pageFault = z.object({
  /** What its user was shown of it, if anything. */
  reference: connectionReference.nullable(),
  /** The kind of error, a name such as `TypeError`. */
  name: z.string().regex(/^[\w$]{1,60}$/),
  /** Lines of the stack. */
  frames: z.string().max(4000),
});
export type PageFault = z.infer<typeof pageFault>;
