import type { TextLanguage } from '../../shared/languages/translate.ts';

/** A local date and time to the minute. */
export interface LocalMinute {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
}

/** Which end of a span a date without a time stands for. */
export type SpanEnd = 'from' | 'until';

const WRITTEN = /^(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[\sT]*(\d{1,2})\s*[:時时]\s*(\d{1,2})\s*分?)?$/;

/**
 * Reads a date, with or without a time, as people write it in our three languages: `2026-11-25 14:30`, `2026/11/25`,
 * `2026年11月25日 14時30分`, full-width digits included. A date alone is its first or its last minute, by `end`. Undefined for
 * what is no date, 30 February among it.
 */
export function readDateTime(written: string, end: SpanEnd): LocalMinute | undefined {
  const found = WRITTEN.exec(written.normalize('NFKC').trim());
  if (!found) return undefined;
  const [year = 0, month = 0, day = 0] = found.slice(1, 4).map(Number);
  const [hour, minute] = found[4] === undefined ? (end === 'from' ? [0, 0] : [23, 59]) : [Number(found[4]), Number(found[5])];
  const date = new Date(year, month - 1, day, hour, minute);
  const exists = date.getFullYear() === year && date.getMonth() === month - 1 && date.getDate() === day && hour !== undefined && hour < 24 && minute !== undefined && minute < 60;
  return exists ? { year, month, day, hour: hour ?? 0, minute: minute ?? 0 } : undefined;
}

/** The way of writing that `readDateTime` reads, in the language of the page. */
export function writeDateTime({ year, month, day, hour, minute }: LocalMinute, language: TextLanguage): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const between = language === 'en' ? '-' : '/';
  return `${String(year).padStart(4, '0')}${between}${two(month)}${between}${two(day)} ${two(hour)}:${two(minute)}`;
}

/** A local minute as an instant in UTC: its beginning, or its last millisecond where it ends a span. */
export function instantOf({ year, month, day, hour, minute }: LocalMinute, end: SpanEnd): string {
  return new Date(year, month - 1, day, hour, minute, end === 'from' ? 0 : 59, end === 'from' ? 0 : 999).toISOString();
}

/** The local minute of an instant. */
export function localMinute(iso: string): LocalMinute {
  const date = new Date(iso);
  return { year: date.getFullYear(), month: date.getMonth() + 1, day: date.getDate(), hour: date.getHours(), minute: date.getMinutes() };
}

/** So many days later, at the same time of day. */
export function daysLater({ year, month, day, hour, minute }: LocalMinute, days: number): LocalMinute {
  const date = new Date(year, month - 1, day + days, hour, minute);
  return { year: date.getFullYear(), month: date.getMonth() + 1, day: date.getDate(), hour: date.getHours(), minute: date.getMinutes() };
}
