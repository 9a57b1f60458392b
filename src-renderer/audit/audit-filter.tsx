import type { ReactNode } from 'react';
import { Field } from '../controls/field.tsx';
import { Icon } from '../controls/icon.tsx';
import { useText } from '../language/use-text.ts';

/** What a log is narrowed by, as typed: times are the computer's local ones, empty means not narrowed. */
export interface AuditFilter {
  readonly reference: string;
  readonly kind: string;
  readonly search: string;
  readonly from: string;
  readonly until: string;
}

export const emptyFilter: AuditFilter = { reference: '', kind: '', search: '', from: '', until: '' };

const PAGE_LIMIT = 100;

/** The filter as the service takes it: only what was filled in, times in UTC, the reference in capitals. */
export function auditQuery(filter: AuditFilter, cursor: string | undefined) {
  const filled = (name: string, value: string) => (value.trim() === '' ? {} : { [name]: value.trim() });
  return {
    limit: PAGE_LIMIT,
    ...filled('reference', filter.reference.toUpperCase()),
    ...filled('kind', filter.kind),
    ...filled('search', filter.search),
    ...filled('from', instantOf(filter.from)),
    ...filled('until', instantOf(filter.until)),
    ...(cursor === undefined ? {} : { cursor }),
  };
}

/** A local date and time of a form as an instant in UTC; empty where it is none. */
function instantOf(local: string): string {
  const time = Date.parse(local);
  return Number.isNaN(time) ? '' : new Date(time).toISOString();
}

/** The fields that narrow a log; in the error log the kind is the error's code. */
export function AuditFilterRow({ filter, kind, onChange }: { readonly filter: AuditFilter; readonly kind: 'kind' | 'code'; readonly onChange: (filter: AuditFilter) => void }) {
  const text = useText();
  const input = (name: keyof AuditFilter, label: string, type: 'text' | 'datetime-local', placeholder = ''): ReactNode => (
    <Field label={label}>{(ties) => <input {...ties} className="input" type={type} value={filter[name]} maxLength={200} placeholder={placeholder} spellCheck={false} onChange={(event) => onChange({ ...filter, [name]: event.target.value })} />}</Field>
  );
  return (
    <div className="filter-row" role="search">
      {input('reference', text('audit.reference'), 'text', 'MV-…')}
      {kind === 'kind' ? input('kind', text('audit.kind'), 'text', text('audit.kind-hint')) : input('kind', text('errors.code'), 'text')}
      {input('search', text('audit.search'), 'text')}
      {input('from', text('audit.from'), 'datetime-local')}
      {input('until', text('audit.until'), 'datetime-local')}
      <button type="button" className="button" onClick={() => onChange(emptyFilter)}>
        <Icon name="close" />
        {text('common.clear')}
      </button>
    </div>
  );
}
