import type { ListedFile } from '../../shared/ipc/files-port.ts';

export type Side = 'local' | 'remote';

/** The kind of data by which a drag of this window's files is known; what they are stays here. */
export const DRAG_KIND = 'application/x-mavis-files';

/** What is dragged in this window now: a drag has one source, and its data cannot be read before it is dropped. */
export interface Dragged {
  readonly side: Side;
  readonly files: readonly ListedFile[];
}

/** What a pane does with what is dropped on it. */
export interface DropTaker {
  /** Whether it takes what is dragged over it: files of the other side, or of the desktop. */
  readonly takes: (transfer: Pick<DataTransfer, 'types'>) => boolean;
  /** @param into a folder of the pane's, by its name; null for the one that it shows */
  readonly take: (transfer: Pick<DataTransfer, 'types' | 'files'>, into: string | null) => void;
}

/** Whether a drag comes from the desktop. */
export function fromDesktop({ types }: Pick<DataTransfer, 'types'>): boolean {
  return types.includes('Files') && !types.includes(DRAG_KIND);
}
