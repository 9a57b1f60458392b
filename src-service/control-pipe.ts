import { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import type { UserId } from '../shared/ids.ts';
import type { Log } from './logging/log.ts';

const question = z.object({ ask: z.literal('one-time-sign-in') });
/** The launcher's lines are under a hundred characters. */
const MAX_LINE_CHARACTERS = 4_096;

export interface ControlPipeParts {
  readonly fileDescriptor: number;
  /** Whom a one-time sign-in signs in. */
  readonly administratorId: () => Promise<UserId | undefined>;
  readonly issue: (userId: UserId) => string;
  readonly log: Log;
}

/** Answers the launcher's questions on an inherited pipe (rule 27); gives how to close it. When the pipe ends no more can be asked. */
export function openControlPipe({ fileDescriptor, administratorId, issue, log }: ControlPipeParts): () => void {
  const pipe = new Socket({ fd: fileDescriptor, readable: true, writable: true });
  pipe.on('error', (error) => log.warn('the control pipe broke', { error }));
  const lines = createInterface({ input: pipe, crlfDelay: Number.POSITIVE_INFINITY });
  // One after the other, so that answers come in the order of the questions.
  let answered: Promise<unknown> = Promise.resolve();
  lines.on('line', (line) => {
    answered = answered
      .then(() => answer(line))
      .then((text) => pipe.write(`${text}\n`))
      .catch((error: unknown) => log.error('a question on the control pipe failed', { error }));
  });
  const answer = async (line: string): Promise<string> => {
    if (line.length > MAX_LINE_CHARACTERS || !question.safeParse(parse(line)).success) return JSON.stringify({ error: 'request.invalid' });
    const id = await administratorId();
    if (id === undefined) return JSON.stringify({ error: 'sign-in.one-time-invalid' });
    log.info('one-time sign-in given to the launcher', { userId: id });
    return JSON.stringify({ oneTimeSignIn: issue(id) });
  };
  return () => {
    lines.close();
    pipe.destroy();
  };
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // Not JSON, so no question.
    return undefined;
  }
}
