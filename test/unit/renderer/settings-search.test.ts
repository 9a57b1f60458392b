import { describe, expect, test } from 'vitest';
import { clientSettings, settingName } from '../../../shared/ipc/settings.ts';
import { createTranslator } from '../../../shared/languages/translate.ts';
import { findSettings, settingSections } from '../../../src-renderer/settings/setting-items.tsx';

const found = (search: string, language: 'en' | 'ja' | 'zh-Hant' = 'en') => findSettings(search, createTranslator(language).text).flatMap(({ items }) => items.map(({ name }) => name));

describe('the settings page', () => {
  test('has every setting once', () => {
    expect(settingSections.flatMap(({ items }) => items.map(({ name }) => name)).toSorted()).toEqual([...settingName.options].toSorted());
    expect(Object.keys(clientSettings.shape).toSorted()).toEqual([...settingName.options].toSorted());
  });

  test('finds a setting by its label, its section, its choices, its name in the file, and in every language', () => {
    expect(found('bell')).toEqual(['terminalBell']);
    expect(found('TERMINAL colours')).toEqual(['terminalTheme']);
    expect(found('solarized')).toEqual(['terminalTheme']);
    expect(found('copyOnSelect')).toEqual(['copyOnSelect']);
    expect(found('ベル', 'ja')).toEqual(['terminalBell']);
    expect(found('ﾍﾞﾙ', 'ja')).toEqual(['terminalBell']);
    expect(found('佈景', 'zh-Hant')).toEqual(['theme']);
  });

  test('shows all for an empty search, and none where nothing matches', () => {
    expect(found('  ')).toHaveLength(settingName.options.length);
    expect(found('xyzzy')).toEqual([]);
  });
});
