/** As browsers step: near the actual size in small steps, further off in large ones. */
const STEPS_PERCENT = [50, 67, 75, 80, 90, 100, 110, 125, 150, 175, 200, 250, 300, 400] as const;
const ACTUAL_PERCENT = 100;

/** The zoom after one step larger or smaller, from whatever it was; 0 is the actual size. At either end it stays. */
export function zoomedPercent(percent: number, step: 1 | -1 | 0): number {
  if (step === 0) return ACTUAL_PERCENT;
  const next = step === 1 ? STEPS_PERCENT.find((one) => one > percent) : STEPS_PERCENT.findLast((one) => one < percent);
  return next ?? percent;
}
