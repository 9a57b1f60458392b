import { createPrivateKey } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import ssh2 from 'ssh2';
import { z } from 'zod';
import { ed25519KeyBody } from '../../shared/ssh/open-ssh-private-key.ts';

/** What the thread is started with. */
const locked = z.object({ privateKey: z.string(), passphrase: z.string() });
const ed25519 = z.object({ d: z.base64url(), x: z.base64url() });

/** The key file's text without a passphrase; null where it cannot be opened so. What was wrong is not told: a parser's message may quote the key. */
function openedText({ privateKey, passphrase }: z.infer<typeof locked>): string | null {
  const parsed = ssh2.utils.parseKey(privateKey, passphrase);
  const key = Array.isArray(parsed) ? parsed[0] : parsed;
  if (key === undefined || key instanceof Error || !key.isPrivateKey()) return null;
  const text = key.type === 'ssh-ed25519' ? ed25519Text(key.getPrivatePEM()) : key.getPrivatePEM();
  const again = ssh2.utils.parseKey(text);
  return !(again instanceof Error) && again.isPrivateKey() && again.getPublicSSH().equals(key.getPublicSSH()) ? text : null;
}

/** ssh2 gives an Ed25519 key as PKCS #8, which it does not read. */
function ed25519Text(pem: string): string {
  const { d, x } = ed25519.parse(createPrivateKey(pem).export({ format: 'jwk' }));
  const body = Buffer.from(ed25519KeyBody(Buffer.from(x, 'base64url'), Buffer.from(d, 'base64url'))).toString('base64');
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${body.replaceAll(/.{70}/g, '$&\n').trimEnd()}\n-----END OPENSSH PRIVATE KEY-----\n`;
}

/** A parser may throw at what a hostile file holds: such a key cannot be opened, and is no fault of the thread. */
function openedOrNull(given: z.infer<typeof locked>): string | null {
  try {
    return openedText(given);
  } catch {
    return null;
  }
}

parentPort?.postMessage(openedOrNull(locked.parse(workerData)));
