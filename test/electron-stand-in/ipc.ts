import { Covered } from './covered.ts';

type Handler = (event: Electron.IpcMainInvokeEvent, ...callArguments: unknown[]) => unknown;

/** `ipcMain`, and `webContents.ipc`: listeners and handlers by channel. */
export class StandInIpc extends Covered implements Pick<Electron.IpcMain, 'handle' | 'handleOnce' | 'removeHandler'> {
  readonly #handlers = new Map<string, Handler>();

  constructor(label: string) {
    super(label, undefined);
  }

  handle(channel: string, handler: Handler): void {
    if (typeof handler !== 'function') throw new TypeError(`Expected handler to be a function, but found type '${typeof handler}'`);
    if (this.#handlers.has(channel)) throw new Error(`Attempted to register a second handler for '${channel}'`);
    this.#handlers.set(channel, handler);
  }

  handleOnce(channel: string, handler: Handler): void {
    this.handle(channel, (event, ...callArguments) => {
      this.removeHandler(channel);
      return handler(event, ...callArguments);
    });
  }

  removeHandler(channel: string): void {
    this.#handlers.delete(channel);
  }

  /** The handler of a channel, for the stand-in itself. */
  _handlerOf(channel: string): Handler | undefined {
    return this.#handlers.get(channel);
  }
}

/** Electron's `ipcMain`. */
export const ipcMain = new StandInIpc('ipcMain');

/**
 * Answers an `invoke` of a page. The error text is Electron's.
 * @param scopes who may have a handler, the narrowest first
 */
export async function answerInvoke(scopes: readonly StandInIpc[], channel: string, event: Electron.IpcMainInvokeEvent, callArguments: readonly unknown[]): Promise<{ value?: unknown; error?: string }> {
  try {
    const handler = scopes.map((scope) => scope._handlerOf(channel)).find((found) => found !== undefined);
    if (!handler) throw new Error(`No handler registered for '${channel}'`);
    return { value: await handler(event, ...callArguments) };
  } catch (error) {
    console.error(`Error occurred in handler for '${channel}':`, error);
    return { error: invokeErrorText(channel, error) };
  }
}

/** What the page's promise is rejected with. */
export function invokeErrorText(channel: string, error: unknown): string {
  return `Error invoking remote method '${channel}': ${String(error)}`;
}
