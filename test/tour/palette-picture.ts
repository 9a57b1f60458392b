import { deflateSync } from 'node:zlib';
import { pngFile } from '../../scripts/set-up/xwd-picture.ts';

/** What one byte a pixel can name. */
const MAX_COLOURS = 256;

/** A picture of a screen as a PNG of at most 256 colours: those that are there most often; each other one becomes the nearest of them. `pixels` has four bytes each, red, green, blue and alpha, which is not looked at. */
export function palettePicture(width: number, height: number, pixels: Uint8Array): Buffer {
  const counts = new Map<number, number>();
  const colourAt = (pixel: number): number => ((pixels[pixel * 4] ?? 0) << 16) | ((pixels[pixel * 4 + 1] ?? 0) << 8) | (pixels[pixel * 4 + 2] ?? 0);
  for (let pixel = 0; pixel < width * height; pixel += 1) counts.set(colourAt(pixel), (counts.get(colourAt(pixel)) ?? 0) + 1);
  const palette = [...counts].toSorted(([one, oneCount], [other, otherCount]) => otherCount - oneCount || one - other).slice(0, MAX_COLOURS).map(([colour]) => colour);
  const places = new Map(palette.map((colour, place) => [colour, place]));
  for (const colour of counts.keys()) if (!places.has(colour)) places.set(colour, nearest(palette, colour));
  const rows = Buffer.alloc(height * (width + 1));
  for (let row = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1) rows[row * (width + 1) + 1 + column] = places.get(colourAt(row * width + column)) ?? 0;
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3, 0, 0, 0], 8);
  return pngFile([['IHDR', header], ['PLTE', Buffer.from(palette.flatMap(channels))], ['IDAT', deflateSync(rows, { level: 9 })]]);
}

/** The place of the colour of a palette that is least far away. */
function nearest(palette: readonly number[], colour: number): number {
  const [wantedRed, wantedGreen, wantedBlue] = channels(colour);
  const distances = palette.map((candidate) => {
    const [red, green, blue] = channels(candidate);
    return (red - wantedRed) ** 2 + (green - wantedGreen) ** 2 + (blue - wantedBlue) ** 2;
  });
  return distances.indexOf(Math.min(...distances));
}

function channels(colour: number): [number, number, number] {
  return [colour >> 16, (colour >> 8) & 0xff, colour & 0xff];
}
