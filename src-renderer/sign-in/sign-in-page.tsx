import { type SubmitEvent, useEffect, useId, useRef, useState } from 'react';
import type { Profile, ShownError } from '../../shared/ipc/stores.ts';
import { DiagnosticsPage } from '../diagnostics/diagnostics-page.tsx';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { Dialog } from '../controls/dialog.tsx';
import { Field } from '../controls/field.tsx';
import { Icon } from '../controls/icon.tsx';
import { PasswordInput } from '../controls/password-input.tsx';
import { useText } from '../language/use-text.ts';
import { ask } from '../mavis/ask.ts';
import { useFed, useParts } from '../stores/parts.tsx';
import { useManaged } from '../settings/use-managed.ts';
import { LanguageChoice } from './language-choice.tsx';
import { ProfileForm } from './profile-form.tsx';

type Doing = { readonly kind: 'sign-in' } | { readonly kind: 'diagnose' } | { readonly kind: 'add' } | { readonly kind: 'edit'; readonly profile: Profile };

/** A choice that main has not kept yet; each is one of its own. */
interface Choice {
  readonly profileId: Profile['id'];
}

/** Where one signs in: the profiles of this computer, and the form for the one that is chosen. */
export function SignInPage() {
  const text = useText();
  const profiles = useFed('profiles', (state) => state);
  const [doing, setDoing] = useState<Doing>({ kind: 'sign-in' });
  // What the user chose, until main has kept it: the form is the chosen profile's at once, so that nothing is typed into another's.
  const [chosen, setChosen] = useState<Choice | null>(null);
  if (!profiles) return null;
  const shownId = chosen?.profileId ?? profiles.selected;
  const selected = profiles.items.find((profile) => profile.id === shownId);
  const back = () => setDoing({ kind: 'sign-in' });
  if (doing.kind === 'diagnose') {
    return (
      <main className="sign-in-diagnostics">
        <DiagnosticsPage onBack={back} />
      </main>
    );
  }
  return (
    <main className="sign-in scroll">
      <div className="sign-in-card">
        <header className="sign-in-head">
          <span className="sign-in-mark">
            <Icon name="shieldCheck" />
          </span>
          <div>
            <h1>{text('app.title')}</h1>
            <p>{text('sign-in.lead')}</p>
          </div>
        </header>
        {doing.kind !== 'sign-in' && <ProfileForm key={doing.kind === 'edit' ? doing.profile.id : 'new'} profile={doing.kind === 'edit' ? doing.profile : null} onDone={back} />}
        {doing.kind === 'sign-in' && (
          <>
            <ProfileChooser
              profiles={profiles.items}
              selected={selected}
              onChoose={setChosen}
              onKept={(choice) => setChosen((now) => (now === choice ? null : now))}
              onAdd={() => setDoing({ kind: 'add' })}
              onEdit={(profile) => setDoing({ kind: 'edit', profile })}
            />
            {selected && <SignInForm key={selected.id} profile={selected} />}
            <button type="button" className="button button-quiet sign-in-diagnose" onClick={() => setDoing({ kind: 'diagnose' })}>
              <Icon name="online" />
              {text('nav.diagnostics')}
            </button>
          </>
        )}
      </div>
      <LanguageChoice />
    </main>
  );
}

interface ProfileChooserProps {
  readonly profiles: readonly Profile[];
  readonly selected: Profile | undefined;
  readonly onChoose: (choice: Choice) => void;
  /** Main has kept a choice, or could not. */
  readonly onKept: (choice: Choice) => void;
  readonly onAdd: () => void;
  readonly onEdit: (profile: Profile) => void;
}

function ProfileChooser({ profiles, selected, onChoose, onKept, onAdd, onEdit }: ProfileChooserProps) {
  const { mavis } = useParts();
  const text = useText();
  const name = useId();
  const managed = useManaged();
  // Without any service the form is offered still: what main says to it tells who can help.
  const mayAdd = profiles.length === 0 || managed?.features.includes('add-services') !== true;
  const [removing, setRemoving] = useState<Profile | null>(null);
  const [error, setError] = useState<ShownError | null>(null);
  const select = async (profile: Profile) => {
    const choice = { profileId: profile.id };
    onChoose(choice);
    const answer = await ask(mavis.profiles.select({ profileId: profile.id }));
    setError(answer.ok ? null : answer.error);
    onKept(choice);
  };
  const remove = async (profile: Profile) => {
    setRemoving(null);
    const answer = await ask(mavis.profiles.remove({ profileId: profile.id }));
    setError(answer.ok ? null : answer.error);
  };
  return (
    <fieldset className="profiles">
      <legend className="field-label">{text('sign-in.profiles')}</legend>
      {profiles.length === 0 && <p className="profiles-none">{text('sign-in.no-profile')}</p>}
      <ul>
        {profiles.map((profile) => (
          <li key={profile.id} className="profile" data-colour={profile.colour} data-selected={profile.id === selected?.id}>
            <label className="profile-label">
              <input type="radio" className="visually-hidden" name={name} checked={profile.id === selected?.id} onChange={() => void select(profile)} />
              <span className="profile-mark" />
              <span className="profile-words">
                <span className="ellipsis profile-name">{profile.name}</span>
                <span className="ellipsis profile-url">
                  {profile.serviceUrl}
                  <span className="profile-trust"> · {profile.pin === null ? text('sign-in.trust-system') : text('sign-in.trust-pinned')}</span>
                </span>
              </span>
            </label>
            {profile.managed === true && <span className="profile-managed">{text('sign-in.managed')}</span>}
            {!profile.embedded && profile.managed !== true && (
              <span className="profile-actions">
                <button type="button" className="button button-quiet button-icon button-small" aria-label={text('sign-in.edit-profile', { name: profile.name })} onClick={() => onEdit(profile)}>
                  <Icon name="edit" />
                </button>
                <button type="button" className="button button-quiet button-icon button-small" aria-label={text('sign-in.remove-profile', { name: profile.name })} onClick={() => setRemoving(profile)}>
                  <Icon name="trash" />
                </button>
              </span>
            )}
          </li>
        ))}
      </ul>
      {mayAdd && (
        <button type="button" className={profiles.length === 0 ? 'button button-primary' : 'button button-quiet profile-add'} onClick={onAdd}>
          <Icon name="plus" />
          {text('sign-in.add-profile')}
        </button>
      )}
      {error && <ErrorNotice error={error} />}
      {removing && (
        <Dialog
          title={text('sign-in.remove-profile', { name: removing.name })}
          onClose={() => setRemoving(null)}
          actions={
            <>
              <button type="button" className="button" onClick={() => setRemoving(null)}>
                {text('common.cancel')}
              </button>
              <button type="button" className="button button-danger" onClick={() => void remove(removing)}>
                {text('sign-in.remove')}
              </button>
            </>
          }
        >
          <p>{text('sign-in.remove-sure', { name: removing.name })}</p>
        </Dialog>
      )}
    </fieldset>
  );
}

function SignInForm({ profile }: { readonly profile: Profile }) {
  const { mavis } = useParts();
  const text = useText();
  const account = useFed('account', (state) => state);
  const [name, setName] = useState(profile.userName ?? '');
  const [password, setPassword] = useState('');
  const [stayNamed, setStayNamed] = useState(profile.userName !== null);
  const [failure, setFailure] = useState<ShownError | null>(null);
  const [asking, setAsking] = useState(false);
  const passwordInput = useRef<HTMLInputElement>(null);
  const busy = asking || account?.status === 'signing-in';
  // What was refused before is over with the next try, and main's store tells of a refusal before the answer is here, which ends the try.
  const error = asking ? null : failure ?? (account?.status === 'signed-out' ? account.reason : null);
  useEffect(() => {
    if (profile.userName !== null) passwordInput.current?.focus();
  }, [profile.userName]);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (busy || name === '' || password === '') return;
    setAsking(true);
    const from = document.activeElement;
    const answer = await ask(mavis.account.signIn({ profileId: profile.id, name, password, stayNamed }));
    setAsking(false);
    // What was typed while the answer was on its way is another one.
    setPassword((typed) => (typed === password ? '' : typed));
    setFailure(answer.ok ? null : answer.error);
    // Whoever went to another field meanwhile types there.
    if (!answer.ok && document.activeElement === from) passwordInput.current?.focus();
  };
  return (
    <form className="sign-in-form" aria-label={text('sign-in.title')} onSubmit={(event) => void submit(event)}>
      {error && <ErrorNotice error={error} />}
      <Field label={text('sign-in.user-name')}>
        {(ties) => <input {...ties} className="input" value={name} maxLength={128} autoComplete="username" autoCapitalize="off" spellCheck={false} required onChange={(event) => setName(event.target.value)} />}
      </Field>
      <Field label={text('sign-in.password')}>{(ties) => <PasswordInput ties={ties} value={password} onChange={setPassword} autoComplete="current-password" inputRef={passwordInput} />}</Field>
      <label className="check">
        <input type="checkbox" checked={stayNamed} onChange={(event) => setStayNamed(event.target.checked)} />
        {text('sign-in.stay-named')}
      </label>
      <button type="submit" className="button button-primary sign-in-submit" aria-disabled={busy}>
        {busy && <span className="spinner" />}
        {busy ? text('sign-in.submitting') : text('sign-in.submit')}
      </button>
    </form>
  );
}
