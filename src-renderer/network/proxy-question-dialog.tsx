import { type SubmitEvent, useState } from 'react';
import { proxyPassword, proxyUserName } from '../../shared/ipc/proxy-setting.ts';
import type { ProxyQuestion, ShownError } from '../../shared/ipc/stores.ts';
import { Dialog } from '../controls/dialog.tsx';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { Field } from '../controls/field.tsx';
import { Icon } from '../controls/icon.tsx';
import { PasswordInput } from '../controls/password-input.tsx';
import { useRest } from '../controls/use-rest.ts';
import { useText } from '../language/use-text.ts';
import { ask } from '../mavis/ask.ts';
import { useFed, useParts } from '../stores/parts.tsx';

/** The question of the network's proxy who the user is, while it waits; in every window, so that it is seen where the user is. */
export function ProxyQuestionDialog() {
  const question = useFed('network', ({ proxyQuestion }) => proxyQuestion);
  return question ? <QuestionForm key={question.id} question={question} /> : null;
}

function QuestionForm({ question }: { readonly question: ProxyQuestion }) {
  const { mavis } = useParts();
  const text = useText();
  const [userName, setUserName] = useState('');
  const [password, setPassword] = useState('');
  const [keep, setKeep] = useState(false);
  const [problems, setProblems] = useState<{ readonly userName: boolean; readonly password: boolean }>({ userName: false, password: false });
  const [failure, setFailure] = useState<ShownError | null>(null);
  const [sent, setSent] = useState(false);
  // It opens over whatever its user is typing.
  const { onKeyDown } = useRest(question.id);

  const answer = async (said: { userName: string; password: string; keep: boolean } | null) => {
    if (sent) return;
    setSent(true);
    const answered = await ask(mavis.network.answerProxy({ questionId: question.id, answer: said }));
    if (answered.ok) return;
    setSent(false);
    // Without a safe place the sign-on can still be used until the app is closed.
    setKeep(false);
    setFailure(answered.error);
  };
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const wrong = { userName: !proxyUserName.safeParse(userName).success, password: !proxyPassword.safeParse(password).success };
    setProblems(wrong);
    if (!wrong.userName && !wrong.password) await answer({ userName, password, keep });
  };
  return (
    <Dialog
      title={text('proxy.title')}
      onClose={() => void answer(null)}
      actions={
        <>
          <button type="button" className="button" onClick={() => void answer(null)}>
            {text('common.cancel')}
          </button>
          <button type="submit" form="proxy-question" className="button button-primary" aria-disabled={sent}>
            {text('proxy.continue')}
          </button>
        </>
      }
    >
      <form id="proxy-question" className="dialog-form" noValidate onKeyDown={onKeyDown} onSubmit={(event) => void submit(event)}>
        <p>{text('proxy.lead', { proxy: question.proxy })}</p>
        {question.refused && (
          <p className="notice notice-warn" role="alert">
            <Icon name="warning" />
            {text('proxy.refused')}
          </p>
        )}
        {failure && <ErrorNotice error={failure} />}
        <Field label={text('proxy.user-name')} problem={problems.userName ? text('proxy.user-name-invalid') : null}>
          {(ties) => <input {...ties} className="input" value={userName} maxLength={256} autoComplete="off" autoCapitalize="off" spellCheck={false} autoFocus onChange={(event) => setUserName(event.target.value)} />}
        </Field>
        <Field label={text('proxy.password')} hint={text('proxy.clear')} problem={problems.password ? text('proxy.password-invalid') : null}>
          {(ties) => <PasswordInput ties={ties} value={password} maxLength={256} onChange={setPassword} autoComplete="off" />}
        </Field>
        <label className="check">
          <input type="checkbox" checked={keep} disabled={!question.canKeep} onChange={(event) => setKeep(event.target.checked)} />
          {question.canKeep ? text('proxy.keep') : text('proxy.cannot-keep')}
        </label>
      </form>
    </Dialog>
  );
}
