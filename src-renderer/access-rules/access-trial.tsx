import { useId, useRef, useState } from 'react';
import type { AccessTrial } from '../../shared/api/access-rules.ts';
import { protocol as protocolSchema, type Protocol } from '../../shared/ids.ts';
import type { ShownError } from '../../shared/ipc/stores.ts';
import { errorText } from '../../shared/languages/error-text.ts';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { Field } from '../controls/field.tsx';
import { Icon } from '../controls/icon.tsx';
import { useFormats, useText, useTranslator } from '../language/use-text.ts';
import { ask } from '../mavis/ask.ts';
import { useParts } from '../stores/parts.tsx';

/** Tries who may reach what: which rule decides now, and what keeps each other rule from it. */
export function AccessTrialPanel({ users }: { readonly users: readonly string[] }) {
  const { mavis } = useParts();
  const text = useText();
  const listId = useId();
  const [question, setQuestion] = useState<{ user: string; resource: string; protocol: Protocol }>({ user: '', resource: '', protocol: 'ssh' });
  const [trial, setTrial] = useState<AccessTrial | null>(null);
  const [failure, setFailure] = useState<ShownError | null>(null);
  const asked = useRef(0);
  const change = (changes: Partial<typeof question>) => {
    // A verdict stands beside its own question only; one that is still to come is of the question before.
    asked.current += 1;
    setTrial(null);
    setFailure(null);
    setQuestion({ ...question, ...changes });
  };
  const complete = question.user.trim() !== '' && question.resource.trim() !== '';
  const run = async () => {
    if (!complete) return;
    asked.current += 1;
    const mine = asked.current;
    const answer = await ask(mavis.service.accessRuleTry({ params: {}, query: { user: question.user.trim(), resource: question.resource.trim(), protocol: question.protocol }, body: {} }));
    if (mine !== asked.current) return;
    setTrial(answer.ok ? answer.value : null);
    setFailure(answer.ok ? null : answer.error);
  };
  return (
    <form
      className="log-filter"
      aria-label={text('rules.try')}
      onSubmit={(event) => {
        event.preventDefault();
        void run();
      }}
    >
      <div className="log-filter-fields">
        <Field label={text('common.user')}>
          {(ties) => (
            <>
              <input {...ties} className="input" value={question.user} maxLength={128} list={listId} autoComplete="off" spellCheck={false} onChange={(event) => change({ user: event.target.value })} />
              <datalist id={listId}>
                {users.map((name) => (
                  <option key={name} value={name} />
                ))}
              </datalist>
            </>
          )}
        </Field>
        <Field label={text('common.resource')}>{(ties) => <input {...ties} className="input" value={question.resource} maxLength={200} autoComplete="off" spellCheck={false} onChange={(event) => change({ resource: event.target.value })} />}</Field>
        <Field label={text('common.protocol')}>
          {(ties) => (
            <select {...ties} className="input" value={question.protocol} onChange={(event) => change({ protocol: protocolSchema.catch('ssh').parse(event.target.value) })}>
              {protocolSchema.options.map((option) => (
                <option key={option} value={option}>
                  {text(`protocol.${option}`)}
                </option>
              ))}
            </select>
          )}
        </Field>
      </div>
      <div className="log-filter-foot">
        <button type="submit" className="button" aria-disabled={!complete}>
          <Icon name="question" />
          {text('rules.try')}
        </button>
      </div>
      {failure && <ErrorNotice error={failure} />}
      {trial && <TrialResult trial={trial} />}
    </form>
  );
}

function TrialResult({ trial }: { readonly trial: AccessTrial }) {
  const text = useText();
  const formats = useFormats();
  const translator = useTranslator();
  const decides = trial.rules.find(({ accessRuleId }) => accessRuleId === trial.accessRuleId);
  return (
    <div className={trial.allowed ? 'notice notice-good' : 'notice notice-warn'} role="status">
      <Icon name={trial.allowed ? 'shieldCheck' : 'warning'} />
      <div className="notice-body">
        <p className="notice-message">{trial.allowed ? text('rules.allowed', { rule: decides?.name ?? '', when: trial.notAfter === null ? '' : formats.dateTime(trial.notAfter) }) : errorText(translator, trial.code ?? 'access.denied', trial.args).message}</p>
        {trial.rules.length === 0 ? (
          <p className="notice-remedy">{text('rules.none-speaks')}</p>
        ) : (
          <ul>
            {trial.rules.map((rule) => (
              <li key={rule.accessRuleId}>
                {rule.name}: {text(`rules.kept-${rule.accessRuleId === trial.accessRuleId ? 'decides' : (rule.keptBy ?? 'behind')}`)}
              </li>
            ))}
          </ul>
        )}
      </div>
    </div>
  );
}
