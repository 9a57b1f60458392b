import { removeLabAccount } from './lab-account.ts';
import { startOpenSshTarget } from './open-ssh-target.ts';
import { startPostgres } from './postgres.ts';

/** A target by its name on the command line: starts it, gives what a person needs to use it, and how to stop it. */
type NamedTarget = () => Promise<{ readonly facts: Readonly<Record<string, unknown>>; stop(): Promise<void> }>;

const targets: Readonly<Record<string, NamedTarget>> = {
  sshd: async () => {
    const { host, port, user, password, privateKeyFile, hostKeyFingerprint, stop } = await startOpenSshTarget();
    return { facts: { host, port, user, password, privateKeyFile, hostKeyFingerprint }, stop };
  },
  postgres: async () => {
    const { url, folder, stop } = await startPostgres();
    return { facts: { url, folder }, stop };
  },
};

/** `start NAME…` starts targets and keeps them until Ctrl-C; `remove-account` removes the account that root's runs made. */
async function main([command, ...names]: readonly string[]): Promise<number> {
  if (command === 'remove-account') {
    await removeLabAccount();
    return 0;
  }
  const unknown = names.filter((name) => targets[name] === undefined);
  if (command !== 'start' || names.length === 0 || unknown.length > 0) {
    console.error(`node test/targets/main.ts start ${Object.keys(targets).join('|')} … or remove-account`);
    return 2;
  }
  const running = await Promise.all(names.map(async (name) => ({ name, ...(await targets[name]?.()) })));
  for (const { name, facts } of running) console.log(JSON.stringify({ target: name, ...facts }));
  await new Promise((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve));
  for (const { stop } of running) await stop?.();
  return 0;
}

process.exitCode = await main(process.argv.slice(2));
