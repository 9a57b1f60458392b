/**
 * A screen that changes as a script says, sixty times a second or as often as its X server takes it: text that scrolls, a window
 * that moves, noise like a video's. A client of the X protocol of its own, so that the same frames come in each run.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { seededRandom } from '../../targets/seeded-random.ts';
import { scene } from './desktop-contract.ts';

const FRAME_MS = 1000 / 60;
/** A request of X holds no more, in its plain form. */
const MOST_REQUEST_BYTES = 256 * 1024 - 64;
const opcode = { createWindow: 1, mapWindow: 8, configureWindow: 12, getInputFocus: 43, createGc: 55, copyArea: 62, putImage: 72 } as const;

class XClient {
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

  static async open(display: string): Promise<XClient> {
    const socket = connect(`/tmp/.X11-unix/X${display.slice(1)}`);
    await once(socket, 'connect');
    socket.write(Buffer.from([0x6c, 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
    let setup = Buffer.alloc(0);
    while (setup.length < 8 || setup.length < 8 + setup.readUInt16LE(6) * 4) setup = Buffer.concat([setup, ((await once(socket, 'data')) as [Buffer])[0]]);
    if (setup[0] !== 1) throw new Error('the X server does not let us in');
    const screen = 40 + Math.ceil(setup.readUInt16LE(24) / 4) * 4 + setup.readUInt8(29) * 8;
    return new XClient(socket, { root: setup.readUInt32LE(screen), depth: setup.readUInt8(screen + 38), base: setup.readUInt32LE(12) });
  }

  window(x: number, y: number, width: number, height: number): number {
    const id = this.#newId();
    this.request(opcode.createWindow, this.depth, u32(id), u32(this.root), u16(x, y, width, height, 0, 1), u32(0, 0x202, 0x20_20_30, 1));
    this.request(opcode.mapWindow, 0, u32(id));
    return id;
  }

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

  #newId(): number {
    this.#ids += 1;
    return this.#base + this.#ids;
  }
}

function u32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [place, value] of values.entries()) bytes.writeUInt32LE(value, place * 4);
  return bytes;
}

function u16(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  for (const [place, value] of values.entries()) bytes.writeUInt16LE(value, place * 2);
  return bytes;
}

/** What draws the frame of a number. */
type Draw = (frame: number) => void;

function scrollingText(client: XClient): Draw {
  const [width, height, line] = [1024, 640, 16];
  const [window, gc, random] = [client.window(100, 40, width, height), client.context(), seededRandom(1)];
  const glyphs = Array.from({ length: 64 }, () => Array.from({ length: line }, () => Math.floor(random() * 256) & Math.floor(random() * 256)));
  const lines = Array.from({ length: 64 }, () => {
    const pixels = Buffer.alloc(width * line * 4);
    for (let cell = 0; cell < width / 8; cell += 1) {
      const glyph = random() < 0.2 ? undefined : glyphs[Math.floor(random() * glyphs.length)];
      for (let row = 0; row < line; row += 1) for (let dot = 0; dot < 8; dot += 1) pixels.writeUInt32LE((((glyph?.[row] ?? 0) >> dot) & 1) === 1 ? 0xe0_e0_e0 : 0x10_10_10, (row * width + cell * 8 + dot) * 4);
    }
    return pixels;
  });
  return (frame) => {
    client.request(opcode.copyArea, 0, u32(window, window, gc), u16(0, line, 0, 0, width, height - line));
    client.put(window, gc, width, lines[frame % lines.length] ?? Buffer.alloc(0), height - line);
  };
}

function movingWindow(client: XClient): Draw {
  const [width, height] = [480, 320];
  const [window, gc] = [client.window(0, 0, width, height), client.context()];
  const pixels = Buffer.alloc(width * height * 4);
  for (let at = 0; at < width * height; at += 1) pixels.writeUInt32LE(((at % width) >> 1) << 16 | (Math.floor(at / width) >> 1) << 8 | (at & 0x40), at * 4);
  return (frame) => {
    const angle = frame / 30;
    client.request(opcode.configureWindow, 0, u32(window), u16(3, 0), u32(Math.floor(400 + 380 * Math.cos(angle)), Math.floor(200 + 190 * Math.sin(angle))));
    // Where nothing keeps what was under a window, it is drawn again.
    client.put(window, gc, width, pixels, 0);
  };
}

function noise(client: XClient): Draw {
  const [width, height] = [640, 360];
  const [window, gc, random] = [client.window(320, 180, width, height), client.context(), seededRandom(3)];
  const frames = Array.from({ length: 12 }, () => Buffer.from(Array.from({ length: width * height * 4 }, () => Math.floor(random() * 256))));
  return (frame) => client.put(window, gc, width, frames[frame % frames.length] ?? Buffer.alloc(0), 0);
}

const [display = '', shown] = process.argv.slice(2);
const client = await XClient.open(display);
const draw = { 'scrolling text': scrollingText, 'moving window': movingWindow, noise }[scene.parse(shown)](client);
await client.done();
process.send?.('ready');
process.on('disconnect', () => process.exit());
for (let frame = 0, dueMs = performance.now(); ; frame += 1) {
  draw(frame);
  await client.done();
  dueMs = Math.max(dueMs + FRAME_MS, performance.now());
  await setTimeout(Math.max(0, dueMs - performance.now()));
}
