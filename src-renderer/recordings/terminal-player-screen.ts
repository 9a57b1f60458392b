import type { ClientSettings } from '../../shared/ipc/settings.ts';
import { PageTerminal } from '../terminal/page-terminal.ts';
import type { MadeScreen } from './desktop-player-screen.ts';

/** The terminal on which a recording plays or a session is watched, without input; `onGrid` is told its size. */
export function terminalScreen(place: HTMLElement, settings: ClientSettings, terminal: { current: PageTerminal | null }, onGrid: (grid: { readonly columns: number; readonly rows: number }) => void): MadeScreen {
  const page = new PageTerminal(place, settings, {}, { readOnly: true, fitted: false });
  terminal.current = page;
  return {
    screen: {
      write: (bytes, drawn) => page.write(bytes, drawn),
      resize: (columns, rows) => {
        page.resize(columns, rows);
        onGrid({ columns: page.size.columns, rows: page.size.rows });
      },
      reset: () => page.reset(),
    },
    dispose: () => {
      page.dispose();
      terminal.current = null;
    },
  };
}

/** A letter of a fixed font is about so wide and high, in parts of its size. */
const LETTER = { width: 0.605, height: 1.22 } as const;
const MIN_FONT_PX = 6;

/** The largest size of letters, up to the setting's, at which the whole grid is seen. */
export function fittingFontPx(grid: { readonly columns: number; readonly rows: number }, area: { readonly width: number; readonly height: number }, mostPx: number): number {
  const fitting = Math.min((area.width - 24) / (grid.columns * LETTER.width), (area.height - 16) / (grid.rows * LETTER.height));
  return Math.max(MIN_FONT_PX, Math.min(mostPx, Math.floor(fitting)));
}
