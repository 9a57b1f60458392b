import type { EditedFile, EditStep } from '../../shared/ipc/files-port.ts';
import { errorText } from '../../shared/languages/error-text.ts';
import { Icon } from '../controls/icon.tsx';
import { useText, useTranslator } from '../language/use-text.ts';

interface EditedPanelProps {
  readonly edits: readonly EditedFile[];
  readonly live: boolean;
  readonly onStep: (editId: number, step: EditStep) => void;
}

/** What can be done with a file that is edited, by how it stands. */
const STEPS: Readonly<Record<EditedFile['status'], readonly EditStep[]>> = { opening: [], open: ['open', 'close'], uploading: [], 'changed-there': ['overwrite', 'keep-both', 'discard'], failed: ['retry', 'discard'] };

/** The files that are open in the user's programs; one that became another on the target meanwhile says so, and waits. */
export function EditedPanel({ edits, live, onStep }: EditedPanelProps) {
  const text = useText();
  if (edits.length === 0) return null;
  return (
    <section className="files-edited" aria-label={text('files.edited')}>
      <h2 className="files-title">{text('files.edited')}</h2>
      <ul className="files-job-notes">
        {edits.map((edit) => (
          <EditRow key={edit.id} edit={edit} live={live} onStep={onStep} />
        ))}
      </ul>
    </section>
  );
}

function EditRow({ edit, live, onStep }: { readonly edit: EditedFile; readonly live: boolean; readonly onStep: EditedPanelProps['onStep'] }) {
  const text = useText();
  const translator = useTranslator();
  const why = edit.failure === null ? null : errorText(translator, edit.failure.code, edit.failure.args);
  const wrong = edit.status === 'changed-there' || edit.status === 'failed';
  return (
    <li className="files-edit" data-status={edit.status}>
      <Icon name={wrong ? 'warning' : 'edit'} />
      <bdi className="ellipsis" title={edit.name}>{edit.name}</bdi>
      <span className={wrong ? 'files-job-failure' : 'files-edit-state'} role={wrong ? 'alert' : 'status'}>
        {text(`files.edit-${edit.status}`)} {why && `${why.message} ${why.remedy}`} {edit.uploads > 0 && `(${text('files.edit-uploads', { count: edit.uploads })})`}
      </span>
      <span className="files-job-steps">
        {STEPS[edit.status].map((step) => {
          const can = live || step === 'discard';
          return (
            <button key={step} type="button" className="button button-small" aria-label={`${text(`files.edit-do-${step}`)}: ${edit.name}`} aria-disabled={!can} onClick={() => can && onStep(edit.id, step)}>
              {text(`files.edit-do-${step}`)}
            </button>
          );
        })}
      </span>
    </li>
  );
}
