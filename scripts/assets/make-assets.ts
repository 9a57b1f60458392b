import { createHash } from 'node:crypto';
import type { DrawnPicture } from './pixels.ts';
import { bmpFile, icnsFile, ICNS_SIDES, icoFile } from './icon-files.ts';
import { appIcon, diskImageBackground, ICO_SIDES, installerHeader, installerSidebar, LINUX_SIDES, readSource, type SourceParts, TRAY_ICO_SIDES, TRAY_STATES, trayIcon, trayMark } from './drawings.ts';

/** Draws a picture in SVG at its own width and height. */
export type Draw = (svg: string) => Promise<DrawnPicture>;

/** The name of the file that tells from which source the others were drawn. */
export const SOURCE_DIGEST_FILE = 'source/drawn-from.sha256';

/** The digest of a source picture, as it stands in that file. */
export function sourceDigest(svg: string): string {
  return `${createHash('sha256').update(svg.replaceAll('\r\n', '\n')).digest('hex')}\n`;
}

/** Every file below `assets/` that is drawn from the source picture, by its path there. */
export async function makeAssets(svg: string, draw: Draw): Promise<ReadonlyMap<string, Uint8Array>> {
  const parts = readSource(svg);
  const files = new Map<string, Uint8Array>();
  const sides = async (wanted: readonly number[], drawing: (side: number) => string): Promise<DrawnPicture[]> => {
    const drawn: DrawnPicture[] = [];
    for (const side of wanted) drawn.push(await draw(drawing(side)));
    return drawn;
  };
  const icon = (side: number): string => appIcon(parts, side);
  files.set('icon.ico', icoFile(await sides(ICO_SIDES, icon)));
  files.set('icon.icns', icnsFile(await sides(ICNS_SIDES, icon)));
  for (const drawn of await sides(LINUX_SIDES, icon)) files.set(`icons/${drawn.width}x${drawn.width}.png`, drawn.png);
  for (const [name, bytes] of await trayFiles(parts, draw)) files.set(`tray/${name}`, bytes);
  files.set('installer/header.bmp', bmpFile(await draw(installerHeader(parts))));
  files.set('installer/sidebar.bmp', bmpFile(await draw(installerSidebar(parts))));
  files.set('installer/background.png', (await draw(diskImageBackground(parts, 1))).png);
  files.set('installer/background@2x.png', (await draw(diskImageBackground(parts, 2))).png);
  files.set(SOURCE_DIGEST_FILE, Buffer.from(sourceDigest(svg)));
  return files;
}

/**
 * The tray's icons: `tray*.ico` for Windows; `tray*Template.png` for macOS, which paints a picture of that name itself;
 * `tray*-light.png` and `tray*-dark.png` for panels of Linux, by the colour of the panel.
 */
async function trayFiles(parts: SourceParts, draw: Draw): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const state of TRAY_STATES) {
    const attention = state !== '';
    const drawn: DrawnPicture[] = [];
    for (const side of TRAY_ICO_SIDES) drawn.push(await draw(trayIcon(parts, side, attention)));
    files.set(`tray${state}.ico`, icoFile(drawn));
    for (const [suffix, scale] of [['', 1], ['@2x', 2], ['@3x', 3]] as const) {
      files.set(`tray${state}Template${suffix}.png`, (await draw(trayMark(parts, 18 * scale, '#000000', attention))).png);
    }
    for (const [panel, colour] of [['light', '#1f2937'], ['dark', '#ffffff']] as const) {
      for (const [suffix, scale] of [['', 1], ['@2x', 2]] as const) files.set(`tray${state}-${panel}${suffix}.png`, (await draw(trayMark(parts, 24 * scale, colour, attention))).png);
    }
  }
  return files;
}
