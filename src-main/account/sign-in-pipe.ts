import { createReadStream } from 'node:fs';
import { z } from 'zod';
import { profileFields } from '../../shared/ipc/contract.ts';

/** What the launcher of the embedded system hands over, as one line on an inherited pipe (docs/embedded-contract.md). */
export const embeddedHandOver = z.object({
  serviceUrl: profileFields.shape.serviceUrl,
  pin: z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}$/),
  oneTimeSignIn: z.string().min(32).max(128),
  embedded: z.boolean(),
  ports: z.array(z.number().int().min(1).max(65_535)).max(16),
});
export type EmbeddedHandOver = z.infer<typeof embeddedHandOver>;

const MAX_LINE_BYTES = 4096;
/** The launcher writes before it starts us: a pipe that is still empty then has nobody behind it. */
const READ_LIMIT_MS = 5000;

/** Reads the line from the pipe and closes it; throws where there is none within five seconds, or it is not of the form. */
export async function readHandOver(fileDescriptor: number): Promise<EmbeddedHandOver> {
  // The path is not used where a descriptor is given.
  const pipe = createReadStream('', { fd: fileDescriptor, autoClose: true, highWaterMark: MAX_LINE_BYTES });
  const timer = setTimeout(() => pipe.destroy(new Error('nothing on the sign-in pipe')), READ_LIMIT_MS);
  try {
    return embeddedHandOver.parse(JSON.parse(await firstLine(pipe)));
  } finally {
    clearTimeout(timer);
    pipe.destroy();
  }
}

async function firstLine(pipe: AsyncIterable<unknown>): Promise<string> {
  let text = '';
  for await (const chunk of pipe) {
    text += String(chunk);
    const end = text.indexOf('\n');
    if (end >= 0) return text.slice(0, end);
    if (text.length > MAX_LINE_BYTES) throw new RangeError('line on the sign-in pipe too long');
  }
  return text;
}

/** The descriptor's number from the environment, where there is one; standard streams are not taken. */
export function handOverDescriptor(environment: Readonly<Record<string, string | undefined>>): number | undefined {
  const parsed = z.coerce.number().int().min(3).max(1024).safeParse(environment['MAVIS_SIGN_IN_FD']);
  return parsed.success ? parsed.data : undefined;
}
