import type { PseudoTtyInfo, WindowChangeInfo } from 'ssh2';
import { TERMINAL_BOUNDS } from '../../shared/ipc/session-port.ts';
import type { TerminalSize } from '../../shared/recording/recording-frame.ts';

/** What a client asks for, within the bounds: a terminal of one letter would hide from a reader of the recording what was shown. */
export function boundedSize(asked: Pick<WindowChangeInfo, 'cols' | 'rows' | 'width' | 'height'>): TerminalSize {
  const { minColumns, maxColumns, minRows, maxRows } = TERMINAL_BOUNDS;
  return { columns: within(asked.cols, minColumns, maxColumns), rows: within(asked.rows, minRows, maxRows), widthPx: within(asked.width, 0, 0xffff), heightPx: within(asked.height, 0, 0xffff) };
}

/** A terminal's name as terminfo knows them; others are refused. */
export function isTerminalName(info: Pick<PseudoTtyInfo, 'term'>): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$/.test(info.term);
}

function within(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(most, Number.isFinite(value) ? Math.floor(value) : least));
}
