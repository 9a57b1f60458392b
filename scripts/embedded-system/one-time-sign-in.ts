import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';

/** How long the service may take to answer; it only draws random bytes. */
const answerLimitMs = 10_000;

/** Asks the service over its control pipe for a secret that signs the first administrator in, once, within a minute. */
export function askOneTimeSignIn(control: Duplex): Promise<string> {
  return new Promise((resolve, reject) => {
    const lines = createInterface({ input: control });
    const finish = (settle: () => void): void => {
      clearTimeout(timer);
      lines.close();
      settle();
    };
    const timer = setTimeout(() => finish(() => reject(new Error('the service did not answer on its control pipe'))), answerLimitMs);
    lines.on('line', (line) => {
      const secret = parseAnswer(line);
      if (secret !== undefined) finish(() => resolve(secret));
    });
    control.write(`${JSON.stringify({ ask: 'one-time-sign-in' })}\n`);
  });
}

function parseAnswer(line: string): string | undefined {
  try {
    const { oneTimeSignIn } = JSON.parse(line) as { oneTimeSignIn?: unknown };
    return typeof oneTimeSignIn === 'string' ? oneTimeSignIn : undefined;
  } catch {
    return undefined;
  }
}
