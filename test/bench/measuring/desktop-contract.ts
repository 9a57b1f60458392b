import { z } from 'zod';

/** What the scripted screen shows. */
export const scene = z.enum(['scrolling text', 'moving window', 'noise']);

/** What the benchmark asks of a gateway's process. */
export const desktopCommand = z.discriminatedUnion('kind', [
  /** A ticket for a session with the VNC server on a port of loopback; `recorded` as shipped, else without the desktop's bytes. */
  z.object({ kind: z.literal('session'), port: z.number(), password: z.string(), thumbprint: z.string(), recorded: z.boolean() }),
  /** Recordings are waited for until they are closed and hashed, so that this costs the run that it belongs to, and go. */
  z.object({ kind: z.literal('forget') }),
]);
export type DesktopCommand = z.infer<typeof desktopCommand>;

/** What the engine's process is asked: to draw from a port of loopback for so long, signing on where there is a password. */
export const engineCommand = z.object({ port: z.number(), password: z.string().nullable(), encodings: z.array(z.number()), seconds: z.number() });
/** Updates and bytes in so many seconds, and all bytes that came, those before the counting too. */
export const engineResult = z.object({ updates: z.number(), bytes: z.number(), seconds: z.number(), allBytes: z.number() });
