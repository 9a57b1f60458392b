/** An address as people write it: an IPv4 address that came over an IPv6 socket without its prefix, and none with a zone. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
}

/** Whom an address stands for where attempts are counted: an IPv4 address, or the /64 of an IPv6 one, which one customer has whole. Anything else stands for itself. */
export function addressGroup(address: string): string {
  const plain = plainAddress(address);
  if (!/^[0-9a-f.:]*:[0-9a-f.:]*$/i.test(plain)) return plain;
  const [head = '', tail] = plain.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const filled = [...before, ...Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => '0'), ...after];
  return filled.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16)).join(':');
}
