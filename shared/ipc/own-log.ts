import { z } from 'zod';

/** How grave a line is. The app's log has no finer levels. */
export const ownLogLevel = z.enum(['info', 'warn', 'error']);
export type OwnLogLevel = z.infer<typeof ownLogLevel>;

/** A line of this app's own log, as it stands in the file: `text` is the whole of it, which names no secret. */
export const ownLogLine = z.object({ id: z.string(), at: z.iso.datetime(), level: ownLogLevel, message: z.string(), code: z.string(), reference: z.string(), text: z.string() });
export type OwnLogLine = z.infer<typeof ownLogLine>;

/** Where a reading ended: the file and the place in it. */
export const ownLogPlace = z.string().max(60).regex(/^\d{1,24}:\d{1,16}$/);

/** Lines, oldest first. `fresh`: they are not behind those of the place that was asked from, but the newest of all. */
export const ownLogPiece = z.object({ lines: z.array(ownLogLine), next: ownLogPlace.nullable(), fresh: z.boolean() });
export type OwnLogPiece = z.infer<typeof ownLogPiece>;
