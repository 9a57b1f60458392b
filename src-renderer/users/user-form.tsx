import { useRef, useState } from 'react';
import { role, type Role } from '../../shared/api/roles.ts';
import { userName, type User } from '../../shared/api/users.ts';
import type { ShownError } from '../../shared/ipc/stores.ts';
import { DateTimeField, UNREAD } from '../controls/date-time-field.tsx';
import { Dialog } from '../controls/dialog.tsx';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { Field } from '../controls/field.tsx';
import { focusProblem } from '../controls/focus-problem.ts';
import { useOneAtATime } from '../controls/use-one-at-a-time.ts';
import { useText } from '../language/use-text.ts';
import { ask } from '../mavis/ask.ts';
import { useParts } from '../stores/parts.tsx';
import { OneTimePassword } from './one-time-password.tsx';

/** A dialog that adds a user; the one-time password is shown in it, once. */
export function UserForm({ onClose, onAdded }: { readonly onClose: () => void; readonly onAdded: (user: User) => void }) {
  const { mavis } = useParts();
  const text = useText();
  const [fields, setFields] = useState<{ name: string; displayName: string; role: Role; expiresAt: string }>({ name: '', displayName: '', role: 'user', expiresAt: '' });
  const [failure, setFailure] = useState<ShownError | null>(null);
  const [password, setPassword] = useState<string | null>(null);
  const { busy, run } = useOneAtATime();
  const body = useRef<HTMLDivElement>(null);
  const named = userName.safeParse(fields.name).success;
  const complete = named && fields.displayName.trim() !== '' && (fields.role !== 'vendor' || fields.expiresAt !== '');
  const add = async () => {
    if (!complete) return undefined;
    if (fields.expiresAt === UNREAD) return focusProblem(body.current);
    const answer = await ask(mavis.service.userCreate({ params: {}, query: {}, body: { ...fields, displayName: fields.displayName.trim(), expiresAt: fields.expiresAt === '' ? null : fields.expiresAt } }));
    setFailure(answer.ok ? null : answer.error);
    if (!answer.ok) return undefined;
    onAdded(answer.value.user);
    return setPassword(answer.value.oneTimePassword ?? null);
  };
  if (password !== null) return <OneTimePassword name={fields.name} password={password} onClose={onClose} />;
  return (
    <Dialog
      title={text('users.add')}
      onClose={onClose}
      actions={
        <>
          <button type="button" className="button" onClick={onClose}>
            {text('common.cancel')}
          </button>
          <button type="button" className="button button-primary" aria-disabled={!complete || busy} onClick={() => void run(add)}>
            {text('users.add')}
          </button>
        </>
      }
    >
      <div ref={body} className="dialog-form">
        <Field label={text('users.name')} hint={text('users.name-hint')} problem={fields.name !== '' && !named ? text('users.name-problem') : null}>
          {(ties) => <input {...ties} className="input" value={fields.name} maxLength={128} autoComplete="off" spellCheck={false} onChange={(event) => setFields({ ...fields, name: event.target.value })} />}
        </Field>
        <Field label={text('users.display-name')}>{(ties) => <input {...ties} className="input" value={fields.displayName} maxLength={200} autoComplete="off" onChange={(event) => setFields({ ...fields, displayName: event.target.value })} />}</Field>
        <RoleField value={fields.role} onChange={(next) => setFields({ ...fields, role: next })} />
        <DateTimeField label={text(fields.role === 'vendor' ? 'users.expires-needed' : 'users.expires')} value={fields.expiresAt} end="until" onChange={(expiresAt) => setFields({ ...fields, expiresAt })} />
        {failure && <ErrorNotice error={failure} />}
      </div>
    </Dialog>
  );
}

/** The choice of a role. */
export function RoleField({ value, onChange }: { readonly value: Role; readonly onChange: (role: Role) => void }) {
  const text = useText();
  return (
    <Field label={text('users.role')}>
      {(ties) => (
        <select {...ties} className="input" value={value} onChange={(event) => onChange(role.catch(value).parse(event.target.value))}>
          {role.options.map((option) => (
            <option key={option} value={option}>
              {text(`role.${option}`)}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}
