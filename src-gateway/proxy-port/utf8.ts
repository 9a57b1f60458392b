const strict = { fatal: true } as const;

/** UTF-8 bytes as text; throws TypeError for bytes that are none. */
export function decodeUtf8(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', strict).decode(bytes);
}

/** Text as UTF-8 bytes. */
export function encodeUtf8(text: string): Uint8Array {
  return Buffer.from(text, 'utf8');
}
