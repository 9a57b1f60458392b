import { Dialog } from '../controls/dialog.tsx';
import { Icon } from '../controls/icon.tsx';
import { useText } from '../language/use-text.ts';
import { ask } from '../mavis/ask.ts';
import { useParts } from '../stores/parts.tsx';

/** A one-time password, shown this once; nothing keeps it. */
export function OneTimePassword({ name, password, onClose }: { readonly name: string; readonly password: string; readonly onClose: () => void }) {
  const { mavis } = useParts();
  const text = useText();
  return (
    <Dialog
      title={text('users.password-title', { name })}
      onClose={onClose}
      actions={
        <>
          <button type="button" className="button" onClick={() => void ask(mavis.app.copyText({ text: password }))}>
            <Icon name="copy" />
            {text('common.copy')}
          </button>
          <button type="button" className="button button-primary" onClick={onClose}>
            {text('common.close')}
          </button>
        </>
      }
    >
      <p>{text('users.password-body')}</p>
      <p>
        <code className="one-time-password">{password}</code>
      </p>
    </Dialog>
  );
}
