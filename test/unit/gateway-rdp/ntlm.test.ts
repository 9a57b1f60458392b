import { expect, test } from 'vitest';
import { md4 } from '../../../src-gateway/rdp/sign-on/md4.ts';
import { authenticateMessage, encodeAttributes, hmacMd5, lmV2Response, negotiateMessage, ntlmV2Key, ntlmV2Response, readChallenge, utf16 } from '../../../src-gateway/rdp/sign-on/ntlm-messages.ts';
import { NtlmSealing } from '../../../src-gateway/rdp/sign-on/ntlm-sealing.ts';
import { Rc4 } from '../../../src-gateway/rdp/sign-on/rc4.ts';
import { RdpFormatError } from '../../../shared/rdp/rdp-format-error.ts';

test.each([
  ['', '31d6cfe0d16ae931b73c59d7e0c089c0'],
  ['a', 'bde52cb31de33e46245e05fbdbd6fb24'],
  ['abc', 'a448017aaf21d8525fc10ae87aa6729d'],
  ['message digest', 'd9130a8164549fe818874806e1c7014b'],
  ['abcdefghijklmnopqrstuvwxyz', 'd79e1c308aa5bbcdeea8ed63df412da9'],
  ['12345678901234567890123456789012345678901234567890123456789012345678901234567890', 'e33b4ddc9c38f2199c3e7b164fcc0536'],
])('MD4 of "%s" is as RFC 1320 says', (text, digest) => {
  expect(md4(Buffer.from(text)).toString('hex')).toBe(digest);
});

test.each([
  ['Key', 'Plaintext', 'bbf316e8d940af0ad3'],
  ['Wiki', 'pedia', '1021bf0420'],
  ['Secret', 'Attack at dawn', '45a01f645fc35b383552544b9bf5'],
])('RC4 under "%s" is as published', (key, text, sealed) => {
  expect(new Rc4(Buffer.from(key)).take(Buffer.from(text)).toString('hex')).toBe(sealed);
});

/** MS-NLMP 4.2.1 and 4.2.4. */
const account = { domain: 'Domain', userName: 'User', password: 'Password' };
const serverChallenge = Buffer.from('0123456789abcdef', 'hex');
const clientChallenge = Buffer.alloc(8, 0xaa);
const sessionKey = Buffer.alloc(16, 0x55);
const attributes = encodeAttributes([
  { id: 2, value: utf16('Domain') },
  { id: 1, value: utf16('Server') },
]);

test('NTLMv2 computes the values of MS-NLMP 4.2.4', () => {
  const key = ntlmV2Key(account);
  expect(key.toString('hex')).toBe('0c868a403bfd7a93a3001ef22ef02e3f');
  const response = ntlmV2Response(key, serverChallenge, clientChallenge, Buffer.alloc(8), attributes);
  expect(response.toString('hex', 0, 16)).toBe('68cd0ab851e51c96aabc927bebef6a1c');
  expect(lmV2Response(key, serverChallenge, clientChallenge).toString('hex')).toBe('86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa');
  const exchangeKey = hmacMd5(key, response.subarray(0, 16));
  expect(exchangeKey.toString('hex')).toBe('8de40ccadbc14a82f15cb0ad0de95ca3');
  expect(new Rc4(exchangeKey).take(sessionKey).toString('hex')).toBe('c5dad2544fc9799094ce1ce90bc9d03e');
});

test('sealing gives what MS-NLMP 4.2.4.4 shows', () => {
  expect(new NtlmSealing(sessionKey).seal(utf16('Plaintext')).toString('hex')).toBe('010000007fb38ec5c55d49760000000054e50165bf1936dc996020c1811b0f06fb5f');
});

test('the answer to the challenge of MS-NLMP 4.2.4.3 holds its responses and its encrypted session key', () => {
  const challenge = Buffer.from(
    '4e544c4d53535000020000000c000c003800000033828ae20123456789abcdef00000000000000002400240044000000060070170000000f53006500720076006500720002000c0044006f006d00610069006e0001000c0053006500720076006500720000000000',
    'hex',
  );
  const message = authenticateMessage({ challenge: readChallenge(challenge), negotiate: negotiateMessage(), account, clientChallenge, sessionKey, targetName: 'TERMSRV/x', fileTime: 0n, rc4: (key, bytes) => new Rc4(key).take(bytes) });
  const field = (at: number): string => message.toString('hex', message.readUInt32LE(at + 4), message.readUInt32LE(at + 4) + message.readUInt16LE(at));
  expect(field(12)).toBe('86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa');
  expect(field(20).slice(0, 32)).toBe('68cd0ab851e51c96aabc927bebef6a1c');
  expect(field(52)).toBe('c5dad2544fc9799094ce1ce90bc9d03e');
});

test.each([
  ['cut off', (bytes: Buffer) => bytes.subarray(0, 40)],
  ['of another kind', (bytes: Buffer) => bytes.fill(3, 8, 9)],
  ['without sealing', (bytes: Buffer) => bytes.fill(0, 20, 24)],
  ['with target information beyond its end', (bytes: Buffer) => bytes.fill(0xff, 40, 42)],
  ['with target information that is not closed', (bytes: Buffer) => bytes.fill(0xee, bytes.length - 4)],
])('a challenge %s is refused', (_what, change) => {
  const challenge = Buffer.concat([Buffer.from('4e544c4d53535000020000000c000c003800000033828ae20123456789abcdef00000000000000000400040044000000060070170000000f530065007200760065007200', 'hex'), Buffer.alloc(4)]);
  expect(() => readChallenge(Buffer.from(challenge))).not.toThrow();
  expect(() => readChallenge(change(Buffer.from(challenge)))).toThrow(RdpFormatError);
});

test('a seal that was changed is not opened', () => {
  const sealed = new NtlmSealing(sessionKey).seal(Buffer.from('x'));
  expect(() => new NtlmSealing(sessionKey).open(sealed)).toThrow(RdpFormatError);
  expect(() => new NtlmSealing(sessionKey).open(Buffer.alloc(15))).toThrow(RdpFormatError);
});
