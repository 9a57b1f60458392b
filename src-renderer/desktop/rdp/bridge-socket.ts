/** What stands behind a socket that has no network. */
export interface BridgeEnd {
  /** Bytes of the engine. */
  readonly send: (bytes: Uint8Array) => void;
  readonly closed: () => void;
}

const CONNECTING = 0;
const OPEN = 1;
const CLOSED = 3;

/** Addresses lead to bridges of this page alone. */
const bridges = new Map<string, BridgeEnd & { readonly opened: (socket: BridgeSocket) => void }>();
let made = 0;

/**
 * Stands for the page's WebSocket, which IronRDP opens by name: bytes go to and from this page's own session, and no address is
 * dialled. Any address but that of a bridge is refused; the content security policy allows no network to begin with.
 */
export class BridgeSocket extends EventTarget {
  binaryType = 'blob';
  readonly protocol = '';
  readonly extensions = '';
  readonly bufferedAmount = 0;
  readonly url: string;
  #state: number = CONNECTING;
  #sent: Promise<void> = Promise.resolve();
  readonly #end: BridgeEnd;

  constructor(url: string | URL) {
    super();
    this.url = String(url);
    const end = bridges.get(this.url);
    if (!end) throw new DOMException('no such bridge', 'SecurityError');
    bridges.delete(this.url);
    this.#end = end;
    queueMicrotask(() => {
      if (this.#state !== CONNECTING) return;
      this.#state = OPEN;
      end.opened(this);
      this.dispatchEvent(new Event('open'));
    });
  }

  get readyState(): number {
    return this.#state;
  }

  /** IronRDP sends blobs, whose bytes are there only a moment later: they go on in the order of the sending. */
  send(data: ArrayBuffer | Blob): void {
    if (this.#state !== OPEN) return;
    const bytes = data instanceof Blob ? data.arrayBuffer() : Promise.resolve(data.slice(0));
    this.#sent = this.#afterThoseBefore(this.#sent, bytes);
  }

  async #afterThoseBefore(before: Promise<void>, bytes: Promise<ArrayBuffer>): Promise<void> {
    await before;
    const sent = new Uint8Array(await bytes);
    if (this.#state === OPEN) this.#end.send(sent);
  }

  /** Bytes for the engine. */
  deliver(bytes: Uint8Array): void {
    if (this.#state !== OPEN) return;
    const data = bytes.slice().buffer;
    this.dispatchEvent(new MessageEvent('message', { data }));
  }

  close(): void {
    if (this.#state === CLOSED) return;
    this.#state = CLOSED;
    this.#end.closed();
    this.dispatchEvent(new CloseEvent('close', { code: 1000, wasClean: true }));
  }
}

/** An address for the next socket, and what stands behind it. `opened` is called with the socket. */
export function addBridge(end: BridgeEnd, opened: (socket: BridgeSocket) => void): string {
  made += 1;
  const url = `bridge:${made}`;
  bridges.set(url, { ...end, opened });
  return url;
}

/** From now on this page's WebSocket is the bridge's. */
export function installBridge(): void {
  Object.defineProperty(globalThis, 'WebSocket', { value: BridgeSocket, configurable: true, writable: true });
}
