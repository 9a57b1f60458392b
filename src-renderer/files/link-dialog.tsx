import { useId, useState } from 'react';
import { Dialog } from '../controls/dialog.tsx';
import { DialogForm } from '../controls/dialog-form.tsx';
import { Field } from '../controls/field.tsx';
import { useText } from '../language/use-text.ts';
import { isName } from './name-dialog.tsx';

interface LinkDialogProps {
  /** Where it leads, at first. */
  readonly to: string;
  readonly onDone: (name: string, target: string) => void;
  readonly onClose: () => void;
}

/** Asks for a link's name, and where it leads: a path from the root, or from the link's own folder. */
export function LinkDialog({ to, onDone, onClose }: LinkDialogProps) {
  const text = useText();
  const formId = useId();
  const [name, setName] = useState('');
  const [target, setTarget] = useState(to);
  const good = isName(name) && target !== '' && !target.includes('\0');
  return (
    <Dialog
      title={text('files.new-link')}
      onClose={onClose}
      actions={
        <>
          <button type="button" className="button" onClick={onClose}>
            {text('common.cancel')}
          </button>
          <button type="submit" form={formId} className="button button-primary" aria-disabled={!good}>
            {text('files.create')}
          </button>
        </>
      }
    >
      <DialogForm
        id={formId}
        onSubmit={() => {
          if (good) onDone(name, target);
          return Promise.resolve();
        }}
      >
        <Field label={text('files.name')}>{(ties) => <input {...ties} className="input" value={name} autoFocus spellCheck={false} autoComplete="off" onChange={(event) => setName(event.target.value)} />}</Field>
        <Field label={text('files.link-target')}>{(ties) => <input {...ties} className="input mono" value={target} spellCheck={false} autoComplete="off" onChange={(event) => setTarget(event.target.value)} />}</Field>
      </DialogForm>
    </Dialog>
  );
}
