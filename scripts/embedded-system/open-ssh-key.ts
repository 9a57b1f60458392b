import { generateKeyPairSync, randomBytes } from 'node:crypto';

/** A new Ed25519 key pair in OpenSSH's forms: the private key's file and the public key's line. */
export type OpenSshKeyTexts = { readonly privateKey: string; readonly publicKey: string };

/** Makes an Ed25519 key pair, without a passphrase. (ssh2's own generator makes keys that OpenSSH now and then refuses.) */
export function makeEd25519(comment: string): OpenSshKeyTexts {
  const { privateKey } = generateKeyPairSync('ed25519');
  const { d = '', x = '' } = privateKey.export({ format: 'jwk' });
  return formatEd25519(Buffer.from(d, 'base64url'), Buffer.from(x, 'base64url'), comment, randomBytes(4));
}

/**
 * Writes a key pair in the form `openssh-key-v1` (OpenSSH's PROTOCOL.key): cipher and key derivation `none`, the two equal
 * check numbers, and padding 1, 2, 3 … to a multiple of 8 bytes.
 */
export function formatEd25519(seed: Buffer, publicBytes: Buffer, comment: string, checkNumber: Buffer): OpenSshKeyTexts {
  const kind = field(Buffer.from('ssh-ed25519'));
  const publicBlob = Buffer.concat([kind, field(publicBytes)]);
  const secret = Buffer.concat([checkNumber, checkNumber, kind, field(publicBytes), field(Buffer.concat([seed, publicBytes])), field(Buffer.from(comment))]);
  const padding = Buffer.from(Array.from({ length: (8 - (secret.length % 8)) % 8 }, (_, index) => index + 1));
  const none = field(Buffer.from('none'));
  const whole = Buffer.concat([Buffer.from('openssh-key-v1\0'), none, none, field(Buffer.alloc(0)), number(1), field(publicBlob), field(Buffer.concat([secret, padding]))]);
  const lines = whole.toString('base64').match(/.{1,70}/g) ?? [];
  return {
    privateKey: ['-----BEGIN OPENSSH PRIVATE KEY-----', ...lines, '-----END OPENSSH PRIVATE KEY-----', ''].join('\n'),
    publicKey: `ssh-ed25519 ${publicBlob.toString('base64')} ${comment}`,
  };
}

function field(content: Buffer): Buffer {
  return Buffer.concat([number(content.length), content]);
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
