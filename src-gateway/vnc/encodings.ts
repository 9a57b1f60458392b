import { encoding } from '../../shared/vnc/encodings.ts';

const known: ReadonlySet<number> = new Set(Object.values(encoding));
const QUALITY_LEVELS = { least: -32, most: -23 } as const;
const COMPRESSION_LEVELS = { least: -256, most: -247 } as const;

/** Whether a client may ask for an encoding: one whose bounds the gateway reads, and that the player of recordings draws (rule 23). */
export function mayAskFor(asked: number): boolean {
  return known.has(asked) || within(asked, QUALITY_LEVELS) || within(asked, COMPRESSION_LEVELS);
}

function within(value: number, { least, most }: { readonly least: number; readonly most: number }): boolean {
  return value >= least && value <= most;
}
