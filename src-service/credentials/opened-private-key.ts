import { Worker } from 'node:worker_threads';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { bcryptRounds, MAX_BCRYPT_ROUNDS, openSshKeyBody } from '../../shared/ssh/open-ssh-private-key.ts';

/** 256 rounds on a machine that is slow and busy. */
const OPEN_LIMIT_MS = 60_000;

/**
 * A private key's text without its passphrase, opened in a thread of its own: stretching a passphrase takes from half a second up, in which
 * nothing else would run. Rejects with `credential.key-unreadable` for a key that cannot be opened so, or whose passphrase is stretched
 * by more rounds than `MAX_BCRYPT_ROUNDS`; with the thread's own fault where it has one.
 */
export async function openedPrivateKey(privateKey: string, passphrase: string): Promise<string> {
  const body = openSshKeyBody(privateKey);
  if (body !== undefined && bcryptRounds(Buffer.from(body, 'base64')) > MAX_BCRYPT_ROUNDS) throw new MavisError('credential.key-unreadable');
  const worker = new Worker(new URL('private-key-worker.ts', import.meta.url), { workerData: { privateKey, passphrase } });
  const timer = setTimeout(() => void worker.terminate(), OPEN_LIMIT_MS);
  try {
    return await new Promise((resolve, reject) => {
      const unreadable = (): void => reject(new MavisError('credential.key-unreadable'));
      worker.once('message', (text: unknown) => (typeof text === 'string' ? resolve(text) : unreadable()));
      // The module tells of a key that it cannot open: what is thrown is a fault of the thread, and of the program.
      worker.once('error', reject);
      worker.once('exit', unreadable);
    });
  } finally {
    clearTimeout(timer);
    await worker.terminate();
  }
}
