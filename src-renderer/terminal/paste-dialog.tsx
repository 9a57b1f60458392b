import { Dialog } from '../controls/dialog.tsx';
import { Icon } from '../controls/icon.tsx';
import { useText } from '../language/use-text.ts';
import { pastePreview, type PreparedPaste } from './paste.ts';

/** Asks before several lines are pasted, or not all of a text, and shows them (A10). */
export function PasteDialog({ paste, onPaste, onClose }: { readonly paste: PreparedPaste; readonly onPaste: () => void; readonly onClose: () => void }) {
  const text = useText();
  const { shown, more } = pastePreview(paste.text);
  return (
    <Dialog
      title={text('terminal.paste-title', { lines: paste.lines })}
      onClose={onClose}
      actions={
        <>
          <button type="button" className="button" onClick={onClose}>
            {text('common.cancel')}
          </button>
          <button type="button" className="button button-primary" onClick={onPaste}>
            {text('terminal.paste-confirm')}
          </button>
        </>
      }
    >
      <p>{text('terminal.paste-body')}</p>
      <pre className="preview" tabIndex={0} aria-label={text('terminal.paste-preview')}>
        {shown}
      </pre>
      {more > 0 && <p className="field-hint">{text('terminal.paste-more', { lines: more })}</p>}
      {paste.cut && (
        <p className="field-problem">
          <Icon name="warning" />
          {text('terminal.paste-kept')}
        </p>
      )}
      {paste.cleaned && (
        <p className="badge badge-warn">
          <Icon name="shield" />
          {text('terminal.paste-cleaned')}
        </p>
      )}
    </Dialog>
  );
}
