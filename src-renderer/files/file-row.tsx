import type { DragEvent, MouseEvent } from 'react';
import { printableFileName } from '../../shared/sftp/file-name-bytes.ts';
import type { ListedFile } from '../../shared/ipc/files-port.ts';
import { Icon } from '../controls/icon.tsx';
import { useFormats, useText } from '../language/use-text.ts';
import { permissionLetters } from './file-order.ts';

interface FileRowProps {
  readonly id: string;
  readonly index: number;
  readonly file: ListedFile;
  readonly active: boolean;
  readonly chosen: boolean;
  /** Whether something is dragged over it that it takes. */
  readonly over: boolean;
  readonly onClick: (event: MouseEvent) => void;
  readonly onOpen: (event: MouseEvent) => void;
  /** A menu of it is wanted. */
  readonly onGrasp: () => void;
  readonly onDragStart: (event: DragEvent) => void;
  readonly onDragEnd: () => void;
}

/** One name of a folder with its facts. */
export function FileRow({ id, index, file, active, chosen, over, onClick, onOpen, onGrasp, onDragStart, onDragEnd }: FileRowProps) {
  const text = useText();
  const formats = useFormats();
  const name = printableFileName(file.name);
  return (
    <div id={id} role="gridcell" className="files-row files-columns" data-index={index} data-active={active} data-chosen={chosen} data-over={over} aria-selected={chosen} draggable onClick={onClick} onDoubleClick={onOpen} onContextMenu={onGrasp} onDragStart={onDragStart} onDragEnd={onDragEnd}>
      <span className="files-name">
        <Icon name={ICONS[file.kind]} />
        <span className="visually-hidden">{text(`files.kind-${file.kind}`)} </span>
        <bdi className="ellipsis" title={name}>{name}</bdi>
      </span>
      <span className="files-size tabular">{file.kind === 'folder' ? '' : formats.bytes(file.size)}</span>
      <span className="files-modified tabular ellipsis">{file.modifiedAtSeconds === 0 ? '' : formats.dateTime(new Date(file.modifiedAtSeconds * 1000).toISOString())}</span>
      <span className="files-mode mono ellipsis" title={file.owner}>{file.mode === null ? '' : `${permissionLetters(file.mode)} ${file.owner}`}</span>
    </div>
  );
}

const ICONS = { folder: 'folder', file: 'file', link: 'link', other: 'question' } as const;
