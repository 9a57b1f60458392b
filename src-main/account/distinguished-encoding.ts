/**
 * The few forms of DER (ITU-T X.690) that a self-signed certificate is written with: tag, length in the least bytes, content.
 * Writing only; nothing here reads what others sent.
 */
export function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts);
  return Buffer.concat([Uint8Array.from([tag, ...lengthBytes(content.length)]), content]);
}

export const derTag = { integer: 0x02, bitString: 0x03, objectIdentifier: 0x06, utf8String: 0x0c, sequence: 0x30, set: 0x31, generalizedTime: 0x18, version: 0xa0 } as const;

function lengthBytes(length: number): number[] {
  if (length < 0x80) return [length];
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return [0x80 | bytes.length, ...bytes];
}

/** `YYYYMMDDHHMMSSZ` (RFC 5280, 4.1.2.5.2). */
export function generalizedTime(at: Date): Uint8Array {
  return der(derTag.generalizedTime, Buffer.from(at.toISOString().replaceAll(/[-:T]|\.\d+/g, ''), 'latin1'));
}

export function sequence(...parts: readonly Uint8Array[]): Uint8Array {
  return der(derTag.sequence, ...parts);
}

/** A bit string of whole bytes. */
export function bitString(bytes: Uint8Array): Uint8Array {
  return der(derTag.bitString, Uint8Array.from([0]), bytes);
}
