import { isIPv4, isIPv6 } from 'node:net';

/** What an address is, where it is not an ordinary one (rule 13). */
export type SpecialAddress = 'unspecified' | 'loopback' | 'mapped' | 'link-local' | 'metadata' | 'multicast' | 'reserved';

type Range = readonly [prefix: readonly number[], bits: number, kind: SpecialAddress];

/** Narrow ranges before the wide ones that hold them. */
const IPV4_RANGES: readonly Range[] = [
  [[0, 0, 0, 0], 8, 'unspecified'],
  [[127, 0, 0, 0], 8, 'loopback'],
  // Metadata services of cloud providers: whoever reaches one holds the machine's own rights.
  [[169, 254, 169, 254], 32, 'metadata'],
  [[169, 254, 170, 2], 32, 'metadata'],
  [[100, 100, 100, 200], 32, 'metadata'],
  [[192, 0, 0, 192], 32, 'metadata'],
  [[169, 254, 0, 0], 16, 'link-local'],
  [[224, 0, 0, 0], 4, 'multicast'],
  [[240, 0, 0, 0], 4, 'reserved'],
];

const IPV6_RANGES: readonly Range[] = [
  [bytesOf([0, 0, 0, 0, 0, 0, 0, 0]), 128, 'unspecified'],
  [bytesOf([0, 0, 0, 0, 0, 0, 0, 1]), 128, 'loopback'],
  // IPv4 in IPv6's clothes, mapped and (obsolete) compatible: never needed, since the IPv4 address itself can be named.
  [bytesOf([0, 0, 0, 0, 0, 0xffff, 0, 0]), 96, 'mapped'],
  [bytesOf([0, 0, 0, 0, 0, 0, 0, 0]), 96, 'mapped'],
  [bytesOf([0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x254]), 128, 'metadata'],
  [bytesOf([0xfd20, 0x00ce, 0, 0, 0, 0, 0, 0x254]), 128, 'metadata'],
  [bytesOf([0xfe80, 0, 0, 0, 0, 0, 0, 0]), 10, 'link-local'],
  [bytesOf([0xfec0, 0, 0, 0, 0, 0, 0, 0]), 10, 'reserved'],
  [bytesOf([0xff00, 0, 0, 0, 0, 0, 0, 0]), 8, 'multicast'],
];

/** Ways in which IPv6 carries an IPv4 address that a translator dials: the prefix and where the four bytes stand. */
const TRANSLATED: readonly { readonly prefix: readonly number[]; readonly bits: number; readonly at: number }[] = [
  { prefix: bytesOf([0x0064, 0xff9b, 0, 0, 0, 0, 0, 0]), bits: 96, at: 12 },
  { prefix: bytesOf([0x0064, 0xff9b, 1, 0, 0, 0, 0, 0]), bits: 48, at: 12 },
  { prefix: bytesOf([0x2002, 0, 0, 0, 0, 0, 0, 0]), bits: 16, at: 2 },
];

/** ... and those that the machine itself takes for an IPv4 address. */
const CARRIERS = [{ prefix: bytesOf([0, 0, 0, 0, 0, 0xffff, 0, 0]), bits: 96, at: 12 }, ...TRANSLATED];

/** What is special about an address, or null for an ordinary one. Throws RangeError for a text that is no address. */
export function specialAddressKind(address: string): SpecialAddress | null {
  const bytes = addressBytes(address);
  const table = bytes.length === 4 ? IPV4_RANGES : IPV6_RANGES;
  const kind = table.find(([prefix, bits]) => hasPrefix(bytes, prefix, bits))?.[2];
  if (kind !== undefined) return kind;
  if (bytes.length === 4) return null;
  const translated = TRANSLATED.find(({ prefix, bits }) => hasPrefix(bytes, prefix, bits));
  return translated === undefined ? null : specialAddressKind(bytes.slice(translated.at, translated.at + 4).join('.'));
}

/** Whether two texts are the same address: spelling, zone and a form of IPv4 in IPv6 do not matter. */
export function sameAddress(one: string, other: string): boolean {
  return comparable(one) === comparable(other);
}

/** An address in the one form in which equal addresses are equal texts. Throws RangeError for a text that is no address. */
export function comparable(address: string): string {
  return (carriedBytes(address) ?? addressBytes(address)).join('.');
}

/** The IPv4 address that an IPv6 form carries, and that is reached by it; any other address as it is. Throws RangeError for a text that is no address. */
export function carriedAddress(address: string): string {
  return carriedBytes(address)?.join('.') ?? address;
}

function carriedBytes(address: string): readonly number[] | undefined {
  const bytes = addressBytes(address);
  const carrier = bytes.length === 4 ? undefined : CARRIERS.find(({ prefix, bits }) => hasPrefix(bytes, prefix, bits));
  return carrier === undefined ? undefined : bytes.slice(carrier.at, carrier.at + 4);
}

/** The address as 4 or 16 numbers. */
function addressBytes(address: string): readonly number[] {
  if (isIPv4(address)) return address.split('.').map(Number);
  const plain = address.split('%')[0] ?? '';
  if (!isIPv6(plain)) throw new RangeError('not an address');
  const [head = '', tail] = plain.split('::');
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const filled = [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after];
  return bytesOf(filled);
}

function groups(part: string): number[] {
  if (part === '') return [];
  return part.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const [first = 0, second = 0, third = 0, fourth = 0] = group.split('.').map(Number);
    return [first * 256 + second, third * 256 + fourth];
  });
}

function bytesOf(sixteenBitGroups: readonly number[]): readonly number[] {
  return sixteenBitGroups.flatMap((group) => [group >> 8, group & 0xff]);
}

function hasPrefix(bytes: readonly number[], prefix: readonly number[], bits: number): boolean {
  for (let at = 0; at * 8 < bits; at += 1) {
    const mask = bits - at * 8 >= 8 ? 0xff : (0xff << (8 - (bits - at * 8))) & 0xff;
    if (((bytes[at] ?? 0) & mask) !== ((prefix[at] ?? 0) & mask)) return false;
  }
  return true;
}
