import { expect, test } from 'vitest';
import { placeOf } from '../../../src-main/network/place-of.ts';

test.each([
  ['https://mavis.example', { host: 'mavis.example', port: 443 }],
  ['https://mavis.example:443/feed/', { host: 'mavis.example', port: 443 }],
  ['https://mavis.example:8443', { host: 'mavis.example', port: 8443 }],
  ['https://[2001:db8::1]:7990/a', { host: '2001:db8::1', port: 7990 }],
  ['https://192.0.2.1', { host: '192.0.2.1', port: 443 }],
])('the place of %s, as text and as URL', (address, place) => {
  expect([placeOf(address), placeOf(new URL(address))]).toEqual([place, place]);
});
