import { Dialog } from '../controls/dialog.tsx';
import { useText } from '../language/use-text.ts';

/** Shows where a link of the target's leads that is not opened, because it is not https (A9). */
export function RefusedLinkDialog({ shown, onClose }: { readonly shown: string; readonly onClose: () => void }) {
  const text = useText();
  return (
    <Dialog
      title={text('terminal.link-refused-title')}
      onClose={onClose}
      actions={
        <button type="button" className="button" onClick={onClose}>
          {text('common.close')}
        </button>
      }
    >
      <p className="field-problem">{text('terminal.link-refused')}</p>
      <pre className="preview" tabIndex={0}>
        {shown}
      </pre>
    </Dialog>
  );
}
