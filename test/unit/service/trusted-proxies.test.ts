import fc from 'fast-check';
import { expect, test } from 'vitest';
import { trustedProxies } from '../../../src-service/http/trusted-proxies.ts';

test.each([
  [['10.0.0.1'], '10.0.0.1', true], [['10.0.0.1'], '::ffff:10.0.0.1', true], [['10.0.0.1'], '10.0.0.2', false],
  [['10.0.0.0/24'], '10.0.0.255', true], [['10.0.0.0/24'], '::ffff:10.0.0.255', true], [['10.0.0.0/24'], '10.0.1.0', false], [['10.0.0.0/255.255.255.0'], '10.0.0.9', true], [['10.0.0.0/255.255.255.0'], '10.0.1.9', false],
  [['2001:db8::/32'], '2001:db8:1::1', true], [['2001:db8::/32'], '2001:db9::1', false], [['loopback'], '::1', true], [['loopback'], '127.1.2.3', true], [['uniquelocal'], '192.168.1.1', true], [['linklocal'], 'fe80::1', true], [['linklocal'], 'fe80::1%eth0', true], [['10.0.0.0/8'], 'fe80::1%eth0', false],
  [[], '127.0.0.1', false], [['proxy.example'], '10.0.0.1', false], [['10.0.0.0/8'], '', false],
] as const)('B5: of the proxies %j, %s is one: %j', (configured, address, trusted) => {
  expect(trustedProxies(configured)(address)).toBe(trusted);
});

test('whatever a peer’s address is said to be, it is judged and not thrown at', () => {
  const isTrusted = trustedProxies(['10.0.0.0/8', 'loopback']);
  fc.assert(fc.property(fc.oneof(fc.string(), fc.ipV4(), fc.ipV6()), (address) => void expect(isTrusted(address)).toBeTypeOf('boolean')));
});
