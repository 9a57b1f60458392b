/** Typing over a longer round trip is felt by everybody. */
export const SLOW_MS = 300;
/** Round trips that vary by more make a desktop stutter. */
export const UNSTEADY_MS = 150;
/** Less than 1.5 Mbit/s from the gateway does for a shell, not for a desktop: Microsoft's figure for light work over RDP at one picture of 1920 x 1080. */
export const NARROW_DOWN_BYTES_PER_SECOND = 1_500_000 / 8;
/** Toward the gateway go keys, the pointer and what is pasted: below 256 kbit/s they wait for each other. */
export const NARROW_UP_BYTES_PER_SECOND = 256_000 / 8;
/** A line that carries 100 Mbit/s is not told from a wider one by so few bytes. */
export const MOST_TOLD_BYTES_PER_SECOND = 100_000_000 / 8;

/** Whether a line carries less than a desktop needs; what was not measured is not narrow. */
export function isNarrow({ upBytesPerSecond, downBytesPerSecond }: { readonly upBytesPerSecond: number; readonly downBytesPerSecond: number | null }): boolean {
  return upBytesPerSecond < NARROW_UP_BYTES_PER_SECOND || (downBytesPerSecond !== null && downBytesPerSecond < NARROW_DOWN_BYTES_PER_SECOND);
}
