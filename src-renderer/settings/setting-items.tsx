import type { ReactNode } from 'react';
import { clientSettings, type ClientSettings, clientSettingsChanges, type ClientSettingsChanges, language, LEAST_ZOOM_PERCENT, MOST_ZOOM_PERCENT, type SettingName } from '../../shared/ipc/settings.ts';
import type { InterfaceKey, Translator } from '../../shared/languages/translate.ts';
import { Field } from '../controls/field.tsx';
import { Segmented } from '../controls/segmented.tsx';
import { languageNames } from '../sign-in/language-choice.tsx';
import { Choice, Switch, Typed, TypedNumber } from './setting-fields.tsx';
import { TerminalSample } from './terminal-sample.tsx';

/** Words of a setting that take no arguments. */
type Words = Extract<InterfaceKey, `settings.${string}` | `resources.view-${string}`>;

/** What a setting's field is given. */
export interface SettingView {
  readonly settings: ClientSettings;
  readonly change: (changes: ClientSettingsChanges) => void;
  readonly text: Translator['text'];
}

/** One setting of the page: what is set, by which words it is found, and its field. */
export interface SettingItem {
  /** What it sets; for locking, and to name it. */
  readonly name: SettingName;
  readonly label: PlainWords;
  /** More words that a search finds it by: hints and the names of its choices. */
  readonly words: readonly PlainWords[];
  readonly field: (view: SettingView) => ReactNode;
}

export interface SettingSection {
  readonly title: PlainWords;
  readonly items: readonly SettingItem[];
}

/** Texts with arguments are no labels. */
export type PlainWords = Exclude<Words, 'settings.version' | 'settings.engine' | 'settings.search-found' | 'settings.managed-features' | 'settings.imported' | 'settings.import-refused' | 'settings.import-managed' | 'settings.import-unknown'>;

/** Every setting in the order of the page: fields, search and what names a setting all come from here. */
export const settingSections: readonly SettingSection[] = [
  {
    title: 'settings.appearance',
    items: [
      {
        name: 'language',
        label: 'settings.language',
        words: ['settings.language-system'],
        field: ({ settings, change, text }) => (
          <Field label={text('settings.language')}>
            {(ties) => (
              <select {...ties} className="input" value={settings.language} onChange={(event) => change({ language: clientSettings.shape.language.parse(event.target.value) })}>
                <option value="system">{text('settings.language-system')}</option>
                {language.options.map((option) => (
                  <option key={option} value={option} lang={option}>
                    {languageNames[option]}
                  </option>
                ))}
              </select>
            )}
          </Field>
        ),
      },
      choice('theme', 'settings.theme', { system: 'settings.theme-system', light: 'settings.theme-light', dark: 'settings.theme-dark', 'high-contrast': 'settings.theme-high-contrast' }),
      choice('density', 'settings.density', { comfortable: 'settings.density-comfortable', compact: 'settings.density-compact' }),
      {
        name: 'interfaceFontFamily',
        label: 'settings.interface-font',
        words: ['settings.interface-font-hint'],
        field: ({ settings, change, text }) => (
          <Field label={text('settings.interface-font')} hint={text('settings.interface-font-hint')}>
            {(ties) => <Typed ties={ties} emptyToo value={settings.interfaceFontFamily} onTyped={(interfaceFontFamily) => change({ interfaceFontFamily })} />}
          </Field>
        ),
      },
      number('zoomPercent', 'settings.zoom', LEAST_ZOOM_PERCENT, MOST_ZOOM_PERCENT),
      choice('resourceView', 'settings.resource-view', { list: 'resources.view-list', cards: 'resources.view-cards' }),
    ],
  },
  { title: 'settings.system', items: [onOff('notifications', 'settings.notifications', 'settings.notifications-hint'), onOff('trayIcon', 'settings.tray-icon', 'settings.tray-icon-hint')] },
  {
    title: 'settings.terminal',
    items: [
      {
        name: 'terminalFontFamily',
        label: 'settings.font-family',
        words: ['settings.terminal'],
        field: ({ settings, change, text }) => <Field label={text('settings.font-family')}>{(ties) => <Typed ties={ties} value={settings.terminalFontFamily} onTyped={(terminalFontFamily) => change({ terminalFontFamily })} />}</Field>,
      },
      number('terminalFontSizePx', 'settings.font-size', 8, 40),
      choice('terminalTheme', 'settings.terminal-theme', { dark: 'settings.terminal-theme-dark', light: 'settings.terminal-theme-light', 'high-contrast': 'settings.terminal-theme-high-contrast', 'solarized-dark': 'settings.terminal-theme-solarized-dark' }, ({ settings }) => <TerminalSample settings={settings} />),
      number('terminalScrollbackLines', 'settings.scrollback', 0, 100_000),
      choice('terminalBell', 'settings.bell', { none: 'settings.bell-none', visual: 'settings.bell-visual', sound: 'settings.bell-sound' }),
      onOff('warnBeforePastingLines', 'settings.warn-paste'),
      onOff('copyOnSelect', 'settings.copy-on-select'),
      onOff('terminalScreenReader', 'settings.screen-reader', 'settings.screen-reader-hint'),
    ],
  },
  {
    title: 'settings.ssh',
    items: [
      onOff('forwardAgent', 'settings.forward-agent', 'settings.forward-agent-hint'),
      choice('forwardX11', 'settings.forward-x11', { off: 'settings.forward-x11-off', restricted: 'settings.forward-x11-restricted', full: 'settings.forward-x11-full' }, ({ text }) => <span className="field-hint settings-hint">{text('settings.forward-x11-hint')}</span>),
    ],
  },
  {
    title: 'settings.updates',
    items: [
      choice('updateChannel', 'settings.update-channel', { stable: 'settings.update-channel-stable', beta: 'settings.update-channel-beta' }),
      onOff('downloadUpdates', 'settings.download-updates', 'settings.download-updates-hint'),
      onOff('installUpdateAtQuit', 'settings.install-update-at-quit', 'settings.install-update-at-quit-hint'),
    ],
  },
];

/** The settings that a search leaves: those that have all its words in their section, label or words. All where nothing is searched for. */
export function findSettings(search: string, text: Translator['text']): readonly SettingSection[] {
  const wanted = wordsOf(search);
  if (wanted.length === 0) return settingSections;
  return settingSections.flatMap(({ title, items }) => {
    const found = items.filter(({ name, label, words }) => {
      const held = wordsOf([title, label, ...words].map((key) => text(key)).join(' ')).concat(name.toLowerCase()).join(' ');
      return wanted.every((word) => held.includes(word));
    });
    return found.length === 0 ? [] : [{ title, items: found }];
  });
}

function wordsOf(text: string): string[] {
  return text.normalize('NFKC').toLowerCase().split(/\s+/).filter((word) => word !== '');
}

/** Settings whose value is one of few words. */
type ChoiceName = { [Name in SettingName]: ClientSettings[Name] extends string ? (string extends ClientSettings[Name] ? never : Name) : never }[SettingName];
type SwitchName = { [Name in SettingName]: ClientSettings[Name] extends boolean ? Name : never }[SettingName];
type NumberName = { [Name in SettingName]: ClientSettings[Name] extends number ? Name : never }[SettingName];

function choice<Name extends Exclude<ChoiceName, 'language'>>(name: Name, label: PlainWords, options: Readonly<Record<ClientSettings[Name], PlainWords>>, below?: (view: SettingView) => ReactNode): SettingItem {
  const values = Object.entries<PlainWords>(options);
  return {
    name,
    label,
    words: values.map(([, words]) => words),
    field: (view) => (
      <Choice label={view.text(label)}>
        <Segmented label={view.text(label)} value={view.settings[name]} options={values.map(([value, words]) => ({ value, label: view.text(words) }))} onChange={(value) => view.change(clientSettingsChanges.parse({ [name]: value }))} />
        {below?.(view)}
      </Choice>
    ),
  };
}

function onOff(name: SwitchName, label: PlainWords, hint?: PlainWords): SettingItem {
  return {
    name,
    label,
    words: hint === undefined ? [] : [hint],
    field: ({ settings, change, text }) => <Switch label={text(label)} {...(hint === undefined ? {} : { hint: text(hint) })} value={settings[name]} onChange={(value) => change({ [name]: value })} />,
  };
}

function number(name: NumberName, label: PlainWords, min: number, max: number): SettingItem {
  return {
    name,
    label,
    words: [],
    field: ({ settings, change, text }) => <Field label={text(label)}>{(ties) => <TypedNumber ties={ties} value={settings[name]} min={min} max={max} onTyped={(value) => change({ [name]: value })} />}</Field>,
  };
}
