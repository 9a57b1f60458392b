import type { AccessRuleFields } from '../../shared/api/access-rules.ts';

export type AccessWindow = AccessRuleFields['windows'][number];

const DAY_MINUTES = 1440;
const MINUTE_MS = 60_000;
/** Clocks are changed by less than that, and not twice within it. */
const MOST_CHANGED_MS = 3 * 60 * MINUTE_MS;
/** Far enough to find the next opening of any window: it comes weekly, and one of them may lie within the hour that the clocks leave out. */
const DAYS_AHEAD = 15;

/** Whether an IANA time zone is known here. */
export function isTimeZone(timeZone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone }).resolvedOptions().timeZone !== '';
  } catch {
    // Intl says so by a RangeError.
    return false;
  }
}

/** When the window that is open at `at` closes; undefined where it is shut. `until` at or before `from` runs over midnight. */
export function openUntil(window: AccessWindow, at: Date): Date | undefined {
  const { weekday, minute, second } = localTime(window.timeZone, at);
  const from = minuteOf(window.from);
  const length = lengthOf(window);
  // Begun today, or yesterday and running over midnight: the day that counts is the one on which it began.
  for (const daysBack of [0, 1]) {
    const since = minute + daysBack * DAY_MINUTES - from;
    const beganOn = ((weekday - 1 - daysBack + 7) % 7) + 1;
    if (since >= 0 && since < length && window.days.includes(beganOn)) return localMoment(window.timeZone, new Date(at.getTime() + (length - since) * MINUTE_MS - second * 1000 - at.getMilliseconds()), (from + length) % DAY_MINUTES);
  }
  return undefined;
}

/** When the window opens next after `at`; undefined where it never does, as one that lies within the hour that the clocks leave out. */
export function opensNext(window: AccessWindow, at: Date): Date | undefined {
  const { weekday, minute, second } = localTime(window.timeZone, at);
  const from = minuteOf(window.from);
  for (let days = 0; days < DAYS_AHEAD; days += 1) {
    const ahead = from + days * DAY_MINUTES - minute;
    if (ahead <= 0 || !window.days.includes(((weekday - 1 + days) % 7) + 1)) continue;
    const opens = localMoment(window.timeZone, new Date(at.getTime() + ahead * MINUTE_MS - second * 1000 - at.getMilliseconds()), from);
    if (openUntil(window, opens) !== undefined) return opens;
  }
  return undefined;
}

function lengthOf(window: AccessWindow): number {
  const span = minuteOf(window.until) - minuteOf(window.from);
  return span > 0 ? span : span + DAY_MINUTES;
}

/**
 * Moves a guess to the minute of the local day that was meant: they differ where the clocks changed in between. A minute that the
 * clocks left out is the one at which they went on.
 */
function localMoment(timeZone: string, guess: Date, minuteOfDay: number): Date {
  const difference = ((minuteOfDay - localTime(timeZone, guess).minute + DAY_MINUTES * 1.5) % DAY_MINUTES) - DAY_MINUTES / 2;
  const moment = new Date(guess.getTime() + difference * MINUTE_MS);
  return localTime(timeZone, moment).minute === minuteOfDay ? moment : clockChange(timeZone, moment);
}

/** The minute at which the clocks changed, near a moment that is on a whole minute. */
function clockChange(timeZone: string, near: Date): Date {
  let before = near.getTime() - MOST_CHANGED_MS;
  let after = near.getTime() + MOST_CHANGED_MS;
  const offset = offsetMinutes(timeZone, after);
  while (after - before > MINUTE_MS) {
    const between = before + Math.floor((after - before) / 2 / MINUTE_MS) * MINUTE_MS;
    if (offsetMinutes(timeZone, between) === offset) after = between;
    else before = between;
  }
  return new Date(after);
}

/** How far a zone's clocks are from UTC, within a day. */
function offsetMinutes(timeZone: string, at: number): number {
  return (localTime(timeZone, new Date(at)).minute - (Math.floor(at / MINUTE_MS) % DAY_MINUTES) + DAY_MINUTES) % DAY_MINUTES;
}

function minuteOf(clock: string): number {
  const [hours = '0', minutes = '0'] = clock.split(':');
  return Number(hours) * 60 + Number(minutes);
}

const WEEKDAYS: Readonly<Record<string, number>> = { Mon: 1, Tue: 2, Wed: 3, Thu: 4, Fri: 5, Sat: 6, Sun: 7 };

function localTime(timeZone: string, at: Date): { weekday: number; minute: number; second: number } {
  const format = new Intl.DateTimeFormat('en-GB', { timeZone, weekday: 'short', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
  const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
  return { weekday: WEEKDAYS[parts['weekday'] ?? ''] ?? 1, minute: Number(parts['hour']) * 60 + Number(parts['minute']), second: Number(parts['second']) };
}
