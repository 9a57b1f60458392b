import { useId, useState } from 'react';
import type { ShownError } from '../../shared/ipc/stores.ts';
import { Dialog } from '../controls/dialog.tsx';
import { DialogForm } from '../controls/dialog-form.tsx';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { Field } from '../controls/field.tsx';
import { useText } from '../language/use-text.ts';

interface EndDialogProps {
  readonly title: string;
  readonly end: (reason: string) => Promise<{ readonly ok: true } | { readonly ok: false; readonly error: ShownError }>;
  readonly onClose: () => void;
  readonly onAsked: () => void;
}

/** Ends a session of somebody else's: asks for the reason, which the audit log keeps. */
export function EndDialog({ title, end: endFor, onClose, onAsked }: EndDialogProps) {
  const text = useText();
  const formId = useId();
  const [reason, setReason] = useState('');
  const [failure, setFailure] = useState<ShownError | null>(null);
  const end = async () => {
    if (reason.trim() === '') return;
    const answer = await endFor(reason.trim());
    if (answer.ok) onAsked();
    else setFailure(answer.error);
  };
  return (
    <Dialog
      title={title}
      onClose={onClose}
      actions={
        <>
          <button type="button" className="button" onClick={onClose}>
            {text('common.cancel')}
          </button>
          <button type="submit" form={formId} className="button button-danger" aria-disabled={reason.trim() === ''}>
            {text('all-sessions.end-short')}
          </button>
        </>
      }
    >
      <DialogForm id={formId} onSubmit={end}>
        <p>{text('all-sessions.end-body')}</p>
        <Field label={text('all-sessions.reason')}>{(ties) => <input {...ties} className="input" type="text" value={reason} maxLength={500} onChange={(event) => setReason(event.target.value)} />}</Field>
        {failure && <ErrorNotice error={failure} />}
      </DialogForm>
    </Dialog>
  );
}
