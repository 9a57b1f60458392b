import { useId, useState } from 'react';
import type { Credential } from '../../shared/api/credentials.ts';
import type { ShownError } from '../../shared/ipc/stores.ts';
import { changedFields } from '../controls/changed-fields.ts';
import { Dialog } from '../controls/dialog.tsx';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { Field } from '../controls/field.tsx';
import { useFocusOfDetails } from '../controls/focus-of-details.ts';
import { Icon } from '../controls/icon.tsx';
import { useOneAtATime } from '../controls/use-one-at-a-time.ts';
import { useFormats, useText } from '../language/use-text.ts';
import { askShowing } from '../mavis/ask.ts';
import { useParts } from '../stores/parts.tsx';
import { CredentialForm } from './credential-form.tsx';

/** One credential: what is known of it, and what may be done with it. */
export function CredentialDetails({ credential, onClose, onChanged }: { readonly credential: Credential; readonly onClose: () => void; readonly onChanged: () => void }) {
  const { mavis } = useParts();
  const details = useFocusOfDetails<HTMLElement>();
  const text = useText();
  const formats = useFormats();
  const [failure, setFailure] = useState<ShownError | null>(null);
  const [over, setOver] = useState<'replace' | 'remove' | null>(null);
  const [replaced, setReplaced] = useState(false);
  const params = { credentialId: credential.id };
  const remove = async () => {
    setOver(null);
    const answer = await askShowing(setFailure, mavis.service.credentialRemove({ params, query: {}, body: {} }));
    if (answer.ok) onClose();
    onChanged();
  };
  const change = async (body: { name?: string; userName?: string }) => {
    const answer = await askShowing(setFailure, mavis.service.credentialUpdate({ params, query: {}, body }));
    if (answer.ok) onChanged();
  };
  return (
    <aside
      ref={details}
      className="details scroll"
      aria-label={credential.name}
      tabIndex={0}
      onKeyDown={(event) => {
        if (event.key === 'Escape') onClose();
      }}
    >
      <header className="details-head">
        <h2 className="details-title">{credential.name}</h2>
        <button type="button" className="button button-quiet button-icon button-small" aria-label={text('common.close')} onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      {failure && <ErrorNotice error={failure} />}
      {replaced && (
        <p className="badge badge-good" role="status">
          <Icon name="check" />
          {text('credentials.replaced')}
        </p>
      )}
      <dl className="facts">
        <dt>{text('credentials.kind')}</dt>
        <dd>{text(`credentials.kind-${credential.kind}`)}</dd>
        <dt>{text('credentials.resources')}</dt>
        <dd>{formats.number(credential.resources)}</dd>
        <dt>{text('credentials.created')}</dt>
        <dd>{formats.dateTime(credential.createdAt)}</dd>
        <dt>{text('credentials.updated')}</dt>
        <dd>{formats.dateTime(credential.updatedAt)}</dd>
      </dl>
      <div className="details-actions">
        <button type="button" className="button" onClick={() => setOver('replace')}>
          <Icon name="key" />
          {text('credentials.replace')}
        </button>
        <button type="button" className="button" onClick={() => setOver('remove')}>
          <Icon name="trash" />
          {text('credentials.remove')}
        </button>
      </div>
      <NameFields key={`${credential.name}\n${credential.userName}`} credential={credential} onSave={change} />
      {over === 'replace' && (
        <CredentialForm
          replaced={credential}
          onClose={() => setOver(null)}
          onSaved={() => {
            setOver(null);
            setFailure(null);
            setReplaced(true);
            onChanged();
          }}
        />
      )}
      {over === 'remove' && (
        <Dialog
          title={text('credentials.remove-title', { name: credential.name })}
          onClose={() => setOver(null)}
          actions={
            <>
              <button type="button" className="button" onClick={() => setOver(null)}>
                {text('common.cancel')}
              </button>
              <button type="button" className="button button-danger" onClick={() => void remove()}>
                {text('credentials.remove')}
              </button>
            </>
          }
        >
          <p>{text('credentials.remove-body')}</p>
        </Dialog>
      )}
    </aside>
  );
}

/** What of a credential can be changed without its secret. */
function NameFields({ credential, onSave }: { readonly credential: Credential; readonly onSave: (change: { name?: string; userName?: string }) => Promise<void> }) {
  const text = useText();
  const formId = useId();
  const [fields, setFields] = useState({ name: credential.name, userName: credential.userName });
  const { busy, run } = useOneAtATime();
  const read = { name: fields.name.trim(), userName: fields.userName.trim() };
  const changed = read.name !== '' && read.userName !== '' && (read.name !== credential.name || read.userName !== credential.userName);
  return (
    <form
      id={formId}
      className="setup-body"
      onSubmit={(event) => {
        event.preventDefault();
        if (changed) void run(() => onSave(changedFields({ name: credential.name, userName: credential.userName }, read)));
      }}
    >
      <Field label={text('credentials.name')}>{(ties) => <input {...ties} className="input" value={fields.name} maxLength={200} autoComplete="off" onChange={(event) => setFields({ ...fields, name: event.target.value })} />}</Field>
      <Field label={text('credentials.user-name')} hint={text('credentials.user-name-hint')}>
        {(ties) => <input {...ties} className="input mono" value={fields.userName} maxLength={200} autoComplete="off" autoCapitalize="off" spellCheck={false} onChange={(event) => setFields({ ...fields, userName: event.target.value })} />}
      </Field>
      <button type="submit" className="button" aria-disabled={!changed || busy}>
        {text('common.save')}
      </button>
    </form>
  );
}
