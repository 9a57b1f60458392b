import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A request of X holds no more, in its plain form. */
const MOST_REQUEST_BYTES = 256 * 1024 - 64;
export const opcode = { createWindow: 1, mapWindow: 8, configureWindow: 12, getInputFocus: 43, createGc: 55, copyArea: 62, putImage: 72 } as const;

/** A client of an X server by the protocol itself: what it draws is the same in each run, and it knows when it stands. A refusal of the server is thrown. */
export class XClient {
  readonly #socket: Socket;
  readonly root: number;
  readonly depth: number;
  readonly #base: number;
  #replies = 0;
  #wake: () => void = () => undefined;
  #ids = 0;

  private constructor(socket: Socket, facts: { readonly root: number; readonly depth: number; readonly base: number }) {
    this.#socket = socket;
    ({ root: this.root, depth: this.depth, base: this.#base } = facts);
    let rest = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      for (; rest.length >= 32; rest = rest.subarray(32)) {
        if (rest[0] === 0) throw new Error(`the X server refused request ${rest[10]}: error ${rest[1]}`);
        if (rest[0] === 1) this.#replies += 1;
      }
      this.#wake();
    });
  }

  /** Connects to a display, as in DISPLAY, that lets everybody of this machine in. */
  static async open(display: string): Promise<XClient> {
    const socket = connect(`/tmp/.X11-unix/X${/^:(\d+)/.exec(display)?.[1] ?? ''}`);
    await once(socket, 'connect');
    socket.write(Buffer.from([0x6c, 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
    let setup = Buffer.alloc(0);
    while (setup.length < 8 || setup.length < 8 + setup.readUInt16LE(6) * 4) setup = Buffer.concat([setup, ((await once(socket, 'data')) as [Buffer])[0]]);
    if (setup[0] !== 1) throw new Error('the X server does not let us in');
    const screen = 40 + Math.ceil(setup.readUInt16LE(24) / 4) * 4 + setup.readUInt8(29) * 8;
    return new XClient(socket, { root: setup.readUInt32LE(screen), depth: setup.readUInt8(screen + 38), base: setup.readUInt32LE(12) });
  }

  /** A window on the screen, in front of those before. */
  window(x: number, y: number, width: number, height: number): number {
    const id = this.#newId();
    this.request(opcode.createWindow, this.depth, u32(id), u32(this.root), u16(x, y, width, height, 0, 1), u32(0, 0x202, 0x20_20_30, 1));
    this.request(opcode.mapWindow, 0, u32(id));
    return id;
  }

  /** A context to draw with. */
  context(): number {
    const id = this.#newId();
    this.request(opcode.createGc, 0, u32(id), u32(this.root, 0));
    return id;
  }

  /** Pixels of four bytes each, in as many requests as they need. */
  put(window: number, gc: number, width: number, pixels: Buffer, y: number): void {
    const rows = Math.max(1, Math.floor(MOST_REQUEST_BYTES / (width * 4)));
    for (let row = 0; row * width * 4 < pixels.length; row += rows) {
      const part = pixels.subarray(row * width * 4, (row + rows) * width * 4);
      this.request(opcode.putImage, 2, u32(window, gc), u16(width, part.length / (width * 4), 0, y + row), Buffer.from([0, this.depth, 0, 0]), part);
    }
  }

  /** One request, with its opcode and detail. */
  request(code: number, detail: number, ...parts: readonly Buffer[]): void {
    const length = 4 + parts.reduce((sum, part) => sum + part.length, 0);
    const head = Buffer.from([code, detail, 0, 0]);
    head.writeUInt16LE(length / 4, 2);
    for (const part of [head, ...parts]) this.#socket.write(part);
  }

  /** Resolves when the server has done all that was asked. */
  async done(): Promise<void> {
    const wanted = this.#replies + 1;
    this.request(opcode.getInputFocus, 0);
    while (this.#replies < wanted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Ends the connection, and with it the windows. */
  close(): void {
    this.#socket.destroy();
  }

  #newId(): number {
    this.#ids += 1;
    return this.#base + this.#ids;
  }
}

/** Words of four bytes, as requests have them. */
export function u32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [place, value] of values.entries()) bytes.writeUInt32LE(value, place * 4);
  return bytes;
}

/** Words of two bytes, as requests have them. */
export function u16(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  for (const [place, value] of values.entries()) bytes.writeUInt16LE(value, place * 2);
  return bytes;
}
