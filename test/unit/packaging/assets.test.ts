import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeAssets, SOURCE_DIGEST_FILE, sourceDigest } from '../../../scripts/assets/make-assets.ts';

const assets = resolve(import.meta.dirname, '../../../assets');
const read = (...path: string[]): Buffer => readFileSync(join(assets, ...path));
const source = read('source', 'mavis.svg').toString();
const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** Width and height of a PNG, from its header. */
function pngSize(bytes: Buffer): string {
  expect(bytes.subarray(0, 8)).toEqual(PNG);
  return `${bytes.readUInt32BE(16)}x${bytes.readUInt32BE(20)}`;
}

/** The pictures in an icon of Windows: what its directory says of each, and what the picture itself says. */
function icoPictures(bytes: Buffer): { told: string; is: string }[] {
  expect([bytes.readUInt16LE(0), bytes.readUInt16LE(2)]).toEqual([0, 1]);
  return Array.from({ length: bytes.readUInt16LE(4) }, (_, place) => {
    const at = 6 + place * 16;
    const start = bytes.readUInt32LE(at + 12);
    return { told: `${bytes[at] || 256}x${bytes[at + 1] || 256}`, is: pngSize(bytes.subarray(start, start + bytes.readUInt32LE(at + 8))) };
  });
}

/** The elements of an icon of macOS, up to its very end. */
function icnsElements(bytes: Buffer): Map<string, string> {
  expect(bytes.toString('latin1', 0, 4)).toBe('icns');
  expect(bytes.readUInt32BE(4)).toBe(bytes.length);
  const found = new Map<string, string>();
  for (let at = 8; at < bytes.length; at += bytes.readUInt32BE(at + 4)) found.set(bytes.toString('latin1', at, at + 4), pngSize(bytes.subarray(at + 8, at + bytes.readUInt32BE(at + 4))));
  return found;
}

/** Width, height and bits a pixel of a bitmap. */
function bmpSize(bytes: Buffer): string {
  expect(bytes.toString('latin1', 0, 2)).toBe('BM');
  expect(bytes.readUInt32LE(2)).toBe(bytes.length);
  return `${bytes.readInt32LE(18)}x${bytes.readInt32LE(22)}, ${bytes.readUInt16LE(28)} bits`;
}

describe('the icons in assets/', () => {
  test('were drawn from the source picture that lies there now', () => {
    expect(read(...SOURCE_DIGEST_FILE.split('/')).toString()).toBe(sourceDigest(source));
  });

  test('are all that the script draws, and nothing else but the source and the demo’s inventory', async () => {
    const drawn = await makeAssets(source, async (svg) => {
      const [, width = '0', height = '0'] = /width="(\d+)" height="(\d+)"/.exec(svg) ?? [];
      return { width: Number(width), height: Number(height), pixels: new Uint8Array(Number(width) * Number(height) * 4), png: PNG };
    });
    const there = readdirSync(assets, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(assets.length + 1).replaceAll('\\', '/'));
    expect(there.toSorted()).toEqual([...drawn.keys(), 'demo-inventory.json', 'source/mavis.svg'].toSorted());
  });

  test('Windows: every size from 16 to 256, each as large as the directory tells', () => {
    const pictures = icoPictures(read('icon.ico'));
    expect(pictures.map(({ is }) => is)).toEqual([16, 20, 24, 32, 40, 48, 64, 128, 256].map((side) => `${side}x${side}`));
    for (const { told, is } of pictures) expect(told).toBe(is);
  });

  test('macOS: every size from 16 to 512, and each doubled', () => {
    const sides = { icp4: 16, icp5: 32, ic07: 128, ic08: 256, ic09: 512, ic11: 32, ic12: 64, ic13: 256, ic14: 512, ic10: 1024 };
    expect(Object.fromEntries(icnsElements(read('icon.icns')))).toEqual(Object.fromEntries(Object.entries(sides).map(([type, side]) => [type, `${side}x${side}`])));
  });

  test('Linux: the sizes of the hicolor theme', () => {
    for (const side of [16, 24, 32, 48, 64, 96, 128, 256, 512, 1024]) expect(pngSize(read('icons', `${side}x${side}.png`))).toBe(`${side}x${side}`);
  });

  test.each(['', '-attention'])('the tray: tray%s for the three systems and both colours of panel', (state) => {
    expect(icoPictures(read('tray', `tray${state}.ico`)).map(({ is }) => is)).toEqual([16, 20, 24, 32, 48].map((side) => `${side}x${side}`));
    expect(['', '@2x', '@3x'].map((suffix) => pngSize(read('tray', `tray${state}Template${suffix}.png`)))).toEqual(['18x18', '36x36', '54x54']);
    for (const panel of ['light', 'dark']) expect(['', '@2x'].map((suffix) => pngSize(read('tray', `tray${state}-${panel}${suffix}.png`)))).toEqual(['24x24', '48x48']);
  });

  test('the installers’ art: the sizes that NSIS and the disk image want', () => {
    expect(bmpSize(read('installer', 'header.bmp'))).toBe('150x57, 24 bits');
    expect(bmpSize(read('installer', 'sidebar.bmp'))).toBe('164x314, 24 bits');
    expect([pngSize(read('installer', 'background.png')), pngSize(read('installer', 'background@2x.png'))]).toEqual(['540x380', '1080x760']);
  });
});
