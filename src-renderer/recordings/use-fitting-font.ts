import { type RefObject, useLayoutEffect } from 'react';
import type { ClientSettings } from '../../shared/ipc/settings.ts';
import type { PageTerminal } from '../terminal/page-terminal.ts';
import { fittingFontPx } from './terminal-player-screen.ts';

/** Keeps a terminal's letters as large as its whole grid allows in its area, and its looks those of the settings. */
export function useFittingFont(area: RefObject<HTMLElement | null>, terminal: RefObject<PageTerminal | null>, grid: { readonly columns: number; readonly rows: number }, settings: ClientSettings): void {
  useLayoutEffect(() => {
    const element = area.current;
    if (!element) return undefined;
    const fit = () => terminal.current?.apply({ ...settings, terminalFontSizePx: fittingFontPx(grid, { width: element.clientWidth, height: element.clientHeight }, settings.terminalFontSizePx) });
    fit();
    const observer = new ResizeObserver(fit);
    observer.observe(element);
    return () => observer.disconnect();
  }, [area, terminal, grid, settings]);
}
