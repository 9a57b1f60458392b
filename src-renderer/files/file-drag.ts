import type { ListedFile } from '../../shared/ipc/files-port.ts';
import type { PlaceShown } from './file-place.ts';

/** The kind of data by which a drag of such a window's files is known; what they are stays in the window. */
export const DRAG_KIND = 'application/x-mavis-files';

/** What is dragged in this window now: a drag has one source, and its data cannot be read before it is dropped. */
export interface Dragged {
  /** What the drag's data holds: one of another window, or one whose end was not heard of, has another. */
  readonly id: string;
  /** Where the files were when the drag began. */
  readonly from: PlaceShown;
  readonly files: readonly ListedFile[];
}

/** What a pane does with what is dropped on it. */
export interface DropTaker {
  /** Whether it takes what is dragged over it: files of the other side, or of the desktop. */
  readonly takes: (transfer: Pick<DataTransfer, 'types'>) => boolean;
  /** @param into a folder of the pane's, by its name; null for the one that it shows */
  readonly take: (transfer: Pick<DataTransfer, 'types' | 'files' | 'getData'>, into: string | null) => void;
}

/** Whether a drag comes from the desktop. */
export function fromDesktop({ types }: Pick<DataTransfer, 'types'>): boolean {
  return types.includes('Files') && !types.includes(DRAG_KIND);
}
