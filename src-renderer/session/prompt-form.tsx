import { type KeyboardEvent, type SubmitEvent, useEffect, useRef, useState } from 'react';
import type { Prompt } from '../../shared/proxy-stream/messages.ts';
import type { Session, ShownError } from '../../shared/ipc/stores.ts';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { Field } from '../controls/field.tsx';
import { Icon } from '../controls/icon.tsx';
import { PasswordInput } from '../controls/password-input.tsx';
import { useText } from '../language/use-text.ts';
import { ask } from '../mavis/ask.ts';
import { useParts } from '../stores/parts.tsx';
import { safeLines, safeTitle } from '../terminal/hardened.ts';

/** Longest answer that the contract takes. */
const MAX_ANSWER_LENGTH = 1024;
/** Target's words are shown up to here; the contract bounds them to the same. */
const MAX_INSTRUCTION_LENGTH = 2000;

interface PromptFormProps {
  readonly session: Session;
  readonly prompt: Prompt;
  readonly onCancel: () => void;
  readonly onKeyDown?: (event: KeyboardEvent) => void;
}

/**
 * The target's questions of the sign-on. Their words are the target's: shown as plain text in a frame that says so, with
 * nothing in them that could act or hide.
 */
export function PromptForm({ session, prompt, onCancel, onKeyDown }: PromptFormProps) {
  const { mavis } = useParts();
  const text = useText();
  const own = prompt.kind === 'user-name-and-password';
  const questions = own && prompt.prompts.length === 0 ? OWN_QUESTIONS : prompt.prompts;
  const [answers, setAnswers] = useState<readonly string[]>(() => questions.map(() => ''));
  const [failure, setFailure] = useState<ShownError | null>(null);
  const [sent, setSent] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => form.current?.querySelector('input')?.focus(), []);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (sent) return;
    setSent(true);
    const answer = await ask(mavis.sessions.answerPrompt({ sessionId: session.id, promptId: prompt.id, answers: [...answers] }));
    setAnswers(questions.map(() => ''));
    if (answer.ok) return;
    setSent(false);
    setFailure(answer.error);
  };
  const instruction = safeLines(prompt.instruction, MAX_INSTRUCTION_LENGTH);
  const name = safeTitle(prompt.name);
  return (
    <form ref={form} className="prompt" onKeyDown={onKeyDown} onSubmit={(event) => void submit(event)}>
      <h3>{own ? text('prompt.credentials-title') : text('prompt.title')}</h3>
      <p className="prompt-origin">
        <Icon name="info" />
        {own ? text('prompt.credentials-lead', { resource: session.resourceName }) : text('prompt.origin', { resource: session.resourceName })}
      </p>
      {(name !== '' || instruction !== '') && (
        <blockquote className="preview" dir="auto">
          {[name, instruction].filter((part) => part !== '').join('\n')}
        </blockquote>
      )}
      {failure && <ErrorNotice error={failure} />}
      {questions.map((question, index) => {
        const asked = safeTitle(question.prompt);
        const label = own ? text(question.echo ? 'prompt.user-name' : 'prompt.password') : asked === '' ? text('prompt.answer', { number: index + 1 }) : asked;
        const change = (value: string) => setAnswers(answers.map((answer, at) => (at === index ? value : answer)));
        return (
          <Field key={index} label={label}>
            {(ties) =>
              question.echo ? (
                <input {...ties} className="input" value={answers[index] ?? ''} maxLength={MAX_ANSWER_LENGTH} autoComplete="off" autoCapitalize="off" spellCheck={false} onChange={(event) => change(event.target.value)} />
              ) : (
                <PasswordInput ties={ties} value={answers[index] ?? ''} maxLength={MAX_ANSWER_LENGTH} onChange={change} autoComplete="off" />
              )
            }
          </Field>
        );
      })}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onCancel}>
          {text('session.cancel')}
        </button>
        <button type="submit" className="button button-primary" aria-disabled={sent}>
          {text('prompt.continue')}
        </button>
      </div>
    </form>
  );
}

const OWN_QUESTIONS: Prompt['prompts'] = [
  { prompt: '', echo: true },
  { prompt: '', echo: false },
];
