import type { ClientSettings } from '../../shared/ipc/settings.ts';
import { useText } from '../language/use-text.ts';
import { terminalThemes } from '../terminal/themes.ts';

/** A few words in the terminal's font and colours. */
export function TerminalSample({ settings }: { readonly settings: ClientSettings }) {
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
