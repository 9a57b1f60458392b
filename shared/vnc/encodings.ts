/** Encodings of RFB (RFC 6143 section 7.7, and the registry of the RFB protocol) by name. */
export const encoding = {
  raw: 0,
  copyRect: 1,
  rre: 2,
  hextile: 5,
  zlib: 6,
  tight: 7,
  zrle: 16,
  desktopSize: -223,
  lastRect: -224,
  cursor: -239,
  extendedKey: -258,
  ledState: -261,
  desktopName: -307,
  extendedDesktopSize: -308,
  fence: -312,
  continuousUpdates: -313,
  vmwareCursor: 0x574d_5664,
  extendedClipboard: -1_063_131_698,
} as const;

/**
 * The one pixel format of sessions: 32 bits, little endian, red in the lowest byte. The client's engine and the player read it
 * without conversion; a recording plays only because everybody keeps to it.
 */
export const pixelFormat: Uint8Array = Uint8Array.of(32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 0, 8, 16);
export const BYTES_PER_PIXEL = 4;
/** A pixel of Tight and of ZRLE in this format: without the unused byte. */
export const BYTES_PER_COMPACT_PIXEL = 3;
