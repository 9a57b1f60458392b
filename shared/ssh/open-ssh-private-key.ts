/** Rounds of bcrypt by which a passphrase may be stretched: `ssh-keygen -a` has 16 or 24 unless told otherwise, and 256 take some seconds of a processor. */
export const MAX_BCRYPT_ROUNDS = 256;

/** PROTOCOL.key of OpenSSH: `openssh-key-v1` and a zero. */
const MAGIC = Uint8Array.from([...'openssh-key-v1\0'].map((letter) => letter.charCodeAt(0)));
/** Of a key in clear: what is private is filled up to a multiple of this. */
const BLOCK_BYTES = 8;
const ED25519 = 'ssh-ed25519';

/** The base64 between the first and last line of an OpenSSH private key; undefined for keys of other forms. */
export function openSshKeyBody(text: string): string | undefined {
  return /-----BEGIN OPENSSH PRIVATE KEY-----([^-]*)-----END OPENSSH PRIVATE KEY-----/.exec(text)?.[1];
}

/** By how many rounds of bcrypt a key's passphrase is stretched, from its body; 0 for a key without a passphrase, and for what cannot be read. */
export function bcryptRounds(body: Uint8Array): number {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  let at = MAGIC.length;
  const field = (): { readonly from: number; readonly to: number } => {
    const from = at + 4;
    const to = from + view.getUint32(at);
    if (to > body.length) throw new RangeError('cut off');
    at = to;
    return { from, to };
  };
  try {
    if (MAGIC.some((byte, place) => body[place] !== byte)) return 0;
    field();
    const kdf = field();
    const options = field();
    if (kdf.to - kdf.from !== 'bcrypt'.length) return 0;
    at = options.from;
    field();
    return at + 4 <= options.to ? view.getUint32(at) : 0;
  } catch (error) {
    if (error instanceof RangeError) return 0;
    throw error;
  }
}

/** The body of an OpenSSH key file that holds an Ed25519 key in clear, of its public key and seed of 32 bytes each. */
export function ed25519KeyBody(publicKey: Uint8Array, seed: Uint8Array): Uint8Array {
  const text = (letters: string): Uint8Array => string(Uint8Array.from([...letters].map((letter) => letter.charCodeAt(0))));
  const open = concat([text(ED25519), string(publicKey)]);
  // Two numbers that are the same where a passphrase was the right one; without one they prove nothing.
  const secret = concat([new Uint8Array(8), open, string(concat([seed, publicKey])), text('')]);
  const filled = concat([secret, Uint8Array.from({ length: (BLOCK_BYTES - (secret.length % BLOCK_BYTES)) % BLOCK_BYTES }, (_, place) => place + 1)]);
  return concat([MAGIC, text('none'), text('none'), text(''), uint32(1), string(open), string(filled)]);
}

function string(bytes: Uint8Array): Uint8Array {
  return concat([uint32(bytes.length), bytes]);
}

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
