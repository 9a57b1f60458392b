/** A drawn picture: four bytes (red, green, blue, alpha) a pixel, rows from the top, and the same as a PNG. */
export interface DrawnPicture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
  readonly png: Uint8Array;
}
