import { useId, useState } from 'react';
import { type Credential, credentialKind } from '../../shared/api/credentials.ts';
import type { CredentialDraft } from '../../shared/ipc/credential-draft.ts';
import type { ShownError } from '../../shared/ipc/stores.ts';
import { Dialog } from '../controls/dialog.tsx';
import { DialogForm } from '../controls/dialog-form.tsx';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { Field } from '../controls/field.tsx';
import { Icon } from '../controls/icon.tsx';
import { PasswordInput } from '../controls/password-input.tsx';
import { useText } from '../language/use-text.ts';
import { ask } from '../mavis/ask.ts';
import { useParts } from '../stores/parts.tsx';
import './credentials.css';

/** What is typed of a credential. It lives as long as the form, and goes nowhere but to main. */
interface TypedCredential {
  readonly kind: Credential['kind'];
  readonly name: string;
  readonly userName: string;
  readonly password: string;
  readonly privateKey: string;
  readonly keyFile: { readonly id: string; readonly name: string } | null;
  readonly passphrase: string;
}

interface CredentialFormProps {
  /** The credential that gets another secret; null where one is added. */
  readonly replaced: Credential | null;
  readonly onClose: () => void;
  readonly onSaved: (credential: Credential) => void;
}

/** A dialog that adds a credential, or gives one another secret: a password, or a private key that is pasted or chosen as a file. */
export function CredentialForm({ replaced, onClose, onSaved }: CredentialFormProps) {
  const { mavis } = useParts();
  const text = useText();
  const formId = useId();
  const [typed, setTyped] = useState<TypedCredential>({ kind: replaced?.kind ?? 'password', name: replaced?.name ?? '', userName: replaced?.userName ?? '', password: '', privateKey: '', keyFile: null, passphrase: '' });
  const [failure, setFailure] = useState<ShownError | null>(null);
  const [saving, setSaving] = useState(false);
  const draft = draftOf(typed);
  const save = async () => {
    if (draft === undefined || saving) return;
    setSaving(true);
    const answer = await ask(mavis.credentials.save({ credentialId: replaced?.id ?? null, fields: draft }));
    setSaving(false);
    setFailure(answer.ok ? null : answer.error);
    if (!answer.ok) return;
    setTyped({ ...typed, password: '', privateKey: '', keyFile: null, passphrase: '' });
    onSaved(answer.value);
  };
  const chooseFile = async () => {
    const answer = await ask(mavis.credentials.chooseKeyFile({}));
    setFailure(answer.ok ? null : answer.error);
    const keyFile = answer.ok ? answer.value.keyFile : null;
    if (keyFile) setTyped((before) => ({ ...before, keyFile, privateKey: '' }));
  };
  return (
    <Dialog
      title={replaced === null ? text('credentials.add') : text('credentials.replace-title', { name: replaced.name })}
      onClose={onClose}
      actions={
        <>
          <button type="button" className="button" onClick={onClose}>
            {text('common.cancel')}
          </button>
          <button type="submit" form={formId} className="button button-primary" aria-disabled={draft === undefined || saving}>
            {text('common.save')}
          </button>
        </>
      }
    >
      <DialogForm id={formId} onSubmit={save}>
        {replaced === null && (
          <>
            <Field label={text('credentials.name')}>{(ties) => <input {...ties} className="input" value={typed.name} maxLength={200} autoComplete="off" onChange={(event) => setTyped({ ...typed, name: event.target.value })} />}</Field>
            <Field label={text('credentials.user-name')} hint={text('credentials.user-name-hint')}>
              {(ties) => <input {...ties} className="input mono" value={typed.userName} maxLength={200} autoComplete="off" autoCapitalize="off" spellCheck={false} onChange={(event) => setTyped({ ...typed, userName: event.target.value })} />}
            </Field>
          </>
        )}
        <Field label={text('credentials.kind')}>
          {(ties) => (
            <select {...ties} className="input" value={typed.kind} onChange={(event) => setTyped({ ...typed, kind: credentialKind.catch(typed.kind).parse(event.target.value) })}>
              {credentialKind.options.map((kind) => (
                <option key={kind} value={kind}>
                  {text(`credentials.kind-${kind}`)}
                </option>
              ))}
            </select>
          )}
        </Field>
        {typed.kind === 'password' ? (
          <Field label={text('credentials.password')}>{(ties) => <PasswordInput ties={ties} value={typed.password} maxLength={1024} autoComplete="off" onChange={(password) => setTyped({ ...typed, password })} />}</Field>
        ) : (
          <PrivateKeyFields typed={typed} onChange={setTyped} onChooseFile={() => void chooseFile()} />
        )}
        <p className="field-hint">{text('credentials.kept')}</p>
        {failure && <ErrorNotice error={failure} />}
      </DialogForm>
    </Dialog>
  );
}

function PrivateKeyFields({ typed, onChange, onChooseFile }: { readonly typed: TypedCredential; readonly onChange: (typed: TypedCredential) => void; readonly onChooseFile: () => void }) {
  const text = useText();
  const { keyFile } = typed;
  return (
    <>
      {keyFile === null ? (
        <Field label={text('credentials.private-key')} hint={text('credentials.private-key-hint')}>
          {(ties) => <textarea {...ties} className="input mono secret-text" rows={4} value={typed.privateKey} maxLength={32_768} autoComplete="off" autoCapitalize="off" spellCheck={false} onChange={(event) => onChange({ ...typed, privateKey: event.target.value })} />}
        </Field>
      ) : (
        <div className="field">
          <span className="field-label">{text('credentials.key-file')}</span>
          <div className="credential-file" role="status">
            <Icon name="file" />
            <span className="credential-file-name">{keyFile.name}</span>
            <button type="button" className="button button-small" onClick={() => onChange({ ...typed, keyFile: null })}>
              {text('credentials.paste-instead')}
            </button>
          </div>
        </div>
      )}
      <button type="button" className="button credential-choose" onClick={onChooseFile}>
        <Icon name="folder" />
        {text('credentials.choose-file')}
      </button>
      <Field label={text('credentials.passphrase')} hint={text('credentials.passphrase-hint')}>
        {(ties) => <PasswordInput ties={ties} value={typed.passphrase} maxLength={1024} autoComplete="off" onChange={(passphrase) => onChange({ ...typed, passphrase })} />}
      </Field>
    </>
  );
}

/** What is saved of what was typed; undefined where something is still missing. */
export function draftOf(typed: TypedCredential): CredentialDraft | undefined {
  const named = { name: typed.name.trim(), userName: typed.userName.trim() };
  if (named.name === '' || named.userName === '') return undefined;
  if (typed.kind === 'password') return typed.password === '' ? undefined : { kind: 'password', ...named, password: typed.password };
  const passphrase = typed.passphrase === '' ? {} : { passphrase: typed.passphrase };
  if (typed.keyFile !== null) return { kind: 'key-file', ...named, keyFileId: typed.keyFile.id, ...passphrase };
  return typed.privateKey.trim() === '' ? undefined : { kind: 'private-key', ...named, privateKey: typed.privateKey, ...passphrase };
}
