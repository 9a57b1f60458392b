import { sessionPolicy, type SessionPolicy } from '../../shared/policy/session-policy.ts';

const MINUTE_SECONDS = 60;
const MEGABYTE_BYTES = 1_000_000;
/** Longest of each, in minutes, as the policy's schema bounds them. */
export const MOST_MINUTES = { maxDurationSeconds: 7 * 24 * 60, idleSeconds: 24 * 60 } as const;

/** The policy's numbers as they are typed: minutes, and megabytes or empty for any size. */
export interface TypedNumbers {
  readonly maxDurationSeconds: string;
  readonly idleSeconds: string;
  readonly maxFileBytes: string;
}

type Numbers = Pick<SessionPolicy, keyof TypedNumbers>;

/** A policy's numbers as they stand in the form at first. */
export function numbersOf({ maxDurationSeconds, idleSeconds, maxFileBytes }: Numbers): TypedNumbers {
  return { maxDurationSeconds: minutesOf(maxDurationSeconds), idleSeconds: minutesOf(idleSeconds), maxFileBytes: maxFileBytes === null ? '' : String(maxFileBytes / MEGABYTE_BYTES) };
}

/** Reads what is typed; a field that is wrong is undefined. One that stands as it was opened keeps its value to the second and the byte. */
export function readNumbers(typed: TypedNumbers, opened: Numbers): { readonly [Name in keyof Numbers]: Numbers[Name] | undefined } {
  const before = numbersOf(opened);
  const { maxDurationSeconds, idleSeconds, maxFileBytes } = sessionPolicy.shape;
  return {
    maxDurationSeconds: typed.maxDurationSeconds === before.maxDurationSeconds ? opened.maxDurationSeconds : maxDurationSeconds.unwrap().safeParse(timesOf(typed.maxDurationSeconds, MINUTE_SECONDS)).data,
    idleSeconds: typed.idleSeconds === before.idleSeconds ? opened.idleSeconds : idleSeconds.unwrap().safeParse(timesOf(typed.idleSeconds, MINUTE_SECONDS)).data,
    maxFileBytes: typed.maxFileBytes === before.maxFileBytes ? opened.maxFileBytes : typed.maxFileBytes.trim() === '' ? null : maxFileBytes.unwrap().safeParse(timesOf(typed.maxFileBytes, MEGABYTE_BYTES)).data,
  };
}

function minutesOf(seconds: number): string {
  return String(Number((seconds / MINUTE_SECONDS).toFixed(2)));
}

/** A decimal number, full-width digits included, so many times; undefined where the text is none. */
function timesOf(typed: string, unit: number): number | undefined {
  const plain = typed.normalize('NFKC').trim();
  return /^\d{1,12}(?:\.\d{1,6})?$/.test(plain) ? Math.round(Number(plain) * unit) : undefined;
}
