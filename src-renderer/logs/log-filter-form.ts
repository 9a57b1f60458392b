import type { AuditFilter, AuditOutcome } from '../../shared/api/audit.ts';

/** The spans of time that are chosen by name; `own` is by two instants. */
export const timeSpans = ['any', 'hour', 'day', 'week', 'month', 'own'] as const;
export type TimeSpan = (typeof timeSpans)[number];

const HOUR_MS = 3_600_000;
const SPAN_MS: Readonly<Record<Exclude<TimeSpan, 'any' | 'own'>, number>> = { hour: HOUR_MS, day: 24 * HOUR_MS, week: 7 * 24 * HOUR_MS, month: 30 * 24 * HOUR_MS };

/** What a log is narrowed by, as chosen and typed; empty means not narrowed. */
export interface LogFilterForm {
  readonly search: string;
  readonly reference: string;
  readonly user: string;
  readonly resource: string;
  readonly gateway: string;
  readonly segment: string;
  readonly outcome: AuditOutcome | '';
  readonly kind: string;
  readonly code: string;
  readonly span: TimeSpan;
  /** Instants, for `own`. */
  readonly from: string;
  readonly until: string;
}

export const emptyForm: LogFilterForm = { search: '', reference: '', user: '', resource: '', gateway: '', segment: '', outcome: '', kind: '', code: '', span: 'any', from: '', until: '' };

/** Fields that stand behind “more filters”. */
export const furtherFields = ['gateway', 'segment', 'kind', 'code'] as const satisfies readonly (keyof LogFilterForm)[];

/** The filter as the service takes it: only what was filled in. Spans reach back from `nowMs`. */
export function filterOf(form: LogFilterForm, nowMs: number): AuditFilter {
  const filled = (name: string, value: string): Record<string, string> => (value.trim() === '' ? {} : { [name]: value.trim() });
  const { span } = form;
  const times = span === 'own' ? { ...filled('from', form.from), ...filled('until', form.until) } : span === 'any' ? {} : { from: new Date(nowMs - SPAN_MS[span]).toISOString() };
  return {
    ...filled('search', form.search),
    ...filled('reference', form.reference.toUpperCase()),
    ...filled('user', form.user),
    ...filled('resource', form.resource),
    ...filled('gateway', form.gateway),
    ...filled('segment', form.segment),
    ...filled('kind', form.kind),
    ...filled('code', form.code),
    ...(form.outcome === '' ? {} : { outcome: form.outcome }),
    ...times,
  };
}

/** Whether anything narrows the log. */
export function isNarrowed(form: LogFilterForm): boolean {
  return Object.keys(filterOf(form, 0)).length > 0;
}
