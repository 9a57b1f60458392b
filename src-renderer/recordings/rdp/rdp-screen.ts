import type { PlayerScreen } from '../recording-player.ts';
import { type FromDecoder, fromDecoder, type ToDecoder } from './decoder-messages.ts';

/** One piece of a recording is decoded within this or never: a second's worth of work on a slow machine is some hundred KiB. */
const PIECE_LIMIT_MS = 30_000;

/** What decodes; ended with `terminate`. */
export interface Decoder {
  readonly post: (message: ToDecoder) => void;
  readonly terminate: () => void;
}

/** Starts the worker of this page. */
export function startDecoder(onMessage: (data: unknown) => void, onFault: () => void): Decoder {
  const worker = new Worker(new URL('./rdp-decoder.ts', import.meta.url), { type: 'module', name: 'rdp-decoder' });
  worker.addEventListener('message', ({ data }: MessageEvent<unknown>) => onMessage(data));
  worker.addEventListener('error', onFault);
  return { post: (message) => worker.postMessage(message), terminate: () => worker.terminate() };
}

/** An RDP desktop's recording, decoded in a worker and drawn here. `dispose` ends it. */
export class RdpScreen implements PlayerScreen {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D | null;
  readonly #start: typeof startDecoder;
  readonly #onBroken: () => void;
  #decoder: Decoder | undefined;
  #run = 0;
  #waiting: { readonly drawn: () => void; readonly limit: number } | undefined;
  #broken = false;
  #disposed = false;

  constructor(place: HTMLElement, onBroken: () => void, start: typeof startDecoder = startDecoder) {
    this.#canvas = document.createElement('canvas');
    this.#canvas.className = 'player-picture';
    // Of no size until the recording has one: a new canvas is 300 by 150.
    Object.assign(this.#canvas, { width: 0, height: 0 });
    this.#context = this.#canvas.getContext('2d');
    this.#start = start;
    this.#onBroken = onBroken;
    place.append(this.#canvas);
  }

  readonly write = (bytes: Uint8Array, drawn: () => void): void => {
    if (this.#disposed) return;
    if (this.#broken) {
      drawn();
      return;
    }
    const decoder = this.#decoder ?? this.#begun();
    this.#waiting = { drawn, limit: window.setTimeout(() => this.#fail(), PIECE_LIMIT_MS) };
    decoder.post({ kind: 'bytes', run: this.#run, bytes: new Uint8Array(bytes) });
  };

  /** A desktop says its size in its own protocol. */
  readonly resize = (): void => undefined;

  /** A desktop cannot run backward: the next bytes are its first again. */
  readonly reset = (): void => {
    this.#broken = false;
    this.#run += 1;
    this.#decoder?.post({ kind: 'begin', run: this.#run });
    this.#context?.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
  };

  dispose(): void {
    this.#disposed = true;
    this.#end();
    this.#canvas.remove();
  }

  #begun(): Decoder {
    const decoder = this.#start((data) => this.#take(data), () => this.#fail());
    this.#decoder = decoder;
    decoder.post({ kind: 'begin', run: this.#run });
    return decoder;
  }

  #take(data: unknown): void {
    const read = fromDecoder.safeParse(data);
    if (!read.success) {
      this.#fail();
      return;
    }
    if (read.data.run === this.#run) this.#told(read.data);
  }

  #told(message: FromDecoder): void {
    switch (message.kind) {
      case 'size':
        this.#canvas.width = message.width;
        this.#canvas.height = message.height;
        return;
      case 'pixels':
        if (message.pixels.length !== message.width * message.height * 4) return this.#fail();
        this.#context?.putImageData(new ImageData(message.pixels, message.width, message.height), message.x, message.y);
        return;
      case 'taken':
        return this.#goOn();
      case 'broken':
        return this.#fail();
    }
    message satisfies never;
  }

  /** The picture stays as it is from here on; the decoder may be in any state, so that another one begins where this is played anew. */
  #fail(): void {
    if (this.#broken || this.#disposed) return;
    this.#broken = true;
    this.#end();
    this.#onBroken();
    this.#goOn();
  }

  #end(): void {
    clearTimeout(this.#waiting?.limit);
    this.#decoder?.terminate();
    this.#decoder = undefined;
  }

  #goOn(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    clearTimeout(waiting?.limit);
    waiting?.drawn();
  }
}
