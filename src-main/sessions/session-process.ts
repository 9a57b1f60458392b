import { randomInt } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { MessagePortMain } from 'electron';
import { createLog } from '../logging/log.ts';
import type { ProcessPort } from './page-port.ts';
import { sessionCommand, type SessionReport } from './session-process-contract.ts';
import { SessionRunner } from './session-runner.ts';

// Entry of a session's utility process: one session, then it ends. What it knows came by message; nothing is read from
// arguments, environment or files.
const log = createLog([(line) => process.stderr.write(line)], () => Date.now(), process.pid);
const { parentPort } = process;
const RANDOM_STEPS = 2 ** 32;
const report = (message: SessionReport): void => parentPort.postMessage(message);

const runner = new SessionRunner({
  report,
  random: () => randomInt(RANDOM_STEPS) / RANDOM_STEPS,
  monotonic: () => performance.now(),
  onViolation: (what) => log.warn('page does not keep to the rules of its port', { reason: what }),
  onTryFailed: (error, attempt) => log.warn('session not taken up again yet', { attempt }, error),
  onUnkept: (error) => log.warn('transfers not kept', {}, error),
});

parentPort.on('message', (event) => {
  const command = sessionCommand.safeParse(event.data);
  if (!command.success) {
    log.error('command not understood', { reason: command.error.issues[0]?.path.join('.') });
    return;
  }
  const [port] = event.ports;
  runner.take(command.data, port && narrowed(port));
});

process.on('uncaughtException', (error) => {
  log.error('session process failed', { code: 'session.crashed' }, error);
  process.exit(1);
});

function narrowed(port: MessagePortMain): ProcessPort {
  return {
    postMessage: (message) => port.postMessage(message),
    on: (event, listener) => port.on(event, listener),
    start: () => port.start(),
    close: () => port.close(),
  };
}
