/** SQLSTATE's class of values that a column or a function does not take: out of range, of no such encoding, of no such form. */
const DATA_EXCEPTION = /^22[0-9A-Z]{3}$/;

/** Whether a database refused what it was given to keep, which the same again would not mend. */
export function isDataException(error: unknown): boolean {
  for (let one = error, depth = 0; one instanceof Error && depth < 4; one = one.cause, depth += 1) if ('code' in one && typeof one.code === 'string' && DATA_EXCEPTION.test(one.code)) return true;
  return false;
}
