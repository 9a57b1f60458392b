import { z } from 'zod';

/** What the scripted screen shows. */
export const scene = z.enum(['scrolling text', 'moving window', 'noise']);

/** What the benchmark asks of a gateway's process: a ticket for a session with the VNC server on a port of loopback. */
export const desktopCommand = z.object({ port: z.number(), password: z.string(), thumbprint: z.string() });

/** What the engine's process is asked: to draw from a port of loopback for so long, signing on where there is a password. */
export const engineCommand = z.object({ port: z.number(), password: z.string().nullable(), encodings: z.array(z.number()), seconds: z.number() });
export const engineResult = z.object({ updates: z.number(), bytes: z.number(), seconds: z.number() });
