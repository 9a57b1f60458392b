/// <reference types="electron" />
import { EventEmitter } from 'node:events';

/** The version that the stand-in says of itself; not Electron's. */
export const STAND_IN_VERSION = '1.0.0';

/** One recorded call of something that has no effect here; tests read them as `electron.__standIn.calls`. */
export interface RecordedCall {
  readonly name: string;
  readonly arguments: readonly unknown[];
  readonly at: number;
}

/** Every call that the stand-in could only record, oldest first. */
export const recordedCalls: RecordedCall[] = [];

/** Writes down a call that has no effect here ("call only"). */
export function recordCall(name: string, ...callArguments: unknown[]): void {
  recordedCalls.push({ name, arguments: callArguments, at: Date.now() });
  debug('call', name);
}

/** Writes a line to standard error when ELECTRON_STANDIN_DEBUG is set. */
export const debug: (...parts: unknown[]) => void = process.env['ELECTRON_STANDIN_DEBUG']
  ? (...parts) => console.error('[stand-in]', ...parts)
  : () => undefined;

/** The error for everything of Electron's API that is not covered: never a silent no-op. */
export function notInStandIn(what: string): Error {
  return new Error(`not in the stand-in: ${what}`);
}

/** Names that languages, test runners and debuggers look up on any object; they must not throw. */
const PROBED_NAMES = new Set(['then', 'toJSON', 'constructor', 'inspect', 'nodeType', 'asymmetricMatch', '$$typeof', 'domain', '__esModule', 'default', 'module.exports', 'length', 'tagName', 'prototype', 'name']);

/**
 * The same object, but reading or setting a name that it does not have throws "not in the stand-in".
 * @param label how the object is called in Electron's API, for the message
 */
export function guarded<T extends object>(label: string, target: T): T {
  return new Proxy(target, {
    get(object, name, receiver) {
      if (typeof name === 'symbol' || Reflect.has(object, name)) return Reflect.get(object, name, receiver) as unknown;
      if (PROBED_NAMES.has(name)) return undefined;
      throw notInStandIn(`${label}.${name}`);
    },
    set(object, name, value, receiver) {
      if (typeof name === 'symbol' || name.startsWith('_') || Reflect.has(object, name)) return Reflect.set(object, name, value, receiver);
      throw notInStandIn(`setting ${label}.${name}`);
    },
  });
}

/** Something of Electron's API that is wholly absent: reading, calling or constructing it throws. */
export function absent<T>(label: string): T {
  const fail = (): never => {
    throw notInStandIn(label);
  };
  return new Proxy(function absentFromStandIn() {} as object, {
    get(_object, name) {
      if (typeof name === 'symbol' || PROBED_NAMES.has(name)) return undefined;
      throw notInStandIn(`${label}.${name}`);
    },
    set: fail,
    apply: fail,
    construct: fail,
  }) as T;
}

/**
 * Base of the stand-in's objects that emit events: guarded, and it refuses to listen to an event that is never emitted here.
 * Class fields and private fields of subclasses live on the guarded object itself.
 */
export abstract class Covered extends EventEmitter {
  /**
   * @param label how the object is called in Electron's API
   * @param events what the stand-in emits on it, and what it knowingly never emits; `undefined` takes any name, as with IPC channels
   */
  constructor(label: string, events: readonly string[] | undefined) {
    super();
    this.setMaxListeners(0);
    const object = guarded(label, this);
    if (events) {
      const known = new Set<string | symbol>([...events, 'newListener', 'removeListener', 'error']);
      EventEmitter.prototype.on.call(this, 'newListener', (name: string | symbol) => {
        if (typeof name === 'string' && !known.has(name)) throw notInStandIn(`event '${name}' of ${label}`);
      });
    }
    // oxlint-disable-next-line no-constructor-return -- the guard has to be what subclasses call `this`
    return object;
  }
}

/** An event object with `preventDefault`, as Electron hands it to listeners. */
export interface PreventableEvent {
  defaultPrevented: boolean;
  preventDefault(): void;
}

/** Makes an event object; the fields given are added to it. */
export function makeEvent<T extends object>(fields?: T): PreventableEvent & T {
  const event = {
    ...fields,
    defaultPrevented: false,
    preventDefault(): void {
      event.defaultPrevented = true;
    },
  } as PreventableEvent & T;
  return event;
}

/** Runs application code so that what it throws is an uncaught exception, as in Electron, and does not end the caller's work. */
export function runApart(work: () => void): void {
  try {
    work();
  } catch (error) {
    process.nextTick(() => {
      throw error;
    });
  }
}

/** Presents a partial implementation as Electron's full type; what is missing throws at run time through its guard. */
export function asElectron<T>(value: unknown): T {
  return value as T;
}
