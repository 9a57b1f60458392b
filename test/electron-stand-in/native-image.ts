import { readFileSync } from 'node:fs';
import { asElectron, guarded, notInStandIn } from './covered.ts';

const PNG_SIGNATURE = '89504e470d0a1a0a';

/** An image by its encoded bytes; sizes are read from PNG only, pixels are not decoded. */
export function makeImage(bytes: Buffer): Electron.NativeImage {
  const isPng = bytes.subarray(0, 8).toString('hex') === PNG_SIGNATURE;
  const getSize = (): Electron.Size => {
    if (bytes.length === 0) return { width: 0, height: 0 };
    if (!isPng) throw notInStandIn('nativeImage.getSize of anything but PNG');
    return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
  };
  const image = {
    isEmpty: (): boolean => bytes.length === 0,
    getSize,
    getAspectRatio: () => getSize().width / (getSize().height || 1),
    toPNG(): Buffer {
      if (bytes.length > 0 && !isPng) throw notInStandIn('nativeImage.toPNG of anything but PNG');
      return bytes;
    },
    toDataURL: (): string => `data:image/png;base64,${image.toPNG().toString('base64')}`,
    getScaleFactors: () => [1],
    isTemplateImage: () => false,
    setTemplateImage: () => undefined,
    /** Gives the same image: nothing here shows icons. */
    resize: (): Electron.NativeImage => makeImage(bytes),
  } satisfies Partial<Electron.NativeImage>;
  return asElectron(guarded('NativeImage', image));
}

/** Electron's `nativeImage`. A file that cannot be read gives an empty image, as in Electron. */
export const nativeImage = guarded('nativeImage', {
  createEmpty: () => makeImage(Buffer.alloc(0)),
  createFromBuffer: (buffer: Buffer) => makeImage(Buffer.from(buffer)),
  createFromDataURL: (dataUrl: string) => makeImage(Buffer.from(dataUrl.slice(dataUrl.indexOf(',') + 1), 'base64')),
  createFromPath(file: string): Electron.NativeImage {
    try {
      return makeImage(readFileSync(file));
    } catch {
      return makeImage(Buffer.alloc(0));
    }
  },
} satisfies Pick<typeof Electron.NativeImage, 'createEmpty' | 'createFromBuffer' | 'createFromDataURL' | 'createFromPath'>);
