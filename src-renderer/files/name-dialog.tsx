import { useState } from 'react';
import { Dialog } from '../controls/dialog.tsx';
import { Field } from '../controls/field.tsx';
import { useText } from '../language/use-text.ts';

interface NameDialogProps {
  readonly title: string;
  readonly label: string;
  readonly first: string;
  readonly action: string;
  /** What the input takes; others are refused while they are typed. */
  readonly takes: (value: string) => boolean;
  readonly onDone: (value: string) => void;
  readonly onClose: () => void;
}

/** Asks for one short text: a name, or permissions. */
export function NameDialog({ title, label, first, action, takes, onDone, onClose }: NameDialogProps) {
  const text = useText();
  const [value, setValue] = useState(first);
  const good = takes(value);
  const done = () => {
    if (good) onDone(value);
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
          <button type="button" className="button button-primary" aria-disabled={!good} onClick={done}>
            {action}
          </button>
        </>
      }
    >
      <Field label={label}>
        {(ties) => (
          <input
            {...ties}
            className="input"
            value={value}
            autoFocus
            spellCheck={false}
            autoComplete="off"
            onChange={(event) => setValue(event.target.value)}
            onKeyDown={(event) => {
              if (event.key === 'Enter' && !event.nativeEvent.isComposing) done();
            }}
          />
        )}
      </Field>
    </Dialog>
  );
}

/** Whether a text can be a name on both sides. */
export function isName(value: string): boolean {
  return value !== '' && value !== '.' && value !== '..' && value.length <= 255 && !/[/\\\0]/.test(value);
}
