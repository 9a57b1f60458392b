import { RdpFormatError } from '../../../shared/rdp/rdp-format-error.ts';

/** Flags of the Client Info PDU (MS-RDPBCGR 2.2.1.11.1.1). */
const flag = { autoLogon: 0x8, unicode: 0x10, compression: 0x80, compressionType: 0x1e00, pinInsteadOfPassword: 0x4_0000, savedCredentials: 0x10_0000 } as const;
const HEADER_BYTES = 18;
/** Each of the five texts, in bytes; Windows takes 512. */
const MOST_TEXT_BYTES = 1024;
const TIME_ZONE_BYTES = 172;
const MOST_EXTRA_BYTES = 4096;
/** The alternate shell and its folder. */
const NO_PROGRAM = [Buffer.alloc(0), Buffer.alloc(0)];

export interface ClientInfoAccount {
  readonly domain: string;
  readonly userName: string;
  readonly password: string;
}

/**
 * The client's info (behind its security header) with this account instead of its own, so that what a client says of itself
 * never signs on; with `undefined` the account is blank, for NLA has signed on already. Compression, which the recording's
 * player cannot undo, and the cookie of an automatic reconnect are taken out, and where `program` is false the program that
 * the client would have started in the desktop's place, too: a command is input. Throws RdpFormatError.
 */
export function rewriteClientInfo(info: Buffer, account: ClientInfoAccount | undefined, { program }: { readonly program: boolean }): Buffer {
  if (info.length < HEADER_BYTES) throw new RdpFormatError('client info: cut off');
  const flags = info.readUInt32LE(4);
  if ((flags & flag.unicode) === 0) throw new RdpFormatError('client info: no unicode');
  const lengths = [8, 10, 12, 14, 16].map((at) => info.readUInt16LE(at));
  let at = HEADER_BYTES;
  const texts = lengths.map((length) => {
    if (length > MOST_TEXT_BYTES || length % 2 !== 0 || at + length + 2 > info.length) throw new RdpFormatError('client info: text out of bounds');
    const text = info.subarray(at, at + length);
    at += length + 2;
    return text;
  });
  const { domain = '', userName = '', password = '' } = account ?? {};
  const own = [domain, userName, password].map((text) => Buffer.from(text, 'utf16le'));
  if (own.some((text) => text.length > MOST_TEXT_BYTES)) throw new RangeError('account too long');
  return encode(info.readUInt32LE(0), newFlags(flags, account !== undefined), [...own, ...(program ? texts.slice(3) : NO_PROGRAM)], withoutCookie(info.subarray(at)));
}

function newFlags(flags: number, autoLogon: boolean): number {
  const cleared = flags & ~(flag.compression | flag.compressionType | flag.pinInsteadOfPassword | flag.savedCredentials);
  return (autoLogon ? cleared | flag.autoLogon : cleared) >>> 0;
}

function encode(codePage: number, flags: number, texts: readonly Buffer[], extra: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(codePage);
  header.writeUInt32LE(flags, 4);
  for (const [place, text] of texts.entries()) header.writeUInt16LE(text.length, 8 + place * 2);
  return Buffer.concat([header, ...texts.flatMap((text) => [text, Buffer.alloc(2)]), extra]);
}

/** The extended info without the cookie of an automatic reconnect, and what would follow it with its length set to none. */
function withoutCookie(extra: Buffer): Buffer {
  if (extra.length === 0) return extra;
  if (extra.length > MOST_EXTRA_BYTES) throw new RdpFormatError('client info: extra too long');
  let at = 2;
  for (let text = 0; text < 2; text += 1) {
    if (at + 2 > extra.length) throw new RdpFormatError('client info: extra cut off');
    at += 2 + extra.readUInt16LE(at);
  }
  // Time zone, session id, performance flags: each may be the last.
  const cookieAt = at + TIME_ZONE_BYTES + 8;
  if (at > extra.length) throw new RdpFormatError('client info: extra cut off');
  if (cookieAt + 2 > extra.length) return extra.subarray(0, Math.min(extra.length, cookieAt));
  const cookie = extra.readUInt16LE(cookieAt);
  if (cookieAt + 2 + cookie > extra.length) throw new RdpFormatError('client info: cookie cut off');
  return Buffer.concat([extra.subarray(0, cookieAt), Buffer.alloc(2), extra.subarray(cookieAt + 2 + cookie)]);
}
