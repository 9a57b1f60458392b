import type { SessionPortFromPage, SessionPortToPage } from '../../shared/ipc/session-port.ts';
import type { SessionId } from '../../shared/ipc/stores.ts';
import type { GridSize } from '../terminal/page-terminal.ts';
import { InputQueue } from './input-queue.ts';

export interface SessionPortEvents {
  /** Bytes to show; `drawn` must be called when they have been, or no more will come. */
  readonly onOutput: (bytes: Uint8Array, drawn: () => void) => void;
  readonly onEnd: () => void;
}

/** What is typed before the port is there: what a person types ahead while a machine is busy, no more. */
const MAX_EARLY_INPUT_BYTES = 16 * 1024;

/** Where ports come from: messages of the preload to this window. */
export type PortSource = Pick<Window, 'addEventListener' | 'removeEventListener'>;

/**
 * The page's end of a session's bytes: waits for the port of one attempt, hands on output, reports what was drawn (the credit
 * of `shared/ipc/session-port.ts`), sends input under the other credit. `close` ends it.
 */
export class SessionPort {
  readonly #source: PortSource;
  readonly #sessionId: SessionId;
  readonly #events: SessionPortEvents;
  readonly #input: InputQueue;
  /** Typed before the port came, in order; sent with it. */
  #early: Uint8Array[] = [];
  #earlyBytes = 0;
  #closed = false;
  #port: MessagePort | undefined;
  #size: GridSize | undefined;

  /** @param interruptible whether Ctrl-C drops what was typed before it and waits, as in a terminal */
  constructor(source: PortSource, sessionId: SessionId, events: SessionPortEvents, { interruptible }: { readonly interruptible: boolean }) {
    this.#source = source;
    this.#sessionId = sessionId;
    this.#events = events;
    this.#input = new InputQueue((bytes) => this.#send({ kind: 'input', bytes }), { interruptible });
    source.addEventListener('message', this.#onWindowMessage);
  }

  /** Sends what was typed; what is typed before the port is there goes first when it comes. */
  input(bytes: Uint8Array): void {
    if (this.#port) {
      this.#input.add(bytes);
      return;
    }
    this.#earlyBytes += bytes.length;
    if (!this.#closed && this.#earlyBytes <= MAX_EARLY_INPUT_BYTES) this.#early.push(bytes);
  }

  /** Tells the terminal's size; one told before the port is there is sent with it. */
  resize(size: GridSize): void {
    this.#size = size;
    this.#send({ kind: 'resize', ...size });
  }

  close(): void {
    this.#source.removeEventListener('message', this.#onWindowMessage);
    this.#port?.close();
    this.#port = undefined;
    this.#closed = true;
    this.#early = [];
  }

  #send(message: SessionPortFromPage): void {
    this.#port?.postMessage(message);
  }

  readonly #onWindowMessage = (event: MessageEvent<unknown>): void => {
    const [port] = event.ports;
    // Only this very window may hand in a port: the preload posts to it.
    if (!port || (event.source !== null && event.source !== globalThis.window) || !isPortFor(event.data, this.#sessionId)) return;
    this.#port?.close();
    this.#port = port;
    port.addEventListener('message', (message: MessageEvent<unknown>) => this.#take(port, message.data));
    port.start();
    if (this.#size) this.resize(this.#size);
    for (const bytes of this.#early.splice(0)) this.#input.add(bytes);
  };

  #take(port: MessagePort, data: unknown): void {
    if (port !== this.#port || !isToPage(data)) return;
    if (data.kind === 'end') {
      this.#events.onEnd();
      return;
    }
    if (data.kind === 'taken') {
      this.#input.taken(data.bytes);
      return;
    }
    const { bytes } = data;
    this.#events.onOutput(bytes, () => port.postMessage({ kind: 'drawn', bytes: bytes.length } satisfies SessionPortFromPage));
  }
}

function isPortFor(data: unknown, sessionId: SessionId): boolean {
  return typeof data === 'object' && data !== null && 'kind' in data && data.kind === 'session-port' && 'sessionId' in data && data.sessionId === sessionId;
}

function isToPage(data: unknown): data is SessionPortToPage {
  if (typeof data !== 'object' || data === null || !('kind' in data)) return false;
  if (data.kind === 'taken') return 'bytes' in data && typeof data.bytes === 'number';
  return data.kind === 'end' || (data.kind === 'output' && 'bytes' in data && data.bytes instanceof Uint8Array);
}
