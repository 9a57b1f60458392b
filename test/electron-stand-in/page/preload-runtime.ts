/**
 * What a sandboxed preload script finds: `require('electron')` with ipcRenderer, contextBridge, webFrame, webUtils.
 * Runs in an isolated world before the page's scripts. One WebSocket per document leads to the main process; its token
 * is known to this world only.
 */
import type { BridgeError, BridgeMessage } from './main-world.ts';
import type { PreloadSettings } from './preload-settings.ts';
import { CONTROL_FRAME, decodeFrame, decodeMessage, encodeControl, encodeMessage, encodePortFrame } from './wire.ts';

type Listener = (event: object, ...messageArguments: unknown[]) => void;
type Settle = { resolve(value: unknown): void; reject(error: Error): void };
type FromMain =
  | { readonly t: 'return'; readonly id: number; readonly value?: unknown; readonly error?: string }
  | { readonly t: 'send'; readonly channel: string; readonly arguments: readonly unknown[] }
  | { readonly t: 'post'; readonly channel: string; readonly message: unknown; readonly portIds: readonly number[] }
  | { readonly t: 'close-port'; readonly id: number };

function notCovered(what: string): Error {
  return new Error(`not in the stand-in: ${what}`);
}

/** Refuses names that the stand-in does not cover, instead of giving `undefined`. */
function guard<T extends object>(label: string, target: T): T {
  return new Proxy(target, {
    get(object, name) {
      if (typeof name === 'symbol' || name in object || name === 'then' || name === 'toJSON') return Reflect.get(object, name) as unknown;
      throw notCovered(`${label}.${name}`);
    },
  });
}

/** The connection to the main process, and the ports that run over it. */
function connect(settings: PreloadSettings, receive: (message: FromMain, ports: MessagePort[]) => void) {
  const socket = new WebSocket(`ws://127.0.0.1:${settings.port}/${encodeURIComponent(location.href)}`, settings.token);
  socket.binaryType = 'arraybuffer';
  let waiting: Uint8Array<ArrayBuffer>[] | undefined = [];
  const ports = new Map<number, MessagePort>();
  let nextPortId = -1;

  function sendFrame(frame: Uint8Array<ArrayBuffer>): void {
    if (waiting) waiting.push(frame);
    else if (socket.readyState === WebSocket.OPEN) socket.send(frame);
  }

  /** Carries what comes out of the port to the main process, under the id. */
  function carry(id: number, port: MessagePort): void {
    ports.set(id, port);
    port.addEventListener('message', (event: MessageEvent<unknown>) => {
      sendFrame(encodePortFrame(id, encodeMessage(event.data), event.ports.map(adoptPort)));
    });
    port.addEventListener('close', () => {
      if (ports.delete(id)) sendFrame(encodeControl({ t: 'close-port', id }));
    });
    port.start();
  }

  /** Takes a port that leaves this page; gives the id by which the main process knows it. */
  function adoptPort(port: MessagePort): number {
    const id = nextPortId--;
    carry(id, port);
    return id;
  }

  /** Makes the port that stands in this page for a port of the main process. */
  function makePort(id: number): MessagePort {
    const { port1, port2 } = new MessageChannel();
    carry(id, port1);
    return port2;
  }

  /** Ports of the transferred values: their buffers need no second copy. */
  function deliver(id: number, payload: Uint8Array, portIds: readonly number[]): void {
    const port = ports.get(id);
    if (!port) return;
    const message = decodeMessage(payload);
    const transfer: Transferable[] = portIds.map(makePort);
    if (message instanceof ArrayBuffer) transfer.push(message);
    else if (ArrayBuffer.isView(message)) transfer.push(message.buffer as ArrayBuffer);
    port.postMessage(message, transfer);
  }

  socket.addEventListener('open', () => {
    for (const frame of waiting ?? []) socket.send(frame);
    waiting = undefined;
  });
  socket.addEventListener('message', (event: MessageEvent<ArrayBuffer>) => {
    const frame = decodeFrame(new Uint8Array(event.data));
    if (frame.kind !== CONTROL_FRAME) {
      deliver(frame.id, frame.payload, frame.portIds);
      return;
    }
    const message = frame.value as FromMain;
    if (message.t === 'close-port') {
      const port = ports.get(message.id);
      ports.delete(message.id);
      port?.close();
    } else {
      receive(message, message.t === 'post' ? message.portIds.map(makePort) : []);
    }
  });
  socket.addEventListener('error', () => console.error('Electron stand-in: no connection to the main process'));
  return { send: (message: object) => sendFrame(encodeControl(message)), adoptPort };
}

type Connection = ReturnType<typeof connect>;

function makeIpcRenderer(getConnection: () => Connection) {
  const listeners = new Map<string, Set<Listener>>();
  const originals = new WeakMap<Listener, Listener>();
  const pending = new Map<number, Settle>();
  let nextId = 1;

  const ipcRenderer = guard('ipcRenderer', {
    invoke(channel: string, ...callArguments: unknown[]): Promise<unknown> {
      return new Promise((resolve, reject) => {
        const id = nextId++;
        getConnection().send({ t: 'invoke', id, channel, arguments: callArguments });
        pending.set(id, { resolve, reject });
      });
    },
    send(channel: string, ...callArguments: unknown[]): void {
      getConnection().send({ t: 'send', channel, arguments: callArguments });
    },
    postMessage(channel: string, message: unknown, transfer: readonly MessagePort[] = []): void {
      const connection = getConnection();
      connection.send({ t: 'post', channel, message, portIds: transfer.map(connection.adoptPort) });
    },
    on(channel: string, listener: Listener) {
      let set = listeners.get(channel);
      if (!set) listeners.set(channel, (set = new Set()));
      set.add(listener);
      return ipcRenderer;
    },
    once(channel: string, listener: Listener) {
      const once: Listener = (event, ...messageArguments) => {
        ipcRenderer.off(channel, listener);
        listener(event, ...messageArguments);
      };
      originals.set(listener, once);
      return ipcRenderer.on(channel, once);
    },
    off(channel: string, listener: Listener) {
      listeners.get(channel)?.delete(listener);
      const once = originals.get(listener);
      if (once) listeners.get(channel)?.delete(once);
      return ipcRenderer;
    },
    addListener: (channel: string, listener: Listener) => ipcRenderer.on(channel, listener),
    removeListener: (channel: string, listener: Listener) => ipcRenderer.off(channel, listener),
    removeAllListeners(channel?: string) {
      if (channel === undefined) listeners.clear();
      else listeners.delete(channel);
      return ipcRenderer;
    },
    listenerCount: (channel: string) => listeners.get(channel)?.size ?? 0,
  });

  function receive(message: FromMain, ports: MessagePort[]): void {
    if (message.t === 'return') {
      const call = pending.get(message.id);
      pending.delete(message.id);
      if (message.error === undefined) call?.resolve(message.value);
      else call?.reject(new Error(message.error));
    } else if (message.t !== 'close-port') {
      const messageArguments = message.t === 'send' ? message.arguments : [message.message];
      for (const listener of listeners.get(message.channel) ?? []) listener({ sender: ipcRenderer, ports }, ...messageArguments);
    }
  }
  return { ipcRenderer, receive };
}

/** The isolated world's half of the context bridge; see main-world.ts. */
function makeContextBridge(channel: string) {
  const functions = new Map<number, (...callArguments: unknown[]) => unknown>();
  const exposed = new Set<string>();
  let nextId = 1;
  const isPlain = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
  const toBridgeError = (error: unknown): BridgeError => (error instanceof Error ? { name: error.name, message: error.message } : { name: 'Error', message: String(error) });
  const emit = (detail: BridgeMessage): void => void window.dispatchEvent(new CustomEvent(`${channel}-to-page`, { detail }));

  function pass(value: unknown): unknown {
    if (typeof value === 'symbol') throw new Error('An object could not be cloned.');
    if (typeof value === 'function') {
      const id = nextId++;
      functions.set(id, value as (...callArguments: unknown[]) => unknown);
      return { $function: id };
    }
    if (value instanceof Promise) {
      const id = nextId++;
      value.then(
        (result: unknown) => emit({ kind: 'settle', id, value: pass(result) }),
        (error: unknown) => emit({ kind: 'settle', id, error: toBridgeError(error) }),
      );
      return { $promise: id };
    }
    if (Array.isArray(value)) return value.map(pass);
    if (isPlain(value)) return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, pass(item)]));
    return value;
  }

  function receive(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(receive);
    if (!isPlain(value)) return value;
    const id = value['$function'];
    if (typeof id === 'number') return (...callArguments: unknown[]) => emit({ kind: 'call', id, arguments: callArguments.map(pass) });
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, receive(item)]));
  }

  window.addEventListener(`${channel}-from-page`, (event) => {
    const message = (event as CustomEvent<Extract<BridgeMessage, { kind: 'call' }>>).detail;
    let detail: { value?: unknown; error?: BridgeError };
    try {
      detail = { value: pass(functions.get(message.id)?.(...message.arguments.map(receive))) };
    } catch (error) {
      detail = { error: toBridgeError(error) };
    }
    window.dispatchEvent(new CustomEvent(`${channel}-reply`, { detail }));
  });

  return guard('contextBridge', {
    exposeInMainWorld(key: string, api: unknown): void {
      if (exposed.has(key)) throw new Error('Cannot bind an API on top of an existing property on the window object');
      exposed.add(key);
      emit({ kind: 'expose', key, api: pass(api) });
    },
  });
}

/** Tells the main process what Electron's own processes would know: title, focus, keys, size. */
function watchPage(settings: PreloadSettings, send: (message: object) => void): void {
  let title: string | undefined;
  const tellTitle = (): void => {
    if (document.title === title) return;
    title = document.title;
    send({ t: 'title', title });
  };
  const observer = new MutationObserver(tellTitle);
  const watchTitle = (): void => {
    tellTitle();
    if (document.head) observer.observe(document.head, { subtree: true, childList: true, characterData: true });
  };
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', watchTitle, { once: true });
  else watchTitle();
  window.addEventListener('focus', () => send({ t: 'focus' }));
  window.addEventListener('pointerdown', (event) => event.isTrusted && send({ t: 'focus' }), true);
  window.addEventListener('blur', () => send({ t: 'blur' }));
  window.addEventListener('resize', () => send({ t: 'resize' }));
  const tellKey = (type: 'keyDown' | 'keyUp') => (event: KeyboardEvent) => {
    if (!event.isTrusted) return;
    const { key, code, ctrlKey: control, shiftKey: shift, altKey: alt, metaKey: meta, repeat: isAutoRepeat } = event;
    // After the page's own listeners, which may take the key by preventDefault.
    setTimeout(() => send({ t: 'key', input: { type, key, code, control, shift, alt, meta, isAutoRepeat, isComposing: event.isComposing, location: event.location, modifiers: [] }, taken: event.defaultPrevented }));
  };
  window.addEventListener('keydown', tellKey('keyDown'), true);
  window.addEventListener('keyup', tellKey('keyUp'), true);
  if (settings.askBeforeClose) window.addEventListener('beforeunload', (event) => event.preventDefault());
}

/** Runs a preload script as Electron's sandbox does: CommonJS, with a `require` for a few modules. */
export function runPreload(settings: PreloadSettings, preload: ((require: (name: string) => unknown, module: { exports: unknown }, exports: unknown, process: object) => void) | undefined): void {
  let connection: Connection | undefined;
  const { ipcRenderer, receive } = makeIpcRenderer(() => {
    if (!connection) throw new Error('Electron stand-in: not connected');
    return connection;
  });
  connection = connect(settings, receive);
  const { send } = connection;
  const electron = guard('electron (preload)', {
    ipcRenderer,
    contextBridge: makeContextBridge(settings.channel),
    webFrame: guard('webFrame', {
      setZoomFactor: (factor: number) => send({ t: 'zoom', factor }),
      setVisualZoomLevelLimits: () => undefined,
    }),
    webUtils: guard('webUtils', {
      getPathForFile(): string {
        throw notCovered('webUtils.getPathForFile: Chromium does not tell where a file lies');
      },
    }),
  });
  const preloadProcess = guard('process (preload)', {
    versions: settings.versions,
    platform: settings.platform,
    type: 'renderer',
    contextIsolated: true,
    sandboxed: true,
    isMainFrame: true,
    env: {},
    argv: settings.argv,
  });
  const require = (name: string): unknown => {
    if (name === 'electron' || name === 'electron/renderer' || name === 'electron/common') return electron;
    throw new Error(`module not found: ${name}`);
  };
  watchPage(settings, send);
  if (!preload) return;
  const module = { exports: {} };
  try {
    preload(require, module, module.exports, preloadProcess);
  } catch (error) {
    console.error('Unable to load preload script', error);
    send({ t: 'preload-error', error });
  }
}
