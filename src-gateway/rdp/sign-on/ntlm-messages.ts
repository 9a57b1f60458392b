import { createHmac } from 'node:crypto';
import { RdpFormatError } from '../../../shared/rdp/rdp-format-error.ts';
import { md4 } from './md4.ts';

/** Flags of a negotiation (MS-NLMP 2.2.2.5) that this client asks for and demands. */
const flag = {
  unicode: 0x0000_0001,
  requestTarget: 0x0000_0004,
  sign: 0x0000_0010,
  seal: 0x0000_0020,
  ntlm: 0x0000_0200,
  alwaysSign: 0x0000_8000,
  extendedSessionSecurity: 0x0008_0000,
  targetInfo: 0x0080_0000,
  version: 0x0200_0000,
  key128: 0x2000_0000,
  keyExchange: 0x4000_0000,
  key56: 0x8000_0000,
} as const;
const ASKED = flag.unicode | flag.requestTarget | flag.sign | flag.seal | flag.ntlm | flag.alwaysSign | flag.extendedSessionSecurity | flag.version | flag.key128 | flag.keyExchange | flag.key56;
/** Without these a server is older than Windows Vista, or wants a weaker sign-on: it gets none. */
const DEMANDED = flag.unicode | flag.sign | flag.seal | flag.extendedSessionSecurity | flag.key128 | flag.keyExchange;

const SIGNATURE = Buffer.from('NTLMSSP\0', 'latin1');
/** Windows 10's version and NTLM revision 15; servers look at the revision alone. */
const VERSION = Buffer.from([10, 0, 0x61, 0x4a, 0, 0, 0, 15]);
/** Attributes that a challenge may bring; a domain has six. */
const MOST_ATTRIBUTES = 32;
const LONGEST_CHALLENGE = 16 * 1024;

/** Ids of the attributes of a target (MS-NLMP 2.2.2.1). */
const attribute = { end: 0, flags: 6, timestamp: 7, targetName: 9, channelBindings: 10 } as const;

/** What a server said in its challenge. */
export interface Challenge {
  readonly bytes: Buffer;
  readonly flags: number;
  readonly serverChallenge: Buffer;
  readonly attributes: readonly { readonly id: number; readonly value: Buffer }[];
}

/** Who signs on. The password goes into nothing but the hash. */
export interface NtlmAccount {
  readonly domain: string;
  readonly userName: string;
  readonly password: string;
}

/** The first message (MS-NLMP 2.2.1.1). */
export function negotiateMessage(): Buffer {
  const message = Buffer.alloc(40);
  message.set(SIGNATURE);
  message.writeUInt32LE(1, 8);
  message.writeUInt32LE(ASKED >>> 0, 12);
  message.set(VERSION, 32);
  return message;
}

/** Reads a challenge (MS-NLMP 2.2.1.2); throws RdpFormatError for one that is none, or that wants less than NTLMv2 with 128 bits. */
export function readChallenge(bytes: Buffer): Challenge {
  if (bytes.length < 48 || bytes.length > LONGEST_CHALLENGE || !bytes.subarray(0, 8).equals(SIGNATURE) || bytes.readUInt32LE(8) !== 2) throw new RdpFormatError('ntlm: no challenge');
  const flags = bytes.readUInt32LE(20);
  if ((flags & DEMANDED) !== DEMANDED) throw new RdpFormatError('ntlm: too weak a sign-on');
  const [length, at] = [bytes.readUInt16LE(40), bytes.readUInt32LE(44)];
  if (at + length > bytes.length) throw new RdpFormatError('ntlm: target information out of bounds');
  return { bytes, flags, serverChallenge: bytes.subarray(24, 32), attributes: readAttributes(bytes.subarray(at, at + length)) };
}

function readAttributes(bytes: Buffer): Challenge['attributes'] {
  const attributes: { id: number; value: Buffer }[] = [];
  for (let at = 0; at + 4 <= bytes.length && attributes.length < MOST_ATTRIBUTES; ) {
    const [id, length] = [bytes.readUInt16LE(at), bytes.readUInt16LE(at + 2)];
    if (id === attribute.end) return attributes;
    if (at + 4 + length > bytes.length) break;
    attributes.push({ id, value: bytes.subarray(at + 4, at + 4 + length) });
    at += 4 + length;
  }
  if (bytes.length === 0) return attributes;
  throw new RdpFormatError('ntlm: target information not closed');
}

/** NTOWFv2 (MS-NLMP 3.3.2): the key that the password stands for. */
export function ntlmV2Key({ domain, userName, password }: NtlmAccount): Buffer {
  return hmacMd5(md4(utf16(password)), utf16(userName.toUpperCase() + domain));
}

/** What the answer to a challenge is made of, random parts included. */
export interface AnswerParts {
  readonly challenge: Challenge;
  readonly negotiate: Buffer;
  readonly account: NtlmAccount;
  /** 8 random bytes. */
  readonly clientChallenge: Buffer;
  /** 16 random bytes. */
  readonly sessionKey: Buffer;
  /** Service principal name of the server, such as `TERMSRV/host`. */
  readonly targetName: string;
  /** Now, as Windows counts (100 ns since 1601); used where the server does not say its own. */
  readonly fileTime: bigint;
  readonly rc4: (key: Buffer, bytes: Buffer) => Buffer;
}

/** The answer (MS-NLMP 2.2.1.3, 3.1.5.1.2): NTLMv2, with the integrity code over all three messages where the server has a clock. */
export function authenticateMessage(parts: AnswerParts): Buffer {
  const { challenge, account } = parts;
  const timestamp = challenge.attributes.find(({ id }) => id === attribute.timestamp)?.value;
  const withCode = timestamp?.length === 8;
  const time = withCode ? timestamp : fileTimeBytes(parts.fileTime);
  const key = ntlmV2Key(account);
  const ntResponse = ntlmV2Response(key, challenge.serverChallenge, parts.clientChallenge, time, encodeAttributes(answerAttributes(challenge, parts.targetName, withCode)));
  const lmResponse = withCode ? Buffer.alloc(24) : lmV2Response(key, challenge.serverChallenge, parts.clientChallenge);
  const exchangeKey = hmacMd5(key, ntResponse.subarray(0, 16));
  const fields = [lmResponse, ntResponse, utf16(account.domain), utf16(account.userName), Buffer.alloc(0), parts.rc4(exchangeKey, parts.sessionKey)];
  const message = joinAnswer(fields, challenge.flags & ASKED);
  if (withCode) message.set(hmacMd5(parts.sessionKey, Buffer.concat([parts.negotiate, challenge.bytes, message])), CODE_AT);
  return message;
}

/** Of the header: signature, type, six fields of eight bytes, flags, version; then the code. */
const CODE_AT = 72;
const HEADER_BYTES = CODE_AT + 16;

function joinAnswer(fields: readonly Buffer[], flags: number): Buffer {
  const message = Buffer.alloc(HEADER_BYTES + fields.reduce((sum, field) => sum + field.length, 0));
  message.set(SIGNATURE);
  message.writeUInt32LE(3, 8);
  let at = HEADER_BYTES;
  for (const [place, field] of fields.entries()) {
    message.writeUInt16LE(field.length, 12 + place * 8);
    message.writeUInt16LE(field.length, 14 + place * 8);
    message.writeUInt32LE(at, 16 + place * 8);
    message.set(field, at);
    at += field.length;
  }
  message.writeUInt32LE(flags >>> 0, 60);
  message.set(VERSION, 64);
  return message;
}

/** NTLMv2_RESPONSE: the proof, then what it is a proof over. */
export function ntlmV2Response(key: Buffer, serverChallenge: Buffer, clientChallenge: Buffer, time: Buffer, attributes: Buffer): Buffer {
  const over = Buffer.concat([Buffer.from([1, 1, 0, 0, 0, 0, 0, 0]), time, clientChallenge, Buffer.alloc(4), attributes, Buffer.alloc(4)]);
  return Buffer.concat([hmacMd5(key, Buffer.concat([serverChallenge, over])), over]);
}

export function lmV2Response(key: Buffer, serverChallenge: Buffer, clientChallenge: Buffer): Buffer {
  return Buffer.concat([hmacMd5(key, Buffer.concat([serverChallenge, clientChallenge])), clientChallenge]);
}

function answerAttributes(challenge: Challenge, targetName: string, withCode: boolean): Challenge['attributes'] {
  if (!withCode) return challenge.attributes;
  const own = new Set<number>([attribute.flags, attribute.channelBindings, attribute.targetName]);
  const flags = challenge.attributes.find(({ id }) => id === attribute.flags)?.value;
  const value = Buffer.alloc(4);
  value.writeUInt32LE((flags?.length === 4 ? flags.readUInt32LE(0) : 0) | 2);
  return [
    ...challenge.attributes.filter(({ id }) => !own.has(id)),
    { id: attribute.flags, value },
    { id: attribute.channelBindings, value: Buffer.alloc(16) },
    { id: attribute.targetName, value: utf16(targetName) },
  ];
}

export function encodeAttributes(attributes: Challenge['attributes']): Buffer {
  const parts = attributes.map(({ id, value }) => {
    const header = Buffer.alloc(4);
    header.writeUInt16LE(id);
    header.writeUInt16LE(value.length, 2);
    return Buffer.concat([header, value]);
  });
  return Buffer.concat([...parts, Buffer.alloc(4)]);
}

function fileTimeBytes(fileTime: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(fileTime);
  return bytes;
}

/** Milliseconds since 1970 as Windows counts. */
export function fileTimeOf(milliseconds: number): bigint {
  return (BigInt(Math.round(milliseconds)) + 11_644_473_600_000n) * 10_000n;
}

export function utf16(text: string): Buffer {
  return Buffer.from(text, 'utf16le');
}

export function hmacMd5(key: Uint8Array, bytes: Uint8Array): Buffer {
  return createHmac('md5', key).update(bytes).digest();
}
