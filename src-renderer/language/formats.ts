import type { TextLanguage } from '../../shared/languages/translate.ts';

/** Writes times, durations and sizes in one language, in the computer's time zone. */
export interface Formats {
  /** Date and time to the second on a clock of 24 hours, for logs: of one width in all languages that have words for parts of the day. */
  readonly instant: (iso: string) => string;
  /** Date and time to the minute. */
  readonly dateTime: (iso: string) => string;
  /** “3 minutes ago”, “in 2 hours”; to the second below a minute. */
  readonly relative: (iso: string, nowMs: number) => string;
  /** A clock of hours, minutes and seconds: 0:07, 12:34, 1:02:03. */
  readonly clock: (milliseconds: number) => string;
  /** A short duration with its unit: 840 ms, 3.2 s. */
  readonly milliseconds: (milliseconds: number) => string;
  readonly bytes: (bytes: number) => string;
  readonly number: (value: number) => string;
  /** A share from 0 to 1 as a percentage; below one percent with one more place. */
  readonly percent: (share: number) => string;
  /** Items joined as a list of the language. */
  readonly list: (items: readonly string[]) => string;
}

const SIZES = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

/** The formats of a language; makes its `Intl` objects once. */
export function createFormats(language: TextLanguage): Formats {
  const instant = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'medium', hourCycle: 'h23' });
  // The medium date of Chinese spells year, month and day out, which no column of a list has room for.
  const dateTime = new Intl.DateTimeFormat(language, { dateStyle: language === 'zh-Hant' ? 'short' : 'medium', timeStyle: 'short' });
  const relative = new Intl.RelativeTimeFormat(language, { numeric: 'auto' });
  const number = new Intl.NumberFormat(language);
  const percent = new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 0 });
  const smallPercent = new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 1 });
  const list = new Intl.ListFormat(language, { type: 'conjunction' });
  const units = SIZES.map((unit) => new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: unit === 'byte' ? 'long' : 'short', maximumFractionDigits: 1 }));
  const inMilliseconds = new Intl.NumberFormat(language, { style: 'unit', unit: 'millisecond', unitDisplay: 'short', maximumFractionDigits: 0 });
  const inSeconds = new Intl.NumberFormat(language, { style: 'unit', unit: 'second', unitDisplay: 'short', maximumFractionDigits: 1 });
  return {
    instant: (iso) => written(instant, iso),
    dateTime: (iso) => written(dateTime, iso),
    relative: (iso, nowMs) => relativeTime(relative, Date.parse(iso) - nowMs),
    clock,
    milliseconds: (milliseconds) => (milliseconds < 1000 ? inMilliseconds.format(milliseconds) : inSeconds.format(milliseconds / 1000)),
    bytes: (bytes) => {
      const power = bytes < 1 ? 0 : Math.min(SIZES.length - 1, Math.floor(Math.log10(bytes) / 3));
      return (units[power] ?? number).format(bytes / 1000 ** power);
    },
    number: (value) => number.format(value),
    percent: (share) => (share > 0 && (share < 0.01 || (share > 0.99 && share < 1)) ? smallPercent : percent).format(share),
    list: (items) => list.format(items),
  };
}

function written(format: Intl.DateTimeFormat, iso: string): string {
  const time = Date.parse(iso);
  return Number.isNaN(time) ? '—' : format.format(time);
}

const STEPS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [['day', 86_400_000], ['hour', 3_600_000], ['minute', 60_000], ['second', 1000]];

function relativeTime(format: Intl.RelativeTimeFormat, differenceMs: number): string {
  if (Number.isNaN(differenceMs)) return '—';
  const [unit, size] = STEPS.find(([, milliseconds]) => Math.abs(differenceMs) >= milliseconds) ?? ['second', 1000];
  return format.format(Math.round(differenceMs / size), unit);
}

/** A clock of hours, minutes and seconds: 0:07, 12:34, 1:02:03. */
export function clock(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const two = (value: number) => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}
