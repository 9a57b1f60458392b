import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'pg';
import type { Channel } from './database.ts';

type Heard = (payload: string | null) => void;

/** How long until the next try of a listening connection that broke: notices only make others faster, so no hurry. */
const RECONNECT_MS = 2_000;
/** How long the goodbye of a connection is waited for when the service stops: one whose network is gone gives none. */
const GOODBYE_LIMIT_MS = 2_000;

/** Ends a connection whatever became of its network: pg cuts one whose answer is outstanding, and says goodbye on the others. */
export async function endConnection(client: Pick<Client, 'end'>): Promise<void> {
  await Promise.race([client.end(), delay(GOODBYE_LIMIT_MS, undefined, { ref: false })]);
}

/**
 * The one connection on which a service instance hears the NOTIFYs of PostgreSQL, made at the first `listen` and made again
 * whenever it breaks; every listener is then told null, for what it may have missed.
 */
export class ListeningConnection {
  readonly #connect: () => Client;
  readonly #lost: (error: Error) => void;
  readonly #answerLimitMs: number;
  readonly #listeners = new Map<Channel, Set<Heard>>();
  readonly #stopping = new AbortController();
  #client: Promise<Client> | undefined;
  #reconnecting: Promise<void> | undefined;

  /** It is asked for an answer every `answerLimitMs`; where the one before is still outstanding then, it counts as broken. */
  constructor(connect: () => Client, lost: (error: Error) => void, answerLimitMs: number) {
    this.#connect = connect;
    this.#lost = lost;
    this.#answerLimitMs = answerLimitMs;
  }

  async listen(channel: Channel, heard: Heard): Promise<() => Promise<void>> {
    const listeners = this.#listeners.get(channel) ?? new Set();
    this.#listeners.set(channel, listeners);
    listeners.add(heard);
    this.#client ??= this.#open();
    const client = await this.#client;
    // The channel is one of a fixed list, so it needs no quoting.
    await client.query(`LISTEN ${channel}`);
    return async () => {
      listeners.delete(heard);
    };
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#reconnecting;
    const client = await this.#client?.catch(() => undefined);
    if (client !== undefined) await endConnection(client);
  }

  async #open(): Promise<Client> {
    const client = this.#connect();
    client.on('notification', ({ channel, payload }) => {
      for (const [name, listeners] of this.#listeners) if (name === channel) for (const heard of listeners) heard(payload ?? '');
    });
    client.on('error', this.#lost);
    await client.connect();
    const watch = this.#watch(client);
    client.once('end', () => {
      clearInterval(watch);
      if (!this.#stopping.signal.aborted) this.#reconnecting ??= this.#reconnect().finally(() => (this.#reconnecting = undefined));
    });
    return client;
  }

  /** Nothing is said on this connection but notices, so that one whose network swallows them looks as one on which there are none. */
  #watch(client: Client): NodeJS.Timeout {
    let outstanding = false;
    return setInterval(() => {
      if (outstanding) {
        void endConnection(client);
        return;
      }
      outstanding = true;
      client.query('SELECT 1').then(() => (outstanding = false), this.#lost);
    }, this.#answerLimitMs).unref();
  }

  async #reconnect(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      try {
        await delay(RECONNECT_MS, undefined, { signal: this.#stopping.signal });
        const client = await this.#open();
        this.#client = Promise.resolve(client);
        for (const channel of this.#listeners.keys()) await client.query(`LISTEN ${channel}`);
        for (const listeners of this.#listeners.values()) for (const heard of listeners) heard(null);
        return;
      } catch (error) {
        if (!this.#stopping.signal.aborted && error instanceof Error) this.#lost(error);
      }
    }
  }
}
