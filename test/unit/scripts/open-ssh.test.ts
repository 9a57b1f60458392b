import { expect, test } from 'vitest';
import { formatEd25519 } from '../../../scripts/embedded-system/open-ssh-key.ts';
import { needsPam, openSshConfiguration } from '../../../scripts/embedded-system/open-ssh.ts';
import { fingerprintOf } from '../../../scripts/embedded-system/ssh-keys.ts';
import ssh2 from 'ssh2';

const settings = { port: 2222, hostKeyFiles: ['/f/host'], authorizedKeysFile: '/f/keys', account: 'me' };

test('the configuration listens on loopback only, for one account, with its keys only', () => {
  const lines = openSshConfiguration(settings).split('\n');
  expect(lines).toEqual(expect.arrayContaining(['ListenAddress 127.0.0.1', 'AllowUsers me', 'PasswordAuthentication no', 'KbdInteractiveAuthentication no', 'PermitRootLogin no', 'AllowTcpForwarding no', 'AuthorizedKeysFile "/f/keys"']));
});

test('root signs on by key only', () => {
  expect(openSshConfiguration({ ...settings, account: 'root' })).toContain('PermitRootLogin prohibit-password');
});

test('further lines come first, because OpenSSH takes the first', () => {
  expect(openSshConfiguration({ ...settings, extraLines: ['UseDNS yes'] }).startsWith('UseDNS yes\n')).toBe(true);
});

test.each([
  ['root:*:19000::', false],
  ['root:!:19000::', true],
  ['root:!*:19000::', true],
  ['root:$y$j9T$x:19000::', false],
  ['', false],
])('an account whose shadow line is "%s" needs PAM: %s', (line, expected) => {
  expect(needsPam('root', `daemon:*:1\n${line}\n`)).toBe(expected);
});

test('a key pair that was formatted is read as the same key, whatever its comment is long', () => {
  const seed = Buffer.alloc(32, 7);
  const publicBytes = Buffer.from('ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c', 'hex');
  for (const comment of ['', 'a', 'ab', 'abc', 'abcd', 'abcde', 'abcdef', 'abcdefg']) {
    const { privateKey, publicKey } = formatEd25519(seed, publicBytes, comment, Buffer.from([1, 2, 3, 4]));
    const parsed = ssh2.utils.parseKey(privateKey);
    if (parsed instanceof Error) throw parsed;
    expect(`ssh-ed25519 ${parsed.getPublicSSH().toString('base64')} ${comment}`).toBe(publicKey);
    expect(parsed.verify('text', parsed.sign('text'))).toBe(true);
  }
});

test('a fingerprint is written as ssh-keygen writes it', () => {
  expect(fingerprintOf('ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOpKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs me')).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
});
