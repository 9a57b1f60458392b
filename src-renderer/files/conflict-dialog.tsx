import { useState } from 'react';
import type { ConflictQuestion, ConflictRule } from '../../shared/ipc/files-port.ts';
import { Dialog } from '../controls/dialog.tsx';
import { useFormats, useText } from '../language/use-text.ts';

type Choice = Exclude<ConflictRule, 'ask'>;
const CHOICES: readonly Choice[] = ['skip', 'rename', 'newer', 'overwrite'];

/** Asks what to do with a file whose name is taken. */
export function ConflictDialog({ question, onDecide }: { readonly question: ConflictQuestion; readonly onDecide: (choice: Choice, forAll: boolean) => void }) {
  const text = useText();
  const formats = useFormats();
  const [forAll, setForAll] = useState(false);
  const side = ({ size, modifiedAtSeconds }: ConflictQuestion['here']) => `${formats.bytes(size)}, ${formats.dateTime(new Date(modifiedAtSeconds * 1000).toISOString())}`;
  return (
    <Dialog
      title={text('files.conflict', { name: question.name })}
      onClose={() => onDecide('skip', false)}
      actions={CHOICES.map((choice) => (
        <button key={choice} type="button" className={choice === 'overwrite' ? 'button button-danger' : 'button'} onClick={() => onDecide(choice, forAll)}>
          {text(`files.choice-${choice}`)}
        </button>
      ))}
    >
      <p>{text('files.conflict-here', { facts: side(question.here) })}</p>
      <p>{text('files.conflict-coming', { facts: side(question.coming) })}</p>
      <label className="check">
        <input type="checkbox" checked={forAll} onChange={(event) => setForAll(event.target.checked)} />
        {text('files.conflict-all')}
      </label>
    </Dialog>
  );
}
