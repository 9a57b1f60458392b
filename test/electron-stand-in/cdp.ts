import { EventEmitter } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import type { Protocol } from '../../node_modules/playwright-core/types/protocol.d.ts';
import { runApart } from './covered.ts';

export type { Protocol };
type Method = keyof Protocol.CommandParameters & keyof Protocol.CommandReturnValues;
type EventName = keyof Protocol.Events;

interface Pending {
  readonly method: string;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

interface Incoming {
  readonly id?: number;
  readonly method?: string;
  readonly params?: unknown;
  readonly sessionId?: string;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

/** One DevTools session: the browser itself (no id) or an attached target. Events come as they are named in the protocol. */
export class CdpSession {
  readonly id: string | undefined;
  readonly #connection: CdpConnection;
  readonly #events = new EventEmitter({ captureRejections: false }).setMaxListeners(0);

  constructor(connection: CdpConnection, id: string | undefined) {
    this.#connection = connection;
    this.id = id;
  }

  /** Sends a command; rejects with the protocol's message, or when Chromium goes away. */
  send<M extends Method>(method: M, parameters?: Protocol.CommandParameters[M]): Promise<Protocol.CommandReturnValues[M]> {
    return this.#connection.send(method, parameters ?? {}, this.id) as Promise<Protocol.CommandReturnValues[M]>;
  }

  /** Sends a command whose failure does not matter, as where the target may be gone already. */
  tell<M extends Method>(method: M, parameters?: Protocol.CommandParameters[M]): void {
    this.send(method, parameters).catch(() => undefined);
  }

  /** Subscribes to an event of this session. */
  on<E extends EventName>(event: E, listener: (payload: Protocol.Events[E]) => void): this {
    this.#events.on(event, listener);
    return this;
  }

  /** Hands an event to the subscribers; called by the connection only. */
  dispatch(event: string, payload: unknown): void {
    this.#events.emit(event, payload);
  }
}

/** The DevTools protocol over `--remote-debugging-pipe`: JSON messages that end in a NUL byte, no port is opened. */
export class CdpConnection {
  readonly browser: CdpSession;
  readonly #sessions = new Map<string, CdpSession>();
  readonly #pending = new Map<number, Pending>();
  readonly #toChromium: Writable;
  readonly #onGone: () => void;
  #nextId = 1;
  #chunks: Buffer[] = [];
  #gone = false;

  /** @param onGone called once, when Chromium closes its end */
  constructor(toChromium: Writable, fromChromium: Readable, onGone: () => void) {
    this.browser = new CdpSession(this, undefined);
    this.#toChromium = toChromium;
    this.#onGone = onGone;
    fromChromium.on('data', (data: Buffer) => this.#read(data));
    fromChromium.on('close', () => this.#close());
    fromChromium.on('error', () => this.#close());
    toChromium.on('error', () => this.#close());
  }

  /** The session of an attached target; made on first use. */
  session(id: string): CdpSession {
    let session = this.#sessions.get(id);
    if (!session) {
      session = new CdpSession(this, id);
      this.#sessions.set(id, session);
    }
    return session;
  }

  /** Forgets a session whose target was detached. */
  forget(id: string): void {
    this.#sessions.delete(id);
  }

  /** Sends one command; see {@link CdpSession.send}. */
  send(method: string, params: object, sessionId: string | undefined): Promise<unknown> {
    if (this.#gone) return new Promise(() => undefined);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { method, resolve, reject });
      this.#toChromium.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
  }

  /** Chromium is about to be closed: what is asked for from now on is never answered, and is no error. */
  abandon(): void {
    this.#gone = true;
    this.#pending.clear();
  }

  #read(data: Buffer): void {
    let start = 0;
    let end = data.indexOf(0, start);
    while (end !== -1) {
      this.#chunks.push(data.subarray(start, end));
      const message = Buffer.concat(this.#chunks).toString();
      this.#chunks = [];
      this.#receive(JSON.parse(message) as Incoming);
      start = end + 1;
      end = data.indexOf(0, start);
    }
    if (start < data.length) this.#chunks.push(data.subarray(start));
  }

  #receive(message: Incoming): void {
    if (message.id !== undefined) {
      const pending = this.#pending.get(message.id);
      this.#pending.delete(message.id);
      if (message.error) pending?.reject(new Error(`${pending.method}: ${message.error.message}`));
      else pending?.resolve(message.result);
      return;
    }
    const session = message.sessionId === undefined ? this.browser : this.#sessions.get(message.sessionId);
    runApart(() => session?.dispatch(message.method ?? '', message.params));
  }

  #close(): void {
    if (this.#gone) return;
    this.#gone = true;
    for (const pending of this.#pending.values()) pending.reject(new Error(`${pending.method}: Chromium went away`));
    this.#pending.clear();
    this.#onGone();
  }
}
