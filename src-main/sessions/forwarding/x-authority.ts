import { isIP, isIPv4 } from 'node:net';

/** The one way of proving to an X server that is known here; its secret is 16 bytes. */
export const COOKIE_KIND = 'MIT-MAGIC-COOKIE-1';

/** Families of addresses in an Xauthority file (Xauth.h). */
const FAMILY = { internet: 0, internet6: 6, local: 256, wild: 0xffff } as const;

interface Entry {
  readonly family: number;
  readonly address: Buffer;
  readonly display: string;
  readonly kind: string;
  readonly secret: Buffer;
}

/** The secret for a display from the bytes of an Xauthority file (Xau(3)), or undefined. What is cut short at the end is passed over. */
export function cookieFor(file: Buffer, display: { readonly host: string; readonly number: number }, ownHostName: string): Buffer | undefined {
  return entriesOf(file).find((entry) => entry.kind === COOKIE_KIND && (entry.display === '' || entry.display === String(display.number)) && isFor(entry, display.host, ownHostName))?.secret;
}

function isFor({ family, address }: Entry, host: string, ownHostName: string): boolean {
  if (family === FAMILY.wild) return true;
  const local = host === '' || host === 'localhost' || host.startsWith('127.') || host === '::1';
  // libXau takes a loopback address for this machine's own name.
  if (family === FAMILY.local) return local && address.toString('latin1') === ownHostName;
  if (family === FAMILY.internet) return isIPv4(host) && address.equals(Buffer.from(host.split('.').map(Number)));
  return family === FAMILY.internet6 && isIP(host) === 6 && address.length === 16 && sameAddress(address, host);
}

function sameAddress(address: Buffer, host: string): boolean {
  const groups = Array.from({ length: 8 }, (_, index) => address.readUInt16BE(index * 2).toString(16)).join(':');
  return new URL(`http://[${groups}]`).hostname === new URL(`http://[${host}]`).hostname;
}

function entriesOf(file: Buffer): Entry[] {
  const entries: Entry[] = [];
  let at = 0;
  const counted = (): Buffer | undefined => {
    if (at + 2 > file.length) return undefined;
    const length = file.readUInt16BE(at);
    const bytes = file.subarray(at + 2, at + 2 + length);
    at += 2 + length;
    return bytes.length === length ? bytes : undefined;
  };
  while (at + 2 <= file.length) {
    const family = file.readUInt16BE(at);
    at += 2;
    const [address, display, kind, secret] = [counted(), counted(), counted(), counted()];
    if (address === undefined || display === undefined || kind === undefined || secret === undefined) break;
    entries.push({ family, address, display: display.toString('latin1'), kind: kind.toString('latin1'), secret });
  }
  return entries;
}
