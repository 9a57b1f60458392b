import type { ErrorCode } from '../../shared/errors/catalogue.ts';
import { encodeUtf8 } from '../../shared/recording/utf8.ts';
import { FieldWriter, PACKET_HEAD_BYTES, typeOf } from '../../shared/sftp/packet-fields.ts';
import { encodeRefusal } from '../../shared/sftp/refusal-text.ts';
import { packetType, statusCode } from '../../shared/sftp/sftp-constants.ts';

const NOTHING = new Uint8Array(0);

/** The same request with the real path in place of the client's. */
export function withPath(packet: Uint8Array, path: string, rest: Uint8Array = NOTHING): Uint8Array {
  return rebuilt(packet.subarray(0, PACKET_HEAD_BYTES), [path], rest);
}

/** A packet whose head stays, with other paths behind it, and then what came behind them. */
export function rebuilt(head: Uint8Array, paths: readonly string[], rest: Uint8Array = NOTHING): Uint8Array {
  const writer = new FieldWriter(packetType.extended, head.length + rest.length + 256).raw(head.subarray(5));
  for (const path of paths) writer.name(path);
  const packet = writer.raw(rest).end();
  packet[4] = typeOf(head);
  return packet;
}

/** The answer that says which rule refused. */
export function refusalPacket(code: ErrorCode, args: Readonly<Record<string, string | number>>): Uint8Array {
  return statusPacket(code === 'files.extension-not-allowed' ? statusCode.unsupported : statusCode.permissionDenied, encodeRefusal(code, args));
}

/** A status with its text; its number is put in when it is sent. */
export function statusPacket(status: number, message: string): Uint8Array {
  return new FieldWriter(packetType.status, 256).uint32(0).uint32(status).bytes(encodeUtf8(message)).bytes(NOTHING).end();
}
