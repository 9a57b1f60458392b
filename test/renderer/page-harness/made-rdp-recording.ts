import { frameKind, type RecordingFrame } from '../../../shared/recording/recording-frame.ts';
import connections from '../../fixtures/rdp-connections.json' with { type: 'json' };

/** X.224's answer that the connection is agreed, without flags. */
const CONFIRM = Uint8Array.from([3, 0, 0, 19, 14, 0xd0, 0, 0, 0, 0, 0, 2, 0, 8, 0, 1, 0, 0, 0]);
const TILE = 64;

/** A recorded RDP desktop: the handshake of a real xrdp, a picture of coloured squares, another at 20 s, and at 30 s an update that nobody can read. */
export function rdpFrames(): RecordingFrame[] {
  const at = (seconds: number, payload: Uint8Array): RecordingFrame => ({ kind: frameKind.output, microseconds: seconds * 1e6, payload });
  const handshake = connections.xrdp.flatMap(([from, base64]) => (from === 'target' && base64 !== undefined ? [Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))] : []));
  const squares = (shift: number) => Array.from({ length: 60 }, (_, number) => square((number % 10) * TILE, Math.floor(number / 10) * TILE, ((number + shift) * 4099) & 0xffff));
  const unreadable = square(0, 0, 0);
  unreadable.set([0xff, 0xff], 4);
  return [at(0.1, CONFIRM), ...handshake.map((pdu) => at(0.1, pdu)), ...squares(0).map((pdu) => at(1, pdu)), ...squares(7).map((pdu) => at(20, pdu)), at(30, unreadable), at(40, square(0, 0, 0xffff))];
}

/** A fast-path bitmap update (MS-RDPBCGR 2.2.9.1.2.1.2): one square of one colour, of 16 bits a point. */
function square(x: number, y: number, colour: number): Uint8Array {
  const pointBytes = TILE * TILE * 2;
  const update = new Uint8Array(22 + pointBytes);
  const view = new DataView(update.buffer);
  for (const [place, value] of [1, 1, x, y, x + TILE - 1, y + TILE - 1, TILE, TILE, 16, 0, pointBytes].entries()) view.setUint16(place * 2, value, true);
  for (let point = 22; point < update.length; point += 2) view.setUint16(point, colour, true);
  const length = 6 + update.length;
  return Uint8Array.from([0, 0x80 | (length >> 8), length & 0xff, 1, update.length & 0xff, update.length >> 8, ...update]);
}
