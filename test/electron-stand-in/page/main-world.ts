/**
 * The page's half of the context bridge. Runs in the page's own world before its scripts, and answers the isolated world
 * through DOM events whose secret name only the two halves know. Values are cloned by Chromium as they cross.
 */

/** What crosses: functions and promises go by number. */
export type BridgeMessage =
  | { readonly kind: 'expose'; readonly key: string; readonly api: unknown }
  | { readonly kind: 'settle'; readonly id: number; readonly value?: unknown; readonly error?: BridgeError }
  | { readonly kind: 'call'; readonly id: number; readonly arguments: readonly unknown[] };

/** An error as it crosses: message and name only, as Electron's bridge passes them. */
export interface BridgeError {
  readonly name: string;
  readonly message: string;
}

/** Answer to a call from the page. */
export interface BridgeReply {
  readonly value?: unknown;
  readonly error?: BridgeError;
}

interface BridgeMark {
  readonly $function?: number;
  readonly $promise?: number;
}

/** Installs the page's half under the secret name. */
export function installMainWorld(channel: string): void {
  // Taken now: what the page does to its globals later does not reach the bridge.
  const dispatch = window.dispatchEvent.bind(window);
  const Event = CustomEvent;
  const { entries, fromEntries, getPrototypeOf, freeze, defineProperty, values } = Object;
  const { isArray } = Array;
  const plainPrototype = Object.prototype;
  const functions = new Map<number, (...callArguments: unknown[]) => unknown>();
  const promises = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let nextId = 1;
  let reply: BridgeReply | undefined;

  const isPlain = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && getPrototypeOf(value) === plainPrototype;
  const toError = ({ name, message }: BridgeError): Error => {
    const error = new Error(message);
    if (name !== 'Error') error.name = name;
    return error;
  };

  function receive(value: unknown): unknown {
    if (isArray(value)) return value.map(receive);
    if (!isPlain(value)) return value;
    const mark: BridgeMark = value;
    if (mark.$function !== undefined) {
      const id = mark.$function;
      return (...callArguments: unknown[]) => call(id, callArguments);
    }
    if (mark.$promise !== undefined) {
      const id = mark.$promise;
      return new Promise((resolve, reject) => {
        promises.set(id, { resolve, reject });
      });
    }
    return fromEntries(entries(value).map(([name, item]) => [name, receive(item)]));
  }

  function pass(value: unknown): unknown {
    if (typeof value === 'function') {
      const id = nextId++;
      functions.set(id, value as (...callArguments: unknown[]) => unknown);
      return { $function: id };
    }
    if (isArray(value)) return value.map(pass);
    if (isPlain(value)) return fromEntries(entries(value).map(([name, item]) => [name, pass(item)]));
    return value;
  }

  function call(id: number, callArguments: unknown[]): unknown {
    reply = undefined;
    dispatch(new Event(`${channel}-from-page`, { detail: { kind: 'call', id, arguments: callArguments.map(pass) } }));
    const answer = reply as BridgeReply | undefined;
    if (!answer) throw new Error('An object could not be cloned.');
    if (answer.error) throw toError(answer.error);
    return receive(answer.value);
  }

  function freezeDeep(value: unknown): unknown {
    if (isPlain(value) || isArray(value)) {
      for (const inner of values(value)) freezeDeep(inner);
      freeze(value);
    }
    return value;
  }

  window.addEventListener(`${channel}-reply`, (event) => {
    reply = (event as CustomEvent<BridgeReply>).detail;
  });
  window.addEventListener(`${channel}-to-page`, (event) => {
    const message = (event as CustomEvent<BridgeMessage>).detail;
    if (message.kind === 'expose') {
      defineProperty(window, message.key, { value: freezeDeep(receive(message.api)), enumerable: true, configurable: false, writable: false });
    } else if (message.kind === 'settle') {
      const promise = promises.get(message.id);
      promises.delete(message.id);
      if (message.error) promise?.reject(toError(message.error));
      else promise?.resolve(receive(message.value));
    } else {
      functions.get(message.id)?.(...message.arguments.map(receive));
    }
  });
}
