import { MavisError } from '../../../shared/errors/mavis-error.ts';
import { encoding } from '../../../shared/vnc/encodings.ts';
import { PIXEL_FORMAT_BYTES } from './pixel-format.ts';
import type { RfbPipe } from './rfb-pipe.ts';
import type { ViewerFormat } from './viewer-format.ts';

const message = { pixelFormat: 0, encodings: 2, updateRequest: 3, key: 4, pointer: 5, cutText: 6, continuousUpdates: 150, fence: 248, desktopSize: 251, qemu: 255 } as const;
const MOST_ENCODINGS = 1024;
const PADDING_BYTES = 3;
/** What is asked for of pixels, best first, whatever the viewer would like: what is read here. */
const PIXELS: readonly number[] = [encoding.zrle, encoding.raw];
/** What else a viewer may ask for: it has no pixels in it, or pixels that are rewritten. */
const KEPT: ReadonlySet<number> = new Set([
  encoding.copyRect, encoding.desktopSize, encoding.lastRect, encoding.cursor, encoding.extendedKey, encoding.ledState, encoding.desktopName,
  encoding.extendedDesktopSize, encoding.fence, encoding.continuousUpdates, encoding.extendedClipboard,
]);

/**
 * What a viewer sends after ClientInit (RFC 6143 section 7.5) goes on to the gateway, which judges it; but its pixel format is kept
 * here, and the encodings that it asks for become those that are read here. Rejects with `session.protocol-violation`, or EndedEarly.
 */
export async function carryRequests(pipe: RfbPipe, format: ViewerFormat): Promise<never> {
  for (;;) {
    const [type = -1] = await pipe.read(1);
    if (type === message.pixelFormat) await keepFormat(pipe, format);
    else if (type === message.encodings) await askForOurs(pipe);
    else await passOn(pipe, format, type);
  }
}

async function keepFormat(pipe: RfbPipe, format: ViewerFormat): Promise<void> {
  const bytes = await pipe.read(PADDING_BYTES + PIXEL_FORMAT_BYTES);
  if (!format.ask(bytes.subarray(PADDING_BYTES))) throw violation();
}

async function askForOurs(pipe: RfbPipe): Promise<void> {
  const count = (await pipe.read(3)).readUInt16BE(1);
  if (count > MOST_ENCODINGS) throw violation();
  const list = await pipe.read(count * 4);
  const kept = Array.from({ length: count }, (_none, place) => list.readInt32BE(place * 4)).filter((asked) => KEPT.has(asked));
  const asked = [...PIXELS, ...new Set(kept)];
  const sent = Buffer.alloc(4 + asked.length * 4);
  sent.writeUInt8(message.encodings, 0);
  sent.writeUInt16BE(asked.length, 2);
  for (const [place, one] of asked.entries()) sent.writeInt32BE(one, 4 + place * 4);
  await pipe.write(sent);
}

async function passOn(pipe: RfbPipe, format: ViewerFormat, type: number): Promise<void> {
  const head = Buffer.concat([Buffer.of(type), await pipe.read(headBytes(type))]);
  if (type === message.continuousUpdates) format.continuous(head.readUInt8(1) !== 0);
  await pipe.write(head);
  if (type === message.cutText) await pipe.pass(Math.abs(head.readInt32BE(4)));
  else if (type === message.fence) await pipe.pass(head.readUInt8(8));
  else if (type === message.desktopSize) await pipe.pass(head.readUInt8(6) * 16);
}

/** How much a message has after its type, without what its own lengths say. */
function headBytes(type: number): number {
  switch (type) {
    case message.updateRequest:
    case message.continuousUpdates:
      return 9;
    case message.key:
    case message.cutText:
    case message.desktopSize:
      return 7;
    case message.pointer:
      return 5;
    case message.fence:
      return 8;
    case message.qemu:
      return 11;
    default:
      throw violation();
  }
}

function violation(): MavisError {
  return new MavisError('session.protocol-violation');
}
