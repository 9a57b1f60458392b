import { useState } from 'react';
import type { ConflictQuestion, ConflictRule } from '../../shared/ipc/files-port.ts';
import { Dialog } from '../controls/dialog.tsx';
import { useFormats, useText } from '../language/use-text.ts';
import type { FilesAsked } from './files-link.ts';

type Choice = Exclude<ConflictRule, 'ask'>;
const CHOICES: readonly Choice[] = ['skip', 'rename', 'newer', 'overwrite'];

/** Asks what to do with a file whose name is taken. */
export function ConflictDialog({ question, onDecide }: { readonly question: ConflictQuestion; readonly onDecide: (choice: Choice, forAll: boolean) => Promise<FilesAsked> }) {
  const text = useText();
  const formats = useFormats();
  const [forAll, setForAll] = useState(false);
  const [decided, setDecided] = useState(false);
  /** Once, and by no second click of a double one: that was meant for the question before. */
  const decide = async (choice: Choice, clicks: number) => {
    if (decided || clicks > 1) return;
    setDecided(true);
    const asked = await onDecide(choice, forAll);
    if (!asked.ok) setDecided(false);
  };
  const side = ({ size, modifiedAtSeconds }: ConflictQuestion['here']) => `${formats.bytes(size)}, ${formats.dateTime(new Date(modifiedAtSeconds * 1000).toISOString())}`;
  return (
    <Dialog
      title={text('files.conflict', { name: question.name })}
      onClose={() => void decide('skip', 0)}
      actions={CHOICES.map((choice) => (
        <button key={choice} type="button" className={choice === 'overwrite' ? 'button button-danger' : 'button'} aria-disabled={decided} onClick={(event) => void decide(choice, event.detail)}>
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
