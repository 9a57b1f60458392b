import { createInterface } from 'node:readline';
import type { z } from 'zod';
import { startAccountVncTarget } from './account-vnc-target.ts';
import { type saidByRoot, targetByRoot } from './by-root.ts';
import { startOpenSshTarget } from './open-ssh-target.ts';
import { startXrdpTarget } from './xrdp-target.ts';

// The process of `by-root.ts`: started by sudo, told what to start by its first line, ended by the end of its input.

interface Served {
  readonly facts: Readonly<Record<string, string | number>>;
  readonly log: () => string;
  readonly ask: (what: unknown) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** How often what the server said is passed on: it is read where a test fails, and waited for where a test looks for a line. */
const LOG_EVERY_MS = 100;

function say(said: z.infer<typeof saidByRoot>): void {
  process.stdout.write(`${JSON.stringify(said)}\n`);
}

async function start(line: string): Promise<Served> {
  const wanted = targetByRoot.parse(JSON.parse(line));
  if (wanted.target === 'xrdp') {
    const target = await startXrdpTarget(wanted.desktop);
    const { host, port, user, password, fingerprint, shared } = target;
    return { facts: { host, port, user, password, fingerprint, shared }, log: () => target.log(), ask: () => target.kill(), stop: () => target.stop() };
  }
  if (wanted.target === 'vnc') {
    const { securityTypes, certificate } = wanted;
    const { host, port, user, password, stop } = await startAccountVncTarget({ securityTypes, certificate });
    return { facts: { host, port, user, password }, log: () => '', ask: () => stop(), stop };
  }
  const target = await startOpenSshTarget({ signOn: wanted.signOn, extraLines: wanted.extraLines });
  const { host, port, user, password = '', privateKey, hostKeyFingerprint, secondHostKeyFingerprint, home } = target;
  return { facts: { host, port, user, password, privateKey, hostKeyFingerprint, secondHostKeyFingerprint, home }, log: () => target.log(), ask: (what) => target.useHostKey(what === 'second' ? 'second' : 'first'), stop: () => target.stop() };
}

async function main(): Promise<void> {
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const first = await lines.next();
  if (first.done === true) return;
  const served = await start(first.value);
  say({ kind: 'started', facts: served.facts });
  let told = 0;
  const timer = setInterval(() => {
    const text = served.log();
    if (text.length > told) say({ kind: 'log', text: text.slice(told) });
    told = text.length;
  }, LOG_EVERY_MS);
  try {
    for (let line = await lines.next(); line.done !== true; line = await lines.next()) {
      await served.ask(JSON.parse(line.value));
      say({ kind: 'done' });
    }
  } finally {
    clearInterval(timer);
    await served.stop();
  }
}

// A terminal's Ctrl-C goes to this process too; the end of the input follows it, and ends the target in order.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.stdin.destroy());
try {
  await main();
} catch (error) {
  say({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
  process.exitCode = 1;
}
