import { describe, expect, test } from 'vitest';
import { shownTheme } from '../../../src-renderer/appearance/theme.ts';
import { clock, createFormats } from '../../../src-renderer/language/formats.ts';
import { pagesFor } from '../../../src-renderer/frame/pages.ts';
import { daysLater, instantOf, readDateTime, writeDateTime } from '../../../src-renderer/controls/date-time-text.ts';
import { emptyForm, filterOf, isNarrowed } from '../../../src-renderer/logs/log-filter-form.ts';
import { factsLine, factText } from '../../../src-renderer/logs/log-facts.ts';
import { shownState } from '../../../src-renderer/sessions/all-sessions.tsx';
import { deedsFor } from '../../../src-renderer/users/user-details.tsx';
import { withNewest } from '../../../src-renderer/mavis/use-paged.ts';

describe('what is written by the language', () => {
  test('a clock of a duration', () => {
    expect([0, 7000, 754_000, 3_723_999, -5].map(clock)).toEqual(['0:00', '0:07', '12:34', '1:02:03', '0:00']);
  });

  test('sizes and times in each language, and no exception for what is no time', () => {
    expect(createFormats('en').bytes(48_000)).toBe('48 kB');
    expect(createFormats('en').bytes(0)).toBe('0 bytes');
    expect(createFormats('ja').relative('2026-11-23T09:00:00Z', Date.parse('2026-11-23T09:03:00Z'))).toBe('3 分前');
    expect(createFormats('zh-Hant').instant('not a time')).toBe('—');
    expect(createFormats('zh-Hant').dateTime('2026-11-23T08:04:05Z')).toMatch(/^2026\/11\/23\s\S+:04$/);
    for (const language of ['en', 'ja', 'zh-Hant'] as const) expect(createFormats(language).instant('2026-11-23T15:04:05')).toContain('15:04:05');
    expect(createFormats('en').milliseconds(840)).toBe('840 ms');
  });

  test('the theme of the system counts only where the setting says so', () => {
    expect(shownTheme('system', { dark: true, moreContrast: false })).toBe('dark');
    expect(shownTheme('system', { dark: false, moreContrast: true })).toBe('high-contrast');
    expect(shownTheme('light', { dark: true, moreContrast: true })).toBe('light');
  });
});

describe('who sees what', () => {
  test('the menu offers a role only what the service would answer it', () => {
    const ids = (...args: Parameters<typeof pagesFor>) => pagesFor(...args).map((page) => page.id);
    expect(ids('vendor')).toEqual(['resources', 'sessions', 'diagnostics', 'own-log', 'settings']);
    expect(ids('operator')).toEqual(['resources', 'sessions', 'errors', 'gateways', 'users', 'rules', 'diagnostics', 'reports', 'own-log', 'settings']);
    expect(ids('auditor')).toEqual(['resources', 'sessions', 'recordings', 'audit', 'errors', 'gateways', 'users', 'rules', 'diagnostics', 'reports', 'own-log', 'settings']);
  });
});

describe('accounts and sessions of others', () => {
  test('a session’s end is pending until its Gateway has confirmed it, and then it is ended', () => {
    const termination = { askedAt: '2026-11-23T09:00:00.000Z', code: 'session.terminated', confirmed: false };
    expect(shownState({ state: 'connected', termination: null })).toBe('connected');
    expect(shownState({ state: 'granted', termination: null })).toBe('connecting');
    expect(shownState({ state: 'connected', termination })).toBe('ending-pending');
    expect(shownState({ state: 'connected', termination: { ...termination, confirmed: true } })).toBe('ending');
    expect(shownState({ state: 'ended', termination })).toBe('ended');
    expect(shownState({ state: 'failed', termination: null })).toBe('failed');
  });

  test('the helpdesk is offered only what the service lets it do to an account', () => {
    const account = (role: 'admin' | 'auditor' | 'user', changes: object = {}) => ({ role, disabledAt: null, lockedUntil: null, ...changes });
    expect(deedsFor('operator', account('admin', { lockedUntil: '2026-11-23T09:00:00.000Z' }))).toEqual(['unlock']);
    expect(deedsFor('operator', account('auditor'))).toEqual(['sign-out-everywhere', 'disable']);
    expect(deedsFor('operator', account('user'))).toEqual(['reset-password', 'sign-out-everywhere', 'disable']);
    expect(deedsFor('operator', account('user', { disabledAt: '2026-11-23T09:00:00.000Z' }))).toEqual(['reset-password', 'sign-out-everywhere']);
    expect(deedsFor('admin', account('user', { disabledAt: '2026-11-23T09:00:00.000Z' }))).toEqual(['enable', 'reset-password', 'sign-out-everywhere']);
    expect(deedsFor('auditor', account('user'))).toEqual([]);
  });
});

describe('what a log is narrowed by', () => {
  test('only what was filled in is asked for', () => {
    const now = Date.parse('2026-11-23T10:00:00Z');
    expect(filterOf(emptyForm, now)).toEqual({});
    expect(isNarrowed(emptyForm)).toBe(false);
    expect(filterOf({ ...emptyForm, reference: ' mv-7k3qx-m2p9d ', outcome: 'failed', span: 'day', from: 'left over' }, now)).toEqual({ reference: 'MV-7K3QX-M2P9D', outcome: 'failed', from: '2026-11-22T10:00:00.000Z' });
    expect(filterOf({ ...emptyForm, span: 'own', until: '2026-11-23T09:00:59.999Z', user: 'ann', segment: ' gateway-tokyo ' }, now)).toEqual({ until: '2026-11-23T09:00:59.999Z', user: 'ann', segment: 'gateway-tokyo' });
    // Blanks alone narrow nothing: a filter by them would find nothing.
    expect(filterOf({ ...emptyForm, user: '  ', reference: ' ', span: 'own', from: ' ' }, now)).toEqual({});
  });

  test('the facts of an entry stand on one line, without ids and what is not known, and no longer than a line is read', () => {
    expect(factsLine({ gateway: 'office1', code: null, gatewayId: '00000000-0000-4000-8000-000000000601', ports: [7993, 7994], tunnel: false, tries: 0 })).toBe('gateway=office1  ports=7993, 7994  tunnel=false  tries=0');
    expect(factsLine({ long: 'x'.repeat(500) })).toBe(`long=${'x'.repeat(295)}`);
    expect([factText(null), factText(undefined), factText('')]).toEqual(['—', '—', '']);
  });

  test('a date is read as people write it in three languages, and is refused where there is no such day', () => {
    const minute = { year: 2026, month: 11, day: 5, hour: 14, minute: 30 };
    for (const written of ['2026-11-05 14:30', '2026/11/5 14:30', ' 2026年11月5日 14時30分', '２０２６／１１／０５　１４：３０', '2026.11.05T14:30']) expect(readDateTime(written, 'from')).toEqual(minute);
    expect(readDateTime('2026-11-05', 'from')).toEqual({ ...minute, hour: 0, minute: 0 });
    expect(readDateTime('2026-11-05', 'until')).toEqual({ ...minute, hour: 23, minute: 59 });
    for (const written of ['2026-02-30', '2026-13-01', '2026-11-05 24:00', '2026-11-05 10:60', '11/05/2026', 'yesterday', '']) expect(readDateTime(written, 'from')).toBeUndefined();
    expect(writeDateTime(minute, 'en')).toBe('2026-11-05 14:30');
    expect(writeDateTime(minute, 'ja')).toBe('2026/11/05 14:30');
    expect(instantOf(minute, 'until')).toBe(new Date(2026, 10, 5, 14, 30, 59, 999).toISOString());
    expect(daysLater({ ...minute, month: 12, day: 31 }, 1)).toMatchObject({ year: 2027, month: 1, day: 1, hour: 14 });
  });
});

describe('a log that goes on while it is read', () => {
  const entries = (...ids: string[]) => ids.map((id) => ({ id }));
  const before = { items: entries('c', 'b', 'a'), status: 'ready', error: null, cursor: 'more', waiting: { count: 0, atLeast: false } } as const;

  test('what is new goes on top of a list whose top is seen', () => {
    expect(withNewest(before, entries('e', 'd', 'c', 'b'), 'x', true)).toMatchObject({ items: entries('e', 'd', 'c', 'b', 'a'), cursor: 'more', waiting: { count: 0 } });
  });

  test('what is new waits, counted, while the reader is further down', () => {
    expect(withNewest(before, entries('e', 'd', 'c'), 'x', false)).toMatchObject({ items: before.items, waiting: { count: 2, atLeast: false } });
    expect(withNewest(before, entries('h', 'g', 'f'), 'x', false)).toMatchObject({ items: before.items, waiting: { count: 3, atLeast: true } });
  });

  test('more than a page of news begins the list anew, so that no gap is in it', () => {
    expect(withNewest(before, entries('h', 'g', 'f'), 'x', true)).toMatchObject({ items: entries('h', 'g', 'f'), cursor: 'x' });
  });

  test('a list that is a page long is taken as it is: in its order, and without what has gone', () => {
    expect(withNewest({ ...before, cursor: undefined }, entries('c', 'bb', 'a'), undefined, true)).toMatchObject({ items: entries('c', 'bb', 'a'), cursor: undefined, waiting: { count: 0 } });
  });

  test('an entry that has got its place in the chain is shown with it', () => {
    const chained = (sequence: number | null): { id: string; sequence: number | null } => ({ id: 'c', sequence });
    expect(withNewest({ ...before, items: [chained(null)] }, [chained(7)], undefined, true).items).toEqual([{ id: 'c', sequence: 7 }]);
  });
});
