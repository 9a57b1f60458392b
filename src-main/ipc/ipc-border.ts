import type { z } from 'zod';
import { asMavisError, MavisError } from '../../shared/errors/mavis-error.ts';
import { type IpcAnswer, type IpcCall, type IpcContract, ipcContract } from '../../shared/ipc/contract.ts';
import { isBundleAddress } from '../app-protocol/bundle-origin.ts';
import type { Log } from '../logging/log.ts';
import type { CallerWindow, WindowRegistry } from '../windows/window-registry.ts';

/** What main does for each call of the contract. */
export type IpcHandlers = {
  readonly [Subject in keyof IpcContract]: {
    readonly [Name in keyof IpcContract[Subject]]: IpcContract[Subject][Name] extends { args: infer A extends z.ZodType; result: infer R extends z.ZodType }
      ? (args: z.output<A>, caller: CallerWindow) => Promise<z.input<R>> | z.input<R>
      : never;
  };
};

/** What is looked at of the event of a call. */
export interface IpcCallEvent {
  readonly sender: { readonly id: number };
  /** Null where the frame has gone meanwhile. */
  readonly senderFrame: { readonly url: string; readonly parent: unknown } | null;
}

/** The one thing taken of Electron's `ipcMain`. */
export interface IpcReceiver {
  handle(channel: string, listener: (event: IpcCallEvent, args: unknown) => Promise<IpcAnswer<unknown>>): void;
}

interface Parts {
  readonly receiver: IpcReceiver;
  readonly windows: Pick<WindowRegistry, 'find'>;
  readonly handlers: IpcHandlers;
  readonly log: Log;
}

/**
 * Registers exactly the calls of `shared/ipc/contract.ts`: the only place of the program that listens to pages (E17). Each
 * call is taken from the top frame of a window that we made, showing a page of ours, in a role that the contract names,
 * with arguments that its schema reads; a session window speaks of its own session only. Everything else is answered
 * with a code and written to the log.
 */
export function registerIpcContract({ receiver, windows, handlers, log }: Parts): void {
  for (const [subject, calls] of Object.entries(ipcContract)) {
    const own: Readonly<Record<string, unknown>> = handlers[subject as keyof IpcContract];
    for (const [name, call] of Object.entries<IpcCall>(calls)) {
      const channel = `${subject}.${name}`;
      const handler = own[name];
      if (!isHandler(handler)) throw new Error(`no handler for ${channel}`);
      receiver.handle(channel, (event, args) => answer({ channel, call, handler, caller: callerOf(event, windows), args, log }));
    }
  }
}

type Handler = (args: unknown, caller: CallerWindow) => unknown;

function isHandler(value: unknown): value is Handler {
  return typeof value === 'function';
}

/** The window behind a call, where the call came from its top frame with a page of ours. */
function callerOf(event: IpcCallEvent, windows: Pick<WindowRegistry, 'find'>): CallerWindow | undefined {
  const frame = event.senderFrame;
  if (frame === null || frame.parent !== null || !isBundleAddress(frame.url)) return undefined;
  return windows.find(event.sender.id);
}

interface OneCall {
  readonly channel: string;
  readonly call: IpcCall;
  readonly handler: Handler;
  readonly caller: CallerWindow | undefined;
  readonly args: unknown;
  readonly log: Log;
}

async function answer({ channel, call, handler, caller, args, log }: OneCall): Promise<IpcAnswer<unknown>> {
  try {
    if (!caller || !call.windows.includes(caller.role)) throw new MavisError('access.denied');
    const parsed = call.args.safeParse(args);
    if (!parsed.success) throw new MavisError('request.invalid', { field: parsed.error.issues[0]?.path.join('.') ?? '' });
    if (caller.role !== 'main' && speaksOfAnother(parsed.data, caller)) throw new MavisError('access.denied');
    const result = call.result.safeParse(await handler(parsed.data, caller));
    if (!result.success) throw new MavisError('internal', {}, { cause: result.error });
    return { ok: true, value: result.data };
  } catch (thrown) {
    const error = asMavisError(thrown);
    const level = error.code === 'internal' ? 'error' : 'warn';
    log[level]('call of a page refused', { call: channel, code: error.code, role: caller?.role ?? 'none', reference: error.reference }, thrown);
    return { ok: false, code: error.code, args: { ...error.args }, reference: error.reference ?? null };
  }
}

function speaksOfAnother(args: unknown, caller: CallerWindow): boolean {
  return typeof args === 'object' && args !== null && 'sessionId' in args && args.sessionId !== caller.sessionId;
}
