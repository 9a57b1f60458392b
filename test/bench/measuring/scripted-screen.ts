/**
 * A screen that changes as a script says, sixty times a second or as often as its X server takes it: text that scrolls, a window
 * that moves, noise like a video's. A client of the X protocol of its own, so that the same frames come in each run.
 */
import { setTimeout } from 'node:timers/promises';
import { seededRandom } from '../../targets/seeded-random.ts';
import { opcode, u16, u32, XClient } from '../../targets/x-client.ts';
import { scene } from './desktop-contract.ts';

const FRAME_MS = 1000 / 60;

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
