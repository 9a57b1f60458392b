import { useEffect, useId, useState } from 'react';
import { auditOutcome } from '../../shared/api/audit.ts';
import { catalogue } from '../../shared/errors/catalogue.ts';
import type { LogName } from '../../shared/ipc/stores.ts';
import { DateTimeField, UNREAD } from '../controls/date-time-field.tsx';
import { Field } from '../controls/field.tsx';
import { Icon } from '../controls/icon.tsx';
import { useText } from '../language/use-text.ts';
import { ask } from '../mavis/ask.ts';
import { useFed, useParts } from '../stores/parts.tsx';
import { auditKinds } from './audit-kinds.ts';
import { emptyForm, furtherFields, isNarrowed, type LogFilterForm, type TimeSpan, timeSpans } from './log-filter-form.ts';

interface LogFilterProps {
  readonly log: LogName;
  readonly form: LogFilterForm;
  readonly onChange: (form: LogFilterForm) => void;
}

type TextField = 'search' | 'reference' | 'user' | 'resource' | 'gateway' | 'segment' | 'kind' | 'code';

/** The fields that narrow a log, those that are seldom used behind a button. */
export function LogFilter({ log, form, onChange }: LogFilterProps) {
  const text = useText();
  const listId = useId();
  const [further, setFurther] = useState(furtherFields.some((name) => form[name] !== ''));
  const suggestions = useSuggestions();
  const words = (name: TextField, label: string, options?: readonly string[], placeholder = '') => (
    <Field label={label}>
      {(ties) => (
        <>
          <input {...ties} className="input" type="text" value={form[name]} maxLength={200} placeholder={placeholder} spellCheck={false} autoComplete="off" list={options && `${listId}-${name}`} onChange={(event) => onChange({ ...form, [name]: event.target.value })} />
          {options && (
            <datalist id={`${listId}-${name}`}>
              {options.map((option) => (
                <option key={option} value={option} />
              ))}
            </datalist>
          )}
        </>
      )}
    </Field>
  );
  return (
    <div className="log-filter" role="search" aria-label={text('logs.filter')}>
      <div className="log-filter-fields">
        {words('search', text('audit.search'))}
        {words('reference', text('audit.reference'), undefined, 'MV-…')}
        {words('user', text('common.user'), suggestions.users)}
        {words('resource', text('common.resource'))}
        {log === 'audit' && (
          <Field label={text('logs.outcome')}>
            {(ties) => (
              <select {...ties} className="input" value={form.outcome} onChange={(event) => onChange({ ...form, outcome: auditOutcome.safeParse(event.target.value).data ?? '' })}>
                <option value="">{text('logs.any')}</option>
                {auditOutcome.options.map((outcome) => (
                  <option key={outcome} value={outcome}>
                    {text(`logs.outcome-${outcome}`)}
                  </option>
                ))}
              </select>
            )}
          </Field>
        )}
        <Field label={text('common.time')}>
          {(ties) => (
            <select {...ties} className="input" value={form.span} onChange={(event) => onChange({ ...form, span: spanOf(event.target.value) })}>
              {timeSpans.map((span) => (
                <option key={span} value={span}>
                  {text(`logs.span-${span}`)}
                </option>
              ))}
            </select>
          )}
        </Field>
        {form.span === 'own' && (
          <>
            <DateTimeField label={text('audit.from')} value={form.from} end="from" onChange={(from) => from !== UNREAD && onChange({ ...form, from })} />
            <DateTimeField label={text('audit.until')} value={form.until} end="until" onChange={(until) => until !== UNREAD && onChange({ ...form, until })} />
          </>
        )}
        {further && (
          <>
            {words('gateway', text('common.gateway'), suggestions.gateways)}
            {words('segment', text('common.segment'), suggestions.segments)}
            {log === 'audit' && words('kind', text('audit.kind'), auditKinds, text('audit.kind-hint'))}
            {words('code', text('errors.code'), errorCodes)}
          </>
        )}
      </div>
      <div className="log-filter-foot">
        <button type="button" className="button button-quiet button-small" aria-expanded={further} onClick={() => setFurther(!further)}>
          <Icon name={further ? 'chevronUp' : 'chevronDown'} />
          {text(further ? 'logs.fewer' : 'logs.further')}
        </button>
        {isNarrowed(form) && (
          <button type="button" className="button button-quiet button-small" onClick={() => onChange(emptyForm)}>
            <Icon name="close" />
            {text('common.clear')}
          </button>
        )}
      </div>
    </div>
  );
}

const errorCodes: readonly string[] = Object.keys(catalogue).toSorted();

function spanOf(value: string): TimeSpan {
  return timeSpans.find((span) => span === value) ?? 'any';
}

/** Names that a field may suggest: of people and Gateways as they are now, and segments. What cannot be read is not suggested. */
function useSuggestions(): { readonly users: readonly string[]; readonly gateways: readonly string[]; readonly segments: readonly string[] } {
  const { mavis } = useParts();
  const segments = useFed('inventory', (state) => state.segments) ?? [];
  const [names, setNames] = useState<{ users: readonly string[]; gateways: readonly string[] }>({ users: [], gateways: [] });
  useEffect(() => {
    let gone = false;
    const read = async () => {
      const [users, gateways] = await Promise.all([ask(mavis.service.userList({ params: {}, query: { limit: SUGGESTED }, body: {} })), ask(mavis.service.gatewayList({ params: {}, query: {}, body: {} }))]);
      if (!gone) setNames({ users: users.ok ? users.value.items.map(({ name }) => name) : [], gateways: gateways.ok ? gateways.value.items.map(({ name }) => name) : [] });
    };
    void read();
    return () => {
      gone = true;
    };
  }, [mavis]);
  return { ...names, segments: segments.flatMap(({ segment }) => (segment === null ? [] : [segment])) };
}

/** More names in a list of suggestions than these help nobody; any name may be typed. */
const SUGGESTED = 500;
