import type { FilesCall } from '../../shared/ipc/files-port.ts';
import { printableFileName } from '../../shared/sftp/file-name-bytes.ts';
import { useText } from '../language/use-text.ts';
import { DeleteDialog } from './delete-dialog.tsx';
import { DetailsDialog } from './details-dialog.tsx';
import type { Side } from './file-drag.ts';
import { LinkDialog } from './link-dialog.tsx';
import { isName, NameDialog } from './name-dialog.tsx';
import type { Asking } from './side-actions.ts';
import type { CallFiles } from './use-folder.ts';

interface FilesDialogsProps {
  readonly asking: Asking;
  readonly resource: string;
  /** The folder of the target that is shown. */
  readonly path: string;
  /** The folder of this computer that is shown, below the granted one. */
  readonly place: readonly string[];
  /** That folder as it is shown. */
  readonly localWhere: string;
  readonly mayRead: boolean;
  readonly call: CallFiles;
  /** Does something on a side, and shows its folder anew. */
  readonly act: (side: Side, what: FilesCall) => void;
  /** Moves names of the folder of this computer to the system's trash. */
  readonly trash: (names: string[]) => void;
  readonly onClose: () => void;
}

/** The one dialog that is open over the panes. */
export function FilesDialogs({ asking, resource, path, place: shownPlace, localWhere, mayRead, call, act, trash, onClose }: FilesDialogsProps) {
  const text = useText();
  const place = [...shownPlace];
  switch (asking.kind) {
    case 'new-folder':
      return <NameDialog title={text('files.new-folder')} label={text('files.name')} first="" action={text('files.create')} takes={isName} onClose={onClose} onDone={(name) => act(asking.side, asking.side === 'remote' ? { do: 'make-folder', folder: path, name } : { do: 'make-local-folder', place, name })} />;
    case 'rename': {
      const from = asking.file.name;
      return <NameDialog title={text('files.rename-of', { name: printableFileName(from) })} label={text('files.name')} first={from.toWellFormed()} action={text('files.rename')} takes={isName} onClose={onClose} onDone={(to) => act(asking.side, asking.side === 'remote' ? { do: 'rename', folder: path, from, to } : { do: 'rename-local', place, from, to })} />;
    }
    case 'mode': {
      const { name, mode } = asking.file;
      return <NameDialog title={text('files.mode-of', { name: printableFileName(name) })} label={text('files.mode-octal')} first={(mode ?? 0).toString(8)} action={text('common.save')} takes={(value) => /^[0-7]{3,4}$/.test(value)} onClose={onClose} onDone={(digits) => act('remote', { do: 'set-mode', folder: path, name, mode: Number.parseInt(digits, 8) })} />;
    }
    case 'new-link':
      return <LinkDialog to={asking.to} onClose={onClose} onDone={(name, target) => act('remote', { do: 'make-link', folder: path, name, target })} />;
    case 'delete': {
      const names = [...asking.names];
      if (asking.side === 'local') return <DeleteDialog title={text('files.trash-title')} action={text('files.trash')} word="files.trash-body" names={names} count={() => call({ do: 'count-local', place, names })} onClose={onClose} onDelete={() => trash(names)} />;
      return <DeleteDialog title={text('files.delete-title', { resource })} action={text('files.delete')} word="files.delete-body" names={names} count={() => call({ do: 'count', folder: path, names })} onClose={onClose} onDelete={() => act('remote', { do: 'remove', folder: path, names })} />;
    }
    case 'details': {
      const names = asking.files.map(({ name }) => name);
      const one = asking.files.length === 1 ? asking.files[0] : undefined;
      const hashed = one?.kind === 'file' ? one.name : undefined;
      const asks =
        asking.side === 'local'
          ? { count: { do: 'count-local' as const, place, names }, hash: hashed === undefined ? null : { do: 'hash-local' as const, place, name: hashed }, link: null }
          : { count: { do: 'count' as const, folder: path, names }, hash: hashed === undefined || !mayRead ? null : { do: 'hash' as const, folder: path, name: hashed }, link: one?.kind === 'link' ? { do: 'read-link' as const, folder: path, name: one.name } : null };
      return <DetailsDialog files={asking.files} where={asking.side === 'local' ? localWhere : printableFileName(path)} call={call} asks={asks} onClose={onClose} />;
    }
  }
  return asking satisfies never;
}
