import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';

const anyHost = 0xffff;
const secretBytes = 16;

/**
 * Writes an Xauthority file (Xau(3)) with a new secret, for whatever display: its X server lets in who knows it, and that is
 * the account alone. Without one every account of the machine may type into the display's programs.
 */
export function writeXAuthority(file: string): void {
  const parts = ['', '', 'MIT-MAGIC-COOKIE-1'].map((text) => counted(Buffer.from(text, 'latin1')));
  writeFileSync(file, Buffer.concat([twoBytes(anyHost), ...parts, counted(randomBytes(secretBytes))]), { mode: 0o600 });
}

function counted(bytes: Buffer): Buffer {
  return Buffer.concat([twoBytes(bytes.length), bytes]);
}

function twoBytes(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}
