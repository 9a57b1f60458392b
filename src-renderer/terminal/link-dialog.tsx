import { useState } from 'react';
import type { ShownError } from '../../shared/ipc/stores.ts';
import { Dialog } from '../controls/dialog.tsx';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { useText } from '../language/use-text.ts';
import { ask } from '../mavis/ask.ts';
import { useParts } from '../stores/parts.tsx';
import type { SeenLink } from './links.ts';

/** Asks before a link of the target's is opened, and shows where it leads (A9). One that is not https is only shown. */
export function LinkDialog({ link, shown, onClose }: { readonly link: SeenLink; readonly shown: string; readonly onClose: () => void }) {
  const { mavis } = useParts();
  const text = useText();
  const [failure, setFailure] = useState<ShownError | null>(null);
  const target = link.kind === 'https' ? link.url : link.shown;
  const differs = shown !== '' && shown !== target && `${shown}/` !== target;
  const open = async () => {
    if (link.kind !== 'https') return;
    const answer = await ask(mavis.app.openLink({ url: link.url }));
    if (answer.ok) onClose();
    else setFailure(answer.error);
  };
  return (
    <Dialog
      title={text('terminal.link-title')}
      onClose={onClose}
      actions={
        <>
          <button type="button" className="button" onClick={onClose}>
            {text('common.cancel')}
          </button>
          {link.kind === 'https' && (
            <>
              <button type="button" className="button" onClick={() => void ask(mavis.app.copyText({ text: link.url })).then(onClose)}>
                {text('terminal.link-copy')}
              </button>
              <button type="button" className="button button-primary" onClick={() => void open()}>
                {text('terminal.link-open')}
              </button>
            </>
          )}
        </>
      }
    >
      {link.kind === 'https' ? <p>{text('terminal.link-body')}</p> : <p className="field-problem">{text('terminal.link-refused')}</p>}
      {link.kind === 'https' && <p className="link-host">{link.host}</p>}
      <pre className="preview" tabIndex={0}>
        {target}
      </pre>
      {differs && (
        <p>
          {text('terminal.link-text-differs')} <bdi className="link-shown">{shown}</bdi>
        </p>
      )}
      {failure && <ErrorNotice error={failure} />}
    </Dialog>
  );
}
