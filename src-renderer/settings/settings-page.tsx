import { type ReactNode, useEffect, useState } from 'react';
import { clientSettings, type ClientSettings, language } from '../../shared/ipc/settings.ts';
import type { ShownError } from '../../shared/ipc/stores.ts';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { Field } from '../controls/field.tsx';
import { Segmented } from '../controls/segmented.tsx';
import { useText } from '../language/use-text.ts';
import { ask } from '../mavis/ask.ts';
import { languageNames } from '../sign-in/language-choice.tsx';
import { useFed, useParts } from '../stores/parts.tsx';
import { terminalThemes } from '../terminal/themes.ts';

type Change = (changes: Partial<ClientSettings>) => void;

/** The settings of this computer; each change holds at once, in every window. */
export function SettingsPage() {
  const { mavis } = useParts();
  const text = useText();
  const settings = useFed('settings', (state) => state);
  const [failure, setFailure] = useState<ShownError | null>(null);
  const change: Change = (changes) => void ask(mavis.settings.update({ changes })).then((answer) => setFailure(answer.ok ? null : answer.error));
  if (!settings) return null;
  return (
    <div className="page">
      <header className="page-head">
        <h1>{text('settings.title')}</h1>
        <span className="field-hint">{text('settings.saved')}</span>
      </header>
      <div className="page-body scroll settings" tabIndex={0} role="region" aria-label={text('settings.title')}>
        {failure && <ErrorNotice error={failure} />}
        <Appearance settings={settings} change={change} />
        <Terminal settings={settings} change={change} />
        <Ssh settings={settings} change={change} />
        <About />
      </div>
    </div>
  );
}

function Appearance({ settings, change }: { readonly settings: ClientSettings; readonly change: Change }) {
  const text = useText();
  return (
    <Section title={text('settings.appearance')}>
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
      <Choice label={text('settings.theme')}>
        <Segmented
          label={text('settings.theme')}
          value={settings.theme}
          options={(['system', 'light', 'dark', 'high-contrast'] as const).map((value) => ({ value, label: text(`settings.theme-${value}`) }))}
          onChange={(theme) => change({ theme })}
        />
      </Choice>
      <Choice label={text('settings.resource-view')}>
        <Segmented
          label={text('settings.resource-view')}
          value={settings.resourceView}
          options={[
            { value: 'list', label: text('resources.view-list'), icon: 'list' },
            { value: 'cards', label: text('resources.view-cards'), icon: 'cards' },
          ]}
          onChange={(resourceView) => change({ resourceView })}
        />
      </Choice>
    </Section>
  );
}

function Terminal({ settings, change }: { readonly settings: ClientSettings; readonly change: Change }) {
  const text = useText();
  return (
    <Section title={text('settings.terminal')}>
      <Field label={text('settings.font-family')}>{(ties) => <Typed ties={ties} value={settings.terminalFontFamily} onTyped={(terminalFontFamily) => change({ terminalFontFamily: terminalFontFamily.slice(0, 200) })} />}</Field>
      <Field label={text('settings.font-size')}>{(ties) => <TypedNumber ties={ties} value={settings.terminalFontSizePx} min={8} max={40} onTyped={(terminalFontSizePx) => change({ terminalFontSizePx })} />}</Field>
      <Choice label={text('settings.terminal-theme')}>
        <Segmented
          label={text('settings.terminal-theme')}
          value={settings.terminalTheme}
          options={(['dark', 'light', 'high-contrast', 'solarized-dark'] as const).map((value) => ({ value, label: text(`settings.terminal-theme-${value}`) }))}
          onChange={(terminalTheme) => change({ terminalTheme })}
        />
      </Choice>
      <Sample settings={settings} />
      <Field label={text('settings.scrollback')}>{(ties) => <TypedNumber ties={ties} value={settings.terminalScrollbackLines} min={0} max={100_000} onTyped={(terminalScrollbackLines) => change({ terminalScrollbackLines })} />}</Field>
      <Choice label={text('settings.bell')}>
        <Segmented label={text('settings.bell')} value={settings.terminalBell} options={(['none', 'visual', 'sound'] as const).map((value) => ({ value, label: text(`settings.bell-${value}`) }))} onChange={(terminalBell) => change({ terminalBell })} />
      </Choice>
      <Switch label={text('settings.warn-paste')} value={settings.warnBeforePastingLines} onChange={(warnBeforePastingLines) => change({ warnBeforePastingLines })} />
      <Switch label={text('settings.copy-on-select')} value={settings.copyOnSelect} onChange={(copyOnSelect) => change({ copyOnSelect })} />
      <Switch label={text('settings.screen-reader')} hint={text('settings.screen-reader-hint')} value={settings.terminalScreenReader} onChange={(terminalScreenReader) => change({ terminalScreenReader })} />
    </Section>
  );
}

/** What targets may be let to of this computer, where the access rule allows it too. */
function Ssh({ settings, change }: { readonly settings: ClientSettings; readonly change: Change }) {
  const text = useText();
  return (
    <Section title={text('settings.ssh')}>
      <Switch label={text('settings.forward-agent')} hint={text('settings.forward-agent-hint')} value={settings.forwardAgent} onChange={(forwardAgent) => change({ forwardAgent })} />
      <Choice label={text('settings.forward-x11')}>
        <Segmented label={text('settings.forward-x11')} value={settings.forwardX11} options={(['off', 'restricted', 'full'] as const).map((value) => ({ value, label: text(`settings.forward-x11-${value}`) }))} onChange={(forwardX11) => change({ forwardX11 })} />
        <span className="field-hint settings-hint">{text('settings.forward-x11-hint')}</span>
      </Choice>
    </Section>
  );
}

/** A few words in the terminal's font and colours. */
function Sample({ settings }: { readonly settings: ClientSettings }) {
  const text = useText();
  const theme = terminalThemes[settings.terminalTheme];
  return (
    <figure className="settings-sample" style={{ background: theme.background, color: theme.foreground, fontFamily: settings.terminalFontFamily, fontSize: settings.terminalFontSizePx }}>
      <figcaption className="visually-hidden">{text('settings.sample')}</figcaption>
      <div>
        <span style={{ color: theme.green }}>operator@office1</span>:<span style={{ color: theme.blue }}>~</span>$ ls 日本語 繁體中文
      </div>
      <div>
        <span style={{ color: theme.cyan }}>README.md</span> <span style={{ color: theme.yellow }}>0O 1lI</span> <span style={{ color: theme.red }}>error:</span> {'=> !='}
      </div>
    </figure>
  );
}

function About() {
  const { mavis } = useParts();
  const text = useText();
  const [about, setAbout] = useState<{ readonly version: string; readonly engine: string; readonly platform: string } | null>(null);
  useEffect(() => {
    let current = true;
    const read = async () => {
      const answer = await ask(mavis.app.about({}));
      if (current && answer.ok) setAbout(answer.value);
    };
    void read();
    return () => {
      current = false;
    };
  }, [mavis]);
  if (!about) return null;
  return (
    <Section title={text('settings.about')}>
      <p>{text('app.title')}</p>
      <p className="field-hint">{text('settings.version', { version: about.version })}</p>
      <p className="field-hint">{text('settings.engine', { engine: about.engine, platform: about.platform })}</p>
    </Section>
  );
}

function Section({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <section className="settings-section">
      <h2>{title}</h2>
      {children}
    </section>
  );
}

function Choice({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    <div className="field settings-choice">
      <span className="field-label" aria-hidden="true">
        {label}
      </span>
      {children}
    </div>
  );
}

function Switch({ label, hint, value, onChange }: { readonly label: string; readonly hint?: string; readonly value: boolean; readonly onChange: (value: boolean) => void }) {
  return (
    <label className="check">
      <input type="checkbox" checked={value} onChange={(event) => onChange(event.target.checked)} />
      <span>
        {label}
        {hint !== undefined && <span className="field-hint settings-hint">{hint}</span>}
      </span>
    </label>
  );
}

interface Ties {
  readonly id: string;
}

/** A text that is taken when one leaves the field or presses Enter, so that half a word is no setting. */
function Typed({ ties, value, onTyped }: { readonly ties: Ties; readonly value: string; readonly onTyped: (value: string) => void }) {
  const [typed, setTyped] = useState<string | null>(null);
  const take = () => {
    if (typed !== null && typed.trim() !== '' && typed !== value) onTyped(typed.trim());
    setTyped(null);
  };
  return <input {...ties} className="input" value={typed ?? value} maxLength={200} onChange={(event) => setTyped(event.target.value)} onBlur={take} onKeyDown={(event) => event.key === 'Enter' && !event.nativeEvent.isComposing && take()} />;
}

interface TypedNumberProps {
  readonly ties: Ties;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly onTyped: (value: number) => void;
}

/** A number within its bounds, taken as `Typed` takes a text. */
function TypedNumber({ ties, value, min, max, onTyped }: TypedNumberProps) {
  const [typed, setTyped] = useState<string | null>(null);
  const take = () => {
    const number = Number(typed);
    if (typed !== null && typed !== '' && Number.isFinite(number)) onTyped(Math.max(min, Math.min(max, Math.round(number))));
    setTyped(null);
  };
  return <input {...ties} className="input settings-number" type="number" min={min} max={max} value={typed ?? value} onChange={(event) => setTyped(event.target.value)} onBlur={take} onKeyDown={(event) => event.key === 'Enter' && take()} />;
}
