import { useEffect, useState } from 'react';
import { printableFileName } from '../../shared/sftp/file-name-bytes.ts';
import { Dialog } from '../controls/dialog.tsx';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { useFormats, useText } from '../language/use-text.ts';
import type { FilesAsked } from './files-link.ts';

/** More names than a dialog can show help nobody. */
const MOST_NAMES = 10;

interface DeleteDialogProps {
  readonly title: string;
  /** What the button says. */
  readonly action: string;
  /** The sentence that says what goes. */
  readonly word: 'files.delete-body' | 'files.trash-body';
  readonly names: readonly string[];
  readonly count: () => Promise<FilesAsked>;
  readonly onDelete: () => void;
  readonly onClose: () => void;
}

/** Says what will be deleted, with all that is in it, before it is. */
export function DeleteDialog({ title, action, word, names, count, onDelete, onClose }: DeleteDialogProps) {
  const text = useText();
  const formats = useFormats();
  const [counted, setCounted] = useState<FilesAsked | null>(null);
  const [ask] = useState(() => count);
  useEffect(() => {
    let over = false;
    void ask().then((asked) => !over && setCounted(asked));
    return () => {
      over = true;
    };
  }, [ask]);
  const known = counted?.ok === true;
  const listed = formats.list([...names.slice(0, MOST_NAMES).map(printableFileName), ...(names.length > MOST_NAMES ? ['…'] : [])]);
  return (
    <Dialog
      title={title}
      onClose={onClose}
      actions={
        <>
          <button type="button" className="button" autoFocus onClick={onClose}>
            {text('common.cancel')}
          </button>
          <button type="button" className="button button-danger" aria-disabled={!known} onClick={() => known && onDelete()}>
            {action}
          </button>
        </>
      }
    >
      {counted === null && <p role="status">{text('files.delete-counting')}</p>}
      {counted?.ok === true && <p className="files-delete">{text(word, { files: counted.value.files ?? 0, folders: counted.value.folders ?? 0, names: listed })}</p>}
      {counted?.ok === false && <ErrorNotice error={counted.error} />}
    </Dialog>
  );
}
