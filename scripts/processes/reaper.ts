import { createInterface } from 'node:readline';
import { endProcesses } from './end-process.ts';
import { parseIdentity, type ProcessIdentity } from './process-identity.ts';

/**
 * Outlives the launcher. It is told on standard input which processes the launcher started; where that input ends without
 * the word `done`, the launcher was killed, and those processes are ended.
 */
const started: ProcessIdentity[] = [];
let done = false;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

createInterface({ input: process.stdin })
  .on('line', (line) => {
    if (line === 'done') {
      done = true;
      return;
    }
    const identity = parseIdentity(JSON.parse(line));
    if (identity !== undefined) started.push(identity);
  })
  .on('close', () => {
    if (!done) void endProcesses(started.toReversed());
  });
