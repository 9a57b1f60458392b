import { loadIron } from '../../desktop/rdp/iron-session.ts';
import { type FromDecoder, toDecoder } from './decoder-messages.ts';
import { PixelContext } from './pixel-canvas.ts';
import { RecordedDesktop } from './recorded-desktop.ts';

/**
 * The worker in which recordings of RDP are decoded: what is hostile in one can stop this worker and not its page, WebAssembly runs
 * here and not there, and a page that plays stays quick. It holds no name of a target and no way to the network.
 */
const MOST_WORDS = 500;

// The engine asks whether its context is a canvas's.
Object.defineProperty(globalThis, 'CanvasRenderingContext2D', { value: PixelContext });
const loaded = loadIron();

let run = 0;
let desktop: RecordedDesktop | undefined;
let working: Promise<void> = Promise.resolve();

function tell(message: FromDecoder, transfer: Transferable[] = []): void {
  globalThis.postMessage(message, { transfer });
}

function broken(ofRun: number, error: unknown): void {
  tell({ kind: 'broken', run: ofRun, what: (error instanceof Error ? error.message : String(error)).slice(0, MOST_WORDS) });
}

function begin(next: number): void {
  run = next;
  desktop?.close();
  desktop = new RecordedDesktop({
    onSize: (width, height) => tell({ kind: 'size', run: next, width, height }),
    onPixels: (x, y, width, height, pixels) => tell({ kind: 'pixels', run: next, x, y, width, height, pixels }, [pixels.buffer]),
  });
}

async function take(ofRun: number, bytes: Uint8Array): Promise<void> {
  try {
    await loaded;
    if (ofRun === run) await desktop?.receive(bytes);
    tell({ kind: 'taken', run: ofRun });
  } catch (error) {
    broken(ofRun, error);
  }
}

globalThis.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
  const message = toDecoder.parse(data);
  if (message.kind === 'begin') begin(message.run);
  else working = working.then(() => take(message.run, message.bytes));
});
// The engine's own faults (a trap of WebAssembly) come out of its turns, not out of a call of ours.
globalThis.addEventListener('error', (event) => {
  if (event instanceof ErrorEvent) broken(run, event.error ?? event.message);
});
globalThis.addEventListener('unhandledrejection', (event) => broken(run, event.reason));
