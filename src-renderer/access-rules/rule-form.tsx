import { useCallback, useRef, useState } from 'react';
import { accessRuleFields, type AccessRule, type AccessRuleFields } from '../../shared/api/access-rules.ts';
import { role } from '../../shared/api/roles.ts';
import type { User } from '../../shared/api/users.ts';
import { protocol as protocolSchema, type Protocol } from '../../shared/ids.ts';
import type { ShownError } from '../../shared/ipc/stores.ts';
import { sessionPolicy, type SessionPolicy } from '../../shared/policy/session-policy.ts';
import { DateTimeField, UNREAD } from '../controls/date-time-field.tsx';
import { Dialog } from '../controls/dialog.tsx';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { Field } from '../controls/field.tsx';
import { focusProblem } from '../controls/focus-problem.ts';
import { useOneAtATime } from '../controls/use-one-at-a-time.ts';
import { FileRulesFields } from './file-rules-fields.tsx';
import { Icon } from '../controls/icon.tsx';
import { useText } from '../language/use-text.ts';
import { ask } from '../mavis/ask.ts';
import { useFresh } from '../mavis/use-fresh.ts';
import { useParts } from '../stores/parts.tsx';
import { MOST_MINUTES, numbersOf, readNumbers } from './rule-numbers.ts';

interface RuleFormProps {
  /** The rule to change; null adds one. */
  readonly rule: AccessRule | null;
  readonly users: readonly User[];
  readonly onClose: () => void;
  readonly onSaved: () => void;
}

type Flag = { [Name in keyof SessionPolicy]: SessionPolicy[Name] extends boolean ? Name : never }[keyof SessionPolicy];

/** The permissions of a session that are given or not, in the order of the form. */
const flags = ['recordInput', 'exec', 'portForwarding', 'agentForwarding', 'x11Forwarding', 'promptsReachUser', 'firstUseTrust', 'clipboardIn', 'clipboardOut', 'filesIn', 'filesOut', 'filesDelete', 'viewOnly', 'foreignClients', 'over443', 'tellWhoTerminated', 'tellWhoWatches', 'watermark'] as const satisfies readonly Flag[];

function newRule(): AccessRuleFields {
  return accessRuleFields.parse({ name: '-', subject: { kind: 'role', role: 'user' }, filter: '', protocols: ['ssh'], policy: sessionPolicy.parse({}) });
}

/** A dialog that adds or changes an access rule; what its filter gives is shown as it is typed. */
export function RuleForm({ rule, users, onClose, onSaved }: RuleFormProps) {
  const { mavis } = useParts();
  const text = useText();
  const [opened] = useState<AccessRuleFields>(() => (rule === null ? { ...newRule(), name: '' } : accessRuleFields.parse(rule)));
  const [fields, setFields] = useState(opened);
  const [dates, setDates] = useState({ startsAt: opened.startsAt ?? '', endsAt: opened.endsAt ?? '' });
  const [typed, setTyped] = useState(() => numbersOf(opened.policy));
  const [failure, setFailure] = useState<ShownError | null>(null);
  const changedSince = failure?.code === 'request.conflict' && failure.args['what'] === 'changed-since';
  const { busy, run } = useOneAtATime();
  const form = useRef<HTMLDivElement>(null);
  const numbers = readNumbers(typed, opened.policy);
  const complete = fields.name.trim() !== '' && fields.protocols.length > 0;
  const set = (changes: Partial<AccessRuleFields>) => setFields((before) => ({ ...before, ...changes }));
  const setPolicy = (changes: Partial<SessionPolicy>) => set({ policy: { ...fields.policy, ...changes } });
  const save = async () => {
    if (!complete) return;
    const { maxDurationSeconds, idleSeconds, maxFileBytes } = numbers;
    const { startsAt, endsAt } = dates;
    if (startsAt === UNREAD || endsAt === UNREAD || maxDurationSeconds === undefined || idleSeconds === undefined || maxFileBytes === undefined) return focusProblem(form.current);
    const body = { ...fields, name: fields.name.trim(), startsAt: startsAt === '' ? null : startsAt, endsAt: endsAt === '' ? null : endsAt, policy: { ...fields.policy, maxDurationSeconds, idleSeconds, maxFileBytes } };
    const answer = await ask(rule === null ? mavis.service.accessRuleCreate({ params: {}, query: {}, body }) : mavis.service.accessRuleUpdate({ params: { accessRuleId: rule.id }, query: {}, body: { ...body, unchangedSince: rule.updatedAt } }));
    if (answer.ok) onSaved();
    else setFailure(answer.error);
  };
  return (
    <Dialog
      title={rule === null ? text('rules.add') : text('rules.edit', { name: rule.name })}
      onClose={onClose}
      actions={
        <>
          <button type="button" className="button" onClick={onClose}>
            {text('common.cancel')}
          </button>
          <button type="button" className="button button-primary" aria-disabled={!complete || busy} onClick={() => void run(save)}>
            {text('common.save')}
          </button>
        </>
      }
    >
      <div ref={form} className="rule-form scroll" tabIndex={0} role="group" aria-label={text('rules.fields')}>
        <Field label={text('rules.name')}>{(ties) => <input {...ties} className="input" value={fields.name} maxLength={200} onChange={(event) => set({ name: event.target.value })} />}</Field>
        <SubjectField subject={fields.subject} users={users} onChange={(subject) => set({ subject })} />
        <FilterField filter={fields.filter} onChange={(filter) => set({ filter })} />
        <fieldset className="rule-set">
          <legend className="field-label">{text('common.protocol')}</legend>
          {protocolSchema.options.map((option) => (
            <Check key={option} label={text(`protocol.${option}`)} on={fields.protocols.includes(option)} onChange={(on) => set({ protocols: withOption(fields.protocols, option, on) })} />
          ))}
        </fieldset>
        <Field label={text('rules.sign-on')}>
          {(ties) => (
            <select {...ties} className="input" value={fields.signOn} onChange={(event) => set({ signOn: event.target.value === 'ask-user' ? 'ask-user' : 'stored', ...(event.target.value === 'ask-user' ? {} : { policy: { ...fields.policy, firstUseTrust: false } }) })}>
              <option value="stored">{text('rules.sign-on-stored')}</option>
              <option value="ask-user">{text('rules.sign-on-ask-user')}</option>
            </select>
          )}
        </Field>
        <TunnelField fields={fields} onChange={(tunnel) => set({ tunnel })} />
        <div className="log-filter-fields">
          <DateTimeField label={text('rules.starts')} value={dates.startsAt} end="from" onChange={(startsAt) => setDates((before) => ({ ...before, startsAt }))} />
          <DateTimeField label={text('rules.ends')} value={dates.endsAt} end="until" onChange={(endsAt) => setDates((before) => ({ ...before, endsAt }))} />
          <Minutes label={text('rules.max-minutes')} typed={typed.maxDurationSeconds} wrong={numbers.maxDurationSeconds === undefined} most={MOST_MINUTES.maxDurationSeconds} onChange={(maxDurationSeconds) => setTyped({ ...typed, maxDurationSeconds })} />
          <Minutes label={text('rules.idle-minutes')} typed={typed.idleSeconds} wrong={numbers.idleSeconds === undefined} most={MOST_MINUTES.idleSeconds} onChange={(idleSeconds) => setTyped({ ...typed, idleSeconds })} />
        </div>
        <WindowsField windows={fields.windows} onChange={(windows) => set({ windows })} />
        <fieldset className="rule-set">
          <legend className="field-label">{text('rules.policy')}</legend>
          {flags.map((name) => (
            <Check key={name} label={text(`rules.policy-${name}`)} on={fields.policy[name]} off={name === 'firstUseTrust' && fields.signOn === 'stored'} onChange={(on) => setPolicy({ [name]: on })} />
          ))}
        </fieldset>
        <FileRulesFields policy={fields.policy} onChange={setPolicy} largest={typed.maxFileBytes} largestWrong={numbers.maxFileBytes === undefined} onLargest={(maxFileBytes) => setTyped({ ...typed, maxFileBytes })} />
        {failure && (changedSince ? <p className="notice notice-warn" role="alert">{text('rules.changed-since')}</p> : <ErrorNotice error={failure} />)}
      </div>
    </Dialog>
  );
}

function withOption(protocols: readonly Protocol[], option: Protocol, on: boolean): Protocol[] {
  return protocolSchema.options.filter((one) => (one === option ? on : protocols.includes(one)));
}

function Check({ label, on, off = false, onChange }: { readonly label: string; readonly on: boolean; readonly off?: boolean; readonly onChange: (on: boolean) => void }) {
  return (
    <label className="check">
      <input type="checkbox" checked={on} disabled={off} onChange={(event) => onChange(event.target.checked)} />
      {label}
    </label>
  );
}

function Minutes({ label, typed, wrong, most, onChange }: { readonly label: string; readonly typed: string; readonly wrong: boolean; readonly most: number; readonly onChange: (typed: string) => void }) {
  const text = useText();
  return (
    <Field label={label} problem={wrong ? text('rules.minutes-problem', { most }) : null}>
      {(ties) => <input {...ties} className="input tabular" inputMode="decimal" maxLength={20} autoComplete="off" value={typed} onChange={(event) => onChange(event.target.value)} />}
    </Field>
  );
}

function SubjectField({ subject, users, onChange }: { readonly subject: AccessRuleFields['subject']; readonly users: readonly User[]; readonly onChange: (subject: AccessRuleFields['subject']) => void }) {
  const text = useText();
  const value = subject.kind === 'role' ? `role ${subject.role}` : `user ${subject.userId}`;
  const choose = (chosen: string) => {
    const [kind, what] = chosen.split(' ');
    const asRole = role.safeParse(what);
    const asUser = users.find(({ id }) => id === what);
    if (kind === 'role' && asRole.success) onChange({ kind: 'role', role: asRole.data });
    else if (asUser) onChange({ kind: 'user', userId: asUser.id });
  };
  return (
    <Field label={text('rules.subject')}>
      {(ties) => (
        <select {...ties} className="input" value={value} onChange={(event) => choose(event.target.value)}>
          <optgroup label={text('users.role')}>
            {role.options.map((option) => (
              <option key={option} value={`role ${option}`}>
                {text(`role.${option}`)}
              </option>
            ))}
          </optgroup>
          <optgroup label={text('common.user')}>
            {subject.kind === 'user' && !users.some(({ id }) => id === subject.userId) && <option value={value}>{text('common.unknown')}</option>}
            {users.map((user) => (
              <option key={user.id} value={`user ${user.id}`}>
                {user.name}
              </option>
            ))}
          </optgroup>
        </select>
      )}
    </Field>
  );
}

/** Whether sessions of the rule always go through the default Gateway (S31); those of third-party vendors do, whatever is chosen (S33). */
function TunnelField({ fields: { subject, tunnel }, onChange }: { readonly fields: AccessRuleFields; readonly onChange: (tunnel: AccessRuleFields['tunnel']) => void }) {
  const text = useText();
  const vendor = subject.kind === 'role' && subject.role === 'vendor';
  return (
    <Field label={text('rules.tunnel')} hint={vendor ? text('rules.tunnel-vendor') : undefined}>
      {(ties) => (
        <select {...ties} className="input" value={vendor ? 'always' : tunnel} disabled={vendor} onChange={(event) => onChange(event.target.value === 'always' ? 'always' : 'system')}>
          <option value="system">{text('rules.tunnel-system')}</option>
          <option value="always">{text('rules.tunnel-always')}</option>
        </select>
      )}
    </Field>
  );
}

/** The filter, and what it gives now. */
function FilterField({ filter, onChange }: { readonly filter: string; readonly onChange: (filter: string) => void }) {
  const { mavis } = useParts();
  const text = useText();
  const load = useCallback(async () => {
    const answer = await mavis.service.accessRuleMatches({ params: {}, query: { filter }, body: {} });
    return answer.ok ? { ...answer, value: { ...answer.value, of: filter } } : answer;
  }, [mavis, filter]);
  const matches = useFresh(load, 0);
  // What the filter before gave is no answer to this one.
  const given = matches.value?.of === filter ? matches.value : undefined;
  const problem = given?.problem ?? null;
  return (
    <>
      <Field label={text('rules.filter')} hint={text('rules.filter-hint')} problem={problem === null ? null : text('rules.filter-problem', { position: problem.position + 1 })}>
        {(ties) => <input {...ties} className="input mono" value={filter} maxLength={500} spellCheck={false} autoComplete="off" onChange={(event) => onChange(event.target.value)} />}
      </Field>
      {given && problem === null && (
        <p className="field-hint" role="status">
          {text('rules.matches', { count: given.total })} {given.names.slice(0, 8).join(', ')}
        </p>
      )}
      {!given && matches.error && <ErrorNotice error={matches.error} />}
    </>
  );
}

type Window = AccessRuleFields['windows'][number];

const days = [1, 2, 3, 4, 5, 6, 7] as const;

function WindowsField({ windows, onChange }: { readonly windows: readonly Window[]; readonly onChange: (windows: Window[]) => void }) {
  const text = useText();
  const replace = (at: number, window: Window) => onChange(windows.map((one, index) => (index === at ? window : one)));
  return (
    <fieldset className="rule-set">
      <legend className="field-label">{text('rules.windows')}</legend>
      {windows.map((window, at) => (
        <div key={at} className="rule-window">
          {days.map((day) => (
            <Check key={day} label={text(`rules.day-${day}`)} on={window.days.includes(day)} onChange={(on) => replace(at, { ...window, days: atLeastOne(days.filter((one) => (one === day ? on : window.days.includes(one))), window.days) })} />
          ))}
          <Field label={text('audit.from')}>{(ties) => <input {...ties} className="input tabular" value={window.from} maxLength={5} pattern="\d\d:\d\d" onChange={(event) => replace(at, { ...window, from: event.target.value })} />}</Field>
          <Field label={text('audit.until')}>{(ties) => <input {...ties} className="input tabular" value={window.until} maxLength={5} pattern="\d\d:\d\d" onChange={(event) => replace(at, { ...window, until: event.target.value })} />}</Field>
          <Field label={text('rules.time-zone')}>{(ties) => <input {...ties} className="input" value={window.timeZone} maxLength={64} spellCheck={false} onChange={(event) => replace(at, { ...window, timeZone: event.target.value })} />}</Field>
          <button type="button" className="button button-small" aria-label={`${text('rules.remove-short')}: ${window.from}–${window.until}`} onClick={() => onChange(windows.filter((_, index) => index !== at))}>
            <Icon name="trash" />
          </button>
        </div>
      ))}
      <button type="button" className="button button-small" onClick={() => onChange([...windows, { days: [1, 2, 3, 4, 5], from: '08:00', until: '18:00', timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone }])}>
        <Icon name="plus" />
        {text('rules.add-window')}
      </button>
    </fieldset>
  );
}

function atLeastOne(chosen: readonly number[], before: readonly number[]): number[] {
  return chosen.length === 0 ? [...before] : [...chosen];
}
