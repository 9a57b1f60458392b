import type { DragOut } from '../../shared/ipc/files-port.ts';
import { errorText } from '../../shared/languages/error-text.ts';
import { Icon } from '../controls/icon.tsx';
import { useText, useTranslator } from '../language/use-text.ts';

interface DragOutPanelProps {
  readonly dragOuts: readonly DragOut[];
  readonly live: boolean;
  /** The user drags one: the system's own drag takes over from the page's. */
  readonly onDrag: (dragOutId: number) => void;
  readonly onDrop: (dragOutId: number) => void;
}

/** What the user wants to drag out of the window. Those without a pointer have the same by a download into a folder of their choice. */
export function DragOutPanel({ dragOuts, live, onDrag, onDrop }: DragOutPanelProps) {
  const text = useText();
  if (dragOuts.length === 0) return null;
  return (
    <section className="files-edited" aria-label={text('files.drag-outs')}>
      <h2 className="files-title">{text('files.drag-outs')}</h2>
      <ul className="files-job-notes">
        {dragOuts.map((dragOut) => (
          <DragOutRow key={dragOut.id} dragOut={dragOut} live={live} onDrag={onDrag} onDrop={onDrop} />
        ))}
      </ul>
    </section>
  );
}

function DragOutRow({ dragOut: { id, names, count, status, failure }, live, onDrag, onDrop }: Omit<DragOutPanelProps, 'dragOuts'> & { readonly dragOut: DragOut }) {
  const text = useText();
  const translator = useTranslator();
  const shown = names.join(', ');
  const label = count > names.length ? text('files.drag-out-more', { names: shown, count: count - names.length }) : shown;
  const why = failure === null ? null : errorText(translator, failure.code, failure.args);
  const ready = live && status === 'ready';
  return (
    <li
      className="files-edit files-drag-out"
      data-status={status}
      draggable={ready}
      onDragStart={(event) => {
        event.preventDefault();
        if (ready) onDrag(id);
      }}
    >
      <Icon name={status === 'failed' ? 'warning' : 'file'} />
      <bdi className="ellipsis" title={label}>{label}</bdi>
      <span className={status === 'failed' ? 'files-job-failure' : 'files-edit-state'} role={status === 'failed' ? 'alert' : 'status'}>
        {text(`files.drag-out-${status}`)} {why && `${why.message} ${why.remedy}`}
      </span>
      <span className="files-job-steps">
        <button type="button" className="button button-small" aria-label={`${text('files.drag-out-drop')}: ${label}`} aria-disabled={!live} onClick={() => live && onDrop(id)}>
          {text('files.drag-out-drop')}
        </button>
      </span>
    </li>
  );
}
