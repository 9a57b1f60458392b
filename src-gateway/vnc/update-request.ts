import type { DesktopSize } from '../../shared/vnc/desktop-size.ts';

const message = { updateRequest: 3, continuousUpdates: 150 } as const;

/** A request for a picture of the whole desktop (RFC 6143 section 7.5.3): all of it, or what has changed. */
export function updateRequest(size: DesktopSize, { incremental }: { readonly incremental: boolean }): Buffer {
  return wholeDesktop(message.updateRequest, incremental, size);
}

/** Has a server send pictures of the whole desktop as they come, or no more (the RFB registry's EnableContinuousUpdates). */
export function continuousUpdates(size: DesktopSize, { on }: { readonly on: boolean }): Buffer {
  return wholeDesktop(message.continuousUpdates, on, size);
}

function wholeDesktop(kind: number, flag: boolean, { width, height }: DesktopSize): Buffer {
  const bytes = Buffer.alloc(10);
  bytes.writeUInt8(kind, 0);
  bytes.writeUInt8(flag ? 1 : 0, 1);
  bytes.writeUInt16BE(width, 6);
  bytes.writeUInt16BE(height, 8);
  return bytes;
}
