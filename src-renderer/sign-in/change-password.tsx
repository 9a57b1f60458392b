import { type SubmitEvent, useState } from 'react';
import { newPassword } from '../../shared/api/users.ts';
import type { ShownError } from '../../shared/ipc/stores.ts';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { Field } from '../controls/field.tsx';
import { Icon } from '../controls/icon.tsx';
import { PasswordInput } from '../controls/password-input.tsx';
import { useText } from '../language/use-text.ts';
import { ask } from '../mavis/ask.ts';
import { useParts } from '../stores/parts.tsx';

/** Choosing a new password: because one wants to, or because the one that was given works once only. */
export function ChangePasswordPage({ forced, onDone }: { readonly forced: boolean; readonly onDone: () => void }) {
  const { mavis } = useParts();
  const text = useText();
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const [again, setAgain] = useState('');
  const [problem, setProblem] = useState<'weak' | 'differ' | null>(null);
  const [failure, setFailure] = useState<ShownError | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (busy) return;
    const wrong = !newPassword.safeParse(next).success ? 'weak' : next !== again ? 'differ' : null;
    setProblem(wrong);
    if (wrong !== null) return;
    setBusy(true);
    const answer = await ask(mavis.account.changePassword({ current, next }));
    setBusy(false);
    if (answer.ok) onDone();
    else setFailure(answer.error);
  };
  return (
    <main className="sign-in scroll">
      <form className="sign-in-card sign-in-form" noValidate onSubmit={(event) => void submit(event)}>
        <header className="sign-in-head">
          <span className="sign-in-mark">
            <Icon name="key" />
          </span>
          <div>
            <h1>{text('password.title')}</h1>
            {forced && <p>{text('password.lead')}</p>}
          </div>
        </header>
        {failure && <ErrorNotice error={failure} />}
        <Field label={text('password.current')}>{(ties) => <PasswordInput ties={ties} value={current} onChange={setCurrent} autoComplete="current-password" />}</Field>
        <Field label={text('password.next')} hint={text('password.hint')} problem={problem === 'weak' ? text('password.hint') : null}>
          {(ties) => <PasswordInput ties={ties} value={next} onChange={setNext} autoComplete="new-password" />}
        </Field>
        <Field label={text('password.again')} problem={problem === 'differ' ? text('password.differ') : null}>
          {(ties) => <PasswordInput ties={ties} value={again} onChange={setAgain} autoComplete="new-password" />}
        </Field>
        <div className="dialog-actions">
          <button type="button" className="button" onClick={() => (forced ? void ask(mavis.account.signOut({})) : onDone())}>
            {forced ? text('account.sign-out') : text('common.cancel')}
          </button>
          <button type="submit" className="button button-primary" aria-disabled={busy}>
            {text('password.submit')}
          </button>
        </div>
      </form>
    </main>
  );
}
