import { useRef, useState } from 'react';
import type { User } from '../../shared/api/users.ts';
import type { IpcAnswer } from '../../shared/ipc/contract.ts';
import type { ShownError } from '../../shared/ipc/stores.ts';
import { changedFields } from '../controls/changed-fields.ts';
import { DateTimeField, UNREAD } from '../controls/date-time-field.tsx';
import { Dialog } from '../controls/dialog.tsx';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { Field } from '../controls/field.tsx';
import { useFocusOfDetails } from '../controls/focus-of-details.ts';
import { focusProblem } from '../controls/focus-problem.ts';
import { useOneAtATime } from '../controls/use-one-at-a-time.ts';
import { Icon } from '../controls/icon.tsx';
import { useFormats, useText } from '../language/use-text.ts';
import { askShowing } from '../mavis/ask.ts';
import { useFed, useParts } from '../stores/parts.tsx';
import { OneTimePassword } from './one-time-password.tsx';
import { RoleField } from './user-form.tsx';
import { StandingBadge } from './users-page.tsx';

/** Deeds that end sessions or lock somebody out: asked about first. */
const asked = ['disable', 'reset-password', 'sign-out-everywhere'] as const;
type AskedDeed = (typeof asked)[number];
type Deed = AskedDeed | 'enable' | 'unlock';

/** One user: what is known, what may be changed, and what may be done, by the role of who is signed in. */
export function UserDetails({ user, onClose, onChanged }: { readonly user: User; readonly onClose: () => void; readonly onChanged: () => void }) {
  const { mavis } = useParts();
  const details = useFocusOfDetails<HTMLElement>();
  const text = useText();
  const formats = useFormats();
  const own = useFed('account', (state) => (state.status === 'signed-in' ? state.user.role : undefined));
  const [failure, setFailure] = useState<ShownError | null>(null);
  const [confirming, setConfirming] = useState<AskedDeed | null>(null);
  const [password, setPassword] = useState<string | null>(null);
  const params = { userId: user.id };
  const settle = async <T,>(call: Promise<IpcAnswer<T>>): Promise<T | undefined> => {
    const answer = await askShowing(setFailure, call);
    if (answer.ok) onChanged();
    return answer.ok ? answer.value : undefined;
  };
  const run = async (deed: Deed) => {
    setConfirming(null);
    if (deed === 'disable') await settle(mavis.service.userDisable({ params, query: {}, body: {} }));
    else if (deed === 'enable') await settle(mavis.service.userEnable({ params, query: {}, body: {} }));
    else if (deed === 'unlock') await settle(mavis.service.userUnlock({ params, query: {}, body: {} }));
    else if (deed === 'sign-out-everywhere') await settle(mavis.service.userRevokeTokens({ params, query: {}, body: {} }));
    else setPassword((await settle(mavis.service.userResetPassword({ params, query: {}, body: {} })))?.oneTimePassword ?? null);
  };
  const begin = (deed: Deed) => {
    const question = asked.find((one) => one === deed);
    if (question) setConfirming(question);
    else void run(deed);
  };
  const deeds = own === undefined ? [] : deedsFor(own, user);
  return (
    <aside
      ref={details}
      className="details scroll"
      aria-label={user.name}
      tabIndex={0}
      onKeyDown={(event) => {
        if (event.key === 'Escape') onClose();
      }}
    >
      <header className="details-head">
        <h2 className="details-title">{user.displayName}</h2>
        <button type="button" className="button button-quiet button-icon button-small" aria-label={text('common.close')} onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <StandingBadge user={user} />
      {failure && <ErrorNotice error={failure} />}
      <dl className="facts">
        <dt>{text('users.name')}</dt>
        <dd>{user.name}</dd>
        <dt>{text('users.role')}</dt>
        <dd>{text(`role.${user.role}`)}</dd>
        <dt>{text('users.expires')}</dt>
        <dd>{user.expiresAt === null ? text('users.never') : formats.dateTime(user.expiresAt)}</dd>
        <dt>{text('users.last-sign-in')}</dt>
        <dd>{user.lastSignInAt === null ? text('users.never') : formats.dateTime(user.lastSignInAt)}</dd>
        <dt>{text('users.created')}</dt>
        <dd>{formats.dateTime(user.createdAt)}</dd>
      </dl>
      <div className="details-actions">
        {deeds.map((deed) => (
          <button key={deed} type="button" className="button" onClick={() => begin(deed)}>
            {text(`users.${deed}`)}
          </button>
        ))}
      </div>
      {own === 'admin' && <UserFields key={`${user.displayName} ${user.role} ${user.expiresAt ?? ''}`} user={user} onSave={(body) => settle(mavis.service.userUpdate({ params, query: {}, body }))} />}
      {confirming && (
        <Dialog
          title={text(`users.${confirming}`)}
          onClose={() => setConfirming(null)}
          actions={
            <>
              <button type="button" className="button" onClick={() => setConfirming(null)}>
                {text('common.cancel')}
              </button>
              <button type="button" className="button button-danger" onClick={() => void run(confirming)}>
                {text(`users.${confirming}`)}
              </button>
            </>
          }
        >
          <p>{text(`users.${confirming}-body`, { name: user.name })}</p>
        </Dialog>
      )}
      {password !== null && <OneTimePassword name={user.name} password={password} onClose={() => setPassword(null)} />}
    </aside>
  );
}

/** What a role may do to an account, as the service would let it. */
export function deedsFor(own: User['role'], user: Pick<User, 'role' | 'disabledAt' | 'lockedUntil'>): Deed[] {
  const may = (deed: Deed): boolean => {
    if (own === 'admin') return true;
    if (own !== 'operator') return false;
    if (deed === 'enable') return false;
    if (deed === 'unlock') return true;
    return deed === 'reset-password' ? user.role === 'user' || user.role === 'vendor' : user.role !== 'admin';
  };
  const fits: readonly (readonly [Deed, boolean])[] = [['unlock', user.lockedUntil !== null], ['enable', user.disabledAt !== null], ['reset-password', true], ['sign-out-everywhere', true], ['disable', user.disabledAt === null]];
  return fits.flatMap(([deed, does]) => (does && may(deed) ? [deed] : []));
}

interface UserChange {
  readonly displayName: string;
  readonly role: User['role'];
  readonly expiresAt: string | null;
}

function UserFields({ user, onSave }: { readonly user: User; readonly onSave: (change: Partial<UserChange>) => Promise<unknown> }) {
  const text = useText();
  const [fields, setFields] = useState({ displayName: user.displayName, role: user.role, expiresAt: user.expiresAt ?? '' });
  const { busy, run } = useOneAtATime();
  const form = useRef<HTMLFormElement>(null);
  const changed = fields.displayName !== user.displayName || fields.role !== user.role || fields.expiresAt !== (user.expiresAt ?? '');
  const complete = fields.displayName.trim() !== '' && (fields.role !== 'vendor' || fields.expiresAt !== '');
  const save = async () => {
    if (!changed || !complete) return;
    if (fields.expiresAt === UNREAD) return focusProblem(form.current);
    await onSave(changedFields<UserChange>({ displayName: user.displayName, role: user.role, expiresAt: user.expiresAt }, { ...fields, expiresAt: fields.expiresAt === '' ? null : fields.expiresAt }));
  };
  return (
    <form
      ref={form}
      className="details-actions"
      onSubmit={(event) => {
        event.preventDefault();
        void run(save);
      }}
    >
      <Field label={text('users.display-name')}>{(ties) => <input {...ties} className="input" value={fields.displayName} maxLength={200} onChange={(event) => setFields({ ...fields, displayName: event.target.value })} />}</Field>
      <RoleField value={fields.role} onChange={(next) => setFields({ ...fields, role: next })} />
      <DateTimeField label={text(fields.role === 'vendor' ? 'users.expires-needed' : 'users.expires')} value={fields.expiresAt} end="until" onChange={(expiresAt) => setFields({ ...fields, expiresAt })} />
      <button type="submit" className="button button-primary" aria-disabled={!changed || !complete || busy}>
        {text('common.save')}
      </button>
    </form>
  );
}
