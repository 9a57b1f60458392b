import type { FilesCall } from '../../shared/ipc/files-port.ts';
import { printableFileName } from '../../shared/sftp/file-name-bytes.ts';
import { useText } from '../language/use-text.ts';
import { DeleteDialog } from './delete-dialog.tsx';
import { DetailsDialog } from './details-dialog.tsx';
import type { LocalPlaceShown, PlaceShown } from './file-place.ts';
import { LinkDialog } from './link-dialog.tsx';
import { isName, NameDialog } from './name-dialog.tsx';
import type { Asking } from './side-actions.ts';
import type { CallFiles } from './use-folder.ts';

interface FilesDialogsProps {
  readonly asking: Asking;
  readonly resource: string;
  /** The name of the granted folder of this computer. */
  readonly localName: string;
  readonly mayRead: boolean;
  readonly call: CallFiles;
  /** Does something in a folder, and shows it anew. */
  readonly act: (at: PlaceShown, what: FilesCall) => void;
  /** Moves names of a folder of this computer to the system's trash. */
  readonly trash: (at: LocalPlaceShown, names: string[]) => void;
  readonly onClose: () => void;
}

/** The one dialog that is open over the panes. It is about the folder in which it was opened, whatever they show now. */
export function FilesDialogs({ asking, resource, localName, mayRead, call, act, trash, onClose }: FilesDialogsProps) {
  const text = useText();
  switch (asking.kind) {
    case 'new-folder': {
      const { at } = asking;
      return <NameDialog title={text('files.new-folder')} label={text('files.name')} first="" action={text('files.create')} takes={isName} onClose={onClose} onDone={(name) => act(at, at.side === 'remote' ? { do: 'make-folder', folder: at.folder, name } : { do: 'make-local-folder', place: [...at.place], name })} />;
    }
    case 'rename': {
      const { at, file: { name: from } } = asking;
      return <NameDialog title={text('files.rename-of', { name: printableFileName(from) })} label={text('files.name')} first={from.toWellFormed()} action={text('files.rename')} takes={isName} onClose={onClose} onDone={(to) => act(at, at.side === 'remote' ? { do: 'rename', folder: at.folder, from, to } : { do: 'rename-local', place: [...at.place], from, to })} />;
    }
    case 'mode': {
      const { at, file: { name, mode } } = asking;
      return <NameDialog title={text('files.mode-of', { name: printableFileName(name) })} label={text('files.mode-octal')} first={(mode ?? 0).toString(8)} action={text('common.save')} takes={(value) => /^[0-7]{3,4}$/.test(value)} onClose={onClose} onDone={(digits) => act(at, { do: 'set-mode', folder: at.folder, name, mode: Number.parseInt(digits, 8) })} />;
    }
    case 'new-link': {
      const { at, to } = asking;
      return <LinkDialog to={to} onClose={onClose} onDone={(name, target) => act(at, { do: 'make-link', folder: at.folder, name, target })} />;
    }
    case 'delete': {
      const { at } = asking;
      const names = [...asking.names];
      if (at.side === 'local') return <DeleteDialog title={text('files.trash-title')} action={text('files.trash')} word="files.trash-body" names={names} count={() => call({ do: 'count-local', place: [...at.place], names })} onClose={onClose} onDelete={() => trash(at, names)} />;
      return <DeleteDialog title={text('files.delete-title', { resource })} action={text('files.delete')} word="files.delete-body" names={names} count={() => call({ do: 'count', folder: at.folder, names })} onClose={onClose} onDelete={() => act(at, { do: 'remove', folder: at.folder, names })} />;
    }
    case 'details': {
      const { at } = asking;
      const names = asking.files.map(({ name }) => name);
      const one = asking.files.length === 1 ? asking.files[0] : undefined;
      const hashed = one?.kind === 'file' ? one.name : undefined;
      const asks =
        at.side === 'local'
          ? { count: { do: 'count-local' as const, place: [...at.place], names }, hash: hashed === undefined ? null : { do: 'hash-local' as const, place: [...at.place], name: hashed }, link: null }
          : { count: { do: 'count' as const, folder: at.folder, names }, hash: hashed === undefined || !mayRead ? null : { do: 'hash' as const, folder: at.folder, name: hashed }, link: one?.kind === 'link' ? { do: 'read-link' as const, folder: at.folder, name: one.name } : null };
      return <DetailsDialog files={asking.files} where={at.side === 'local' ? [localName, ...at.place].join('/') : printableFileName(at.folder)} call={call} asks={asks} onClose={onClose} />;
    }
  }
  return asking satisfies never;
}
