import { TERMINAL_BOUNDS } from '../../shared/ipc/session-port.ts';

/** A grid that a terminal can have, next to the one that is wished for. */
export function boundedGrid(columns: number, rows: number): { readonly columns: number; readonly rows: number } {
  return { columns: bounded(columns, TERMINAL_BOUNDS.minColumns, TERMINAL_BOUNDS.maxColumns), rows: bounded(rows, TERMINAL_BOUNDS.minRows, TERMINAL_BOUNDS.maxRows) };
}

function bounded(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(most, Math.floor(value)));
}
