/** Takes pieces of a picture: four bytes a pixel, red first. */
export interface PictureSink {
  /** A new picture begins, of this size. */
  readonly onSize: (width: number, height: number) => void;
  readonly onPixels: (x: number, y: number, width: number, height: number, pixels: Uint8ClampedArray<ArrayBuffer>) => void;
}

interface Pixels {
  readonly data: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

/** Stands for a canvas's context where there is no document: an engine that draws by putting pixels needs nothing else of it. */
export class PixelContext {
  readonly #put: (image: Pixels, x: number, y: number) => void;

  constructor(put: (image: Pixels, x: number, y: number) => void) {
    this.#put = put;
  }

  putImageData(image: Pixels, x: number, y: number): void {
    this.#put(image, x, y);
  }
}

/** Stands for a canvas; a picture of a new size is told with its first pixels, so that the one before stays until then. */
export class PixelCanvas {
  width = 0;
  height = 0;
  readonly #context: PixelContext;
  #told = '';

  constructor(sink: PictureSink) {
    this.#context = new PixelContext((image, x, y) => {
      const size = `${this.width}x${this.height}`;
      if (size !== this.#told) sink.onSize(this.width, this.height);
      this.#told = size;
      sink.onPixels(x, y, image.width, image.height, new Uint8ClampedArray(image.data));
    });
  }

  getContext(): PixelContext {
    return this.#context;
  }
}
