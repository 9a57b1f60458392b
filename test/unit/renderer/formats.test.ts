import { describe, expect, test } from 'vitest';
import { shownTheme } from '../../../src-renderer/appearance/theme.ts';
import { clock, createFormats } from '../../../src-renderer/language/formats.ts';
import { auditQuery, emptyFilter } from '../../../src-renderer/audit/audit-filter.tsx';
import { pagesFor } from '../../../src-renderer/frame/pages.ts';

describe('what is written by the language', () => {
  test('a clock of a duration', () => {
    expect([0, 7000, 754_000, 3_723_999, -5].map(clock)).toEqual(['0:00', '0:07', '12:34', '1:02:03', '0:00']);
  });

  test('sizes and times in each language, and no exception for what is no time', () => {
    expect(createFormats('en').bytes(48_000)).toBe('48 kB');
    expect(createFormats('en').bytes(0)).toBe('0 bytes');
    expect(createFormats('ja').relative('2026-11-23T09:00:00Z', Date.parse('2026-11-23T09:03:00Z'))).toBe('3 分前');
    expect(createFormats('zh-Hant').instant('not a time')).toBe('—');
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
    expect(ids('vendor')).toEqual(['resources', 'sessions', 'settings']);
    expect(ids('operator')).toEqual(['resources', 'sessions', 'errors', 'gateways', 'settings']);
    expect(ids('auditor')).toEqual(['resources', 'sessions', 'recordings', 'audit', 'errors', 'gateways', 'settings']);
  });

  test('a log’s filter sends only what was filled in', () => {
    expect(auditQuery(emptyFilter, undefined)).toEqual({ limit: 100 });
    expect(auditQuery({ ...emptyFilter, reference: ' mv-7k3qx-m2p9d ', from: '2026-11-23T10:00' }, 'next')).toEqual({ limit: 100, reference: 'MV-7K3QX-M2P9D', from: new Date('2026-11-23T10:00').toISOString(), cursor: 'next' });
  });
});
