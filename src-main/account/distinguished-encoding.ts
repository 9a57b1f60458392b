import { der, derTag } from '../../shared/der/der.ts';

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
