/** How a character is drawn, in the packed form of xterm.js. */
export interface CharacterWidths {
  readonly version: string;
  wcwidth(codepoint: number): 0 | 1 | 2;
  charProperties(codepoint: number, preceding: number): number;
}

/** Signs of writing systems and emoji take up to a dozen marks on one cell; a hundred thousand are an attack (A11). */
export const MAX_MARKS_A_CELL = 16;

/** Bits of the packed form: bit 0 says that the character joins the one before, bits 1 and 2 its width, the rest is free for the provider. */
const JOINS = 1;
const WIDTH_SHIFT = 1;
const STATE_SHIFT = 3;

/**
 * The widths of another provider with a bound on what joins one cell: what goes beyond takes cells of its own, so that a flood
 * of combining marks costs what any flood costs, and a cell's text stays short.
 */
export function withMarkLimit(version: string, widths: CharacterWidths): CharacterWidths {
  return {
    version,
    wcwidth: (codepoint) => widths.wcwidth(codepoint),
    charProperties: (codepoint, preceding) => {
      const properties = widths.charProperties(codepoint, preceding & ((1 << STATE_SHIFT) - 1));
      if ((properties & JOINS) === 0) return properties;
      const marks = (preceding >> STATE_SHIFT) + 1;
      if (marks > MAX_MARKS_A_CELL) return 1 << WIDTH_SHIFT;
      return (properties & ((1 << STATE_SHIFT) - 1)) | (marks << STATE_SHIFT);
    },
  };
}
