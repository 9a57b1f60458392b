import { Worker } from 'node:worker_threads';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { bcryptRounds, MAX_BCRYPT_ROUNDS, openSshKeyBody } from '../../shared/ssh/open-ssh-private-key.ts';
import { sessionWork } from '../sessions/session-work.ts';

/** Threads that stretch passphrases at once, on a machine that relays sessions beside them. */
const AT_ONCE = 2;
/** 256 rounds on a machine that is slow and busy: as long as the service takes when such a key is saved. */
const OPEN_LIMIT_MS = 60_000;

/**
 * Opens private keys with their passphrases, each in a thread of its own: stretching a passphrase takes from half a second up, in which
 * nothing else would run. However many sign on at once, only so many threads run; the others wait in order.
 */
export class PrivateKeyOpener {
  readonly #worker: URL;
  #free: number;
  readonly #waiting = new Set<() => void>();

  /** `worker` is the thread's module. */
  constructor(atOnce = AT_ONCE, worker = new URL('private-key-worker.ts', import.meta.url)) {
    this.#free = atOnce;
    this.#worker = worker;
  }

  /**
   * The key's text without its passphrase. Rejects with `credential.key-unreadable` for a key that cannot be opened so, or whose
   * passphrase is stretched by more rounds than `MAX_BCRYPT_ROUNDS`; with the signal's reason once it is aborted, which ends the
   * thread; with the thread's own fault where it has one.
   */
  async open(privateKey: string, passphrase: string, signal: AbortSignal): Promise<string> {
    const body = openSshKeyBody(privateKey);
    if (body !== undefined && bcryptRounds(Buffer.from(body, 'base64')) > MAX_BCRYPT_ROUNDS) throw new MavisError('credential.key-unreadable');
    await this.#turn(signal);
    try {
      // Whoever waited may have left while the turn came.
      signal.throwIfAborted();
      return await openedIn(new Worker(this.#worker, { workerData: { privateKey, passphrase } }), signal);
    } finally {
      this.#handOn();
    }
  }

  async #turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.delete(go);
        reject(signal.reason);
      };
      const go = (): void => {
        this.#waiting.delete(go);
        signal.removeEventListener('abort', leave);
        resolve();
      };
      this.#waiting.add(go);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  /** A turn is handed on as it is; it is free only where nobody waits. */
  #handOn(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#free += 1;
    else next();
  }
}

async function openedIn(worker: Worker, signal: AbortSignal): Promise<string> {
  const stop = (): void => sessionWork(worker.terminate(), () => undefined);
  const timer = setTimeout(stop, OPEN_LIMIT_MS);
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await new Promise((resolve, reject) => {
      const unreadable = (): void => reject(signal.aborted ? signal.reason : new MavisError('credential.key-unreadable'));
      worker.once('message', (text: unknown) => (typeof text === 'string' ? resolve(text) : unreadable()));
      // The module tells of a key that it cannot open: what is thrown is a fault of the thread, and of the program.
      worker.once('error', reject);
      worker.once('exit', unreadable);
    });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
    await worker.terminate();
  }
}
