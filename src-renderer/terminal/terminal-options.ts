import type { ITerminalOptions } from '@xterm/xterm';
import type { ClientSettings } from '../../shared/ipc/settings.ts';
import { hardenedOptions } from './hardened.ts';
import { terminalThemes } from './themes.ts';

/** The settings that a terminal follows while it is open. */
export type TerminalSettings = Pick<ClientSettings, 'terminalFontFamily' | 'terminalFontSizePx' | 'terminalTheme' | 'terminalScrollbackLines' | 'terminalScreenReader'>;

/** Options that may change while a terminal is open. */
export function liveOptions(settings: TerminalSettings): ITerminalOptions {
  return {
    fontFamily: settings.terminalFontFamily,
    fontSize: settings.terminalFontSizePx,
    theme: terminalThemes[settings.terminalTheme],
    scrollback: settings.terminalScrollbackLines,
    screenReaderMode: settings.terminalScreenReader,
  };
}

/** All options of a terminal in a page. */
export function terminalOptions(settings: TerminalSettings, readOnly: boolean): ITerminalOptions {
  return {
    ...hardenedOptions,
    ...liveOptions(settings),
    // Unicode 11, search marks and the link provider are proposals in xterm.js 6.
    allowProposedApi: true,
    disableStdin: readOnly,
    cursorBlink: false,
    cursorInactiveStyle: readOnly ? 'none' : 'outline',
    drawBoldTextInBrightColors: false,
    minimumContrastRatio: 4.5,
    macOptionIsMeta: true,
    rightClickSelectsWord: false,
    scrollOnUserInput: !readOnly,
  };
}
