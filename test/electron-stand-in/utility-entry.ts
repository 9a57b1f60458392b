/** First module of a utility process: gives it `process.parentPort` and its own `electron`, then runs the application's module. */
import { registerHooks } from 'node:module';
import { Socket } from 'node:net';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { asElectron, Covered } from './covered.ts';
import { readFrames, writeFrame } from './frame-stream.ts';
import { PortConnection } from './message-port.ts';
import { UTILITY_CHANNEL_FD } from './utility-channel.ts';

interface FromMain {
  readonly message: unknown;
  readonly portIds: readonly number[];
}

const channel = new Socket({ fd: UTILITY_CHANNEL_FD, readable: true, writable: true });
const ports = new PortConnection((frame) => writeFrame(channel, frame), 'child');

/** `process.parentPort`: messages wait until someone listens. */
class ParentPort extends Covered implements Pick<Electron.ParentPort, 'postMessage'> {
  readonly #waiting: object[] = [];

  constructor() {
    super('parentPort', ['message']);
    this.on('newListener', (event: string) => {
      if (event === 'message') process.nextTick(() => this.#flush());
    });
  }

  postMessage(message: unknown): void {
    ports.sendControl({ message });
  }

  /** A message of the main process has come. */
  _receive({ message, portIds }: FromMain): void {
    this.#waiting.push({ data: message, ports: ports.accept(portIds) });
    this.#flush();
  }

  #flush(): void {
    if (this.listenerCount('message') === 0) return;
    for (const event of this.#waiting.splice(0)) this.emit('message', event);
  }
}

const parentPort = new ParentPort();
readFrames(channel, (frame) => ports.receive(frame, (value) => parentPort._receive(value as FromMain)));
channel.on('error', () => process.exit(0));
// Without its main process a utility process has nothing to live for.
channel.on('close', () => process.exit(0));

const electronUrl = pathToFileURL(path.join(import.meta.dirname, 'electron-utility.ts')).href;
const ELECTRON_NAMES = new Set(['electron', 'electron/utility', 'electron/common']);
registerHooks({
  resolve: (specifier, context, next) => (ELECTRON_NAMES.has(specifier) ? { url: electronUrl, format: 'module-typescript', shortCircuit: true } : next(specifier, context)),
});

process.parentPort = asElectron(parentPort);
Object.assign(process, { type: 'utility' });
process.argv.splice(1, 1);
const modulePath = process.argv[1] ?? '';
await import(pathToFileURL(path.resolve(modulePath)).href);
