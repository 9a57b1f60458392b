import { type KeyboardEvent, useCallback, useEffect, useId, useState } from 'react';
import type { DiagnosisReport, SentDiagnosisReport } from '../../shared/api/diagnostics.ts';
import type { ShownError } from '../../shared/ipc/stores.ts';
import { actorName } from '../audit/actor-name.ts';
import { EmptyState } from '../controls/empty-state.tsx';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { useFocusOfDetails } from '../controls/focus-of-details.ts';
import { Icon } from '../controls/icon.tsx';
import { ListPage, ReloadButton } from '../controls/list-page.tsx';
import { ReferenceButton } from '../controls/reference-button.tsx';
import { useFormats, useText } from '../language/use-text.ts';
import { factsLine } from '../logs/log-facts.ts';
import { ask } from '../mavis/ask.ts';
import { usePaged } from '../mavis/use-paged.ts';
import { useParts } from '../stores/parts.tsx';

const PAGE_LIMIT = 100;

/** Reports that users sent, newest first; one that is chosen stands beside the audit entries of its user and time. */
export function SentReportsPage({ onBack }: { readonly onBack: () => void }) {
  const { mavis } = useParts();
  const text = useText();
  const formats = useFormats();
  const [chosen, setChosen] = useState<SentDiagnosisReport | null>(null);
  const load = useCallback((cursor: string | undefined) => mavis.service.diagnosisReportList({ params: {}, query: { limit: PAGE_LIMIT, ...(cursor === undefined ? {} : { cursor }) }, body: {} }), [mavis]);
  const list = usePaged(load);
  return (
    <ListPage
      title={text('diagnostics.reports')}
      tools={
        <>
          <button type="button" className="button" onClick={onBack}>
            {text('diagnostics.reports-back')}
          </button>
          <ReloadButton onReload={list.reload} />
        </>
      }
      error={list.error}
      beside={chosen && <ReportDetails key={chosen.id} report={chosen} onClose={() => setChosen(null)} />}
    >
      {list.status === 'loading' && list.items.length === 0 && (
        <p className="badge" role="status">
          <span className="spinner" />
          {text('common.loading')}
        </p>
      )}
      {list.status === 'ready' && list.items.length === 0 && <EmptyState icon="audit" title={text('diagnostics.reports-empty')} />}
      {list.items.length > 0 && (
        <table className="table table-stacked">
          <caption className="visually-hidden">{text('diagnostics.reports')}</caption>
          <thead>
            <tr>
              <th scope="col">{text('common.time')}</th>
              <th scope="col">{text('common.user')}</th>
              <th scope="col">{text('diagnostics.history-result')}</th>
              <th scope="col">{text('common.reference')}</th>
            </tr>
          </thead>
          <tbody>
            {list.items.map((report) => (
              <tr key={report.id}>
                <td className="tabular" data-label={text('common.time')}>{formats.instant(report.sentAt)}</td>
                <th scope="row" data-label={text('common.user')}>{report.userName}</th>
                <td data-label={text('diagnostics.history-result')}>
                  <button type="button" className="link-button" aria-expanded={chosen?.id === report.id} onClick={() => setChosen(chosen?.id === report.id ? null : report)}>
                    {report.findings.length === 0 ? text('diagnostics.history-none') : report.findings.join(', ')}
                  </button>
                </td>
                <td data-label={text('common.reference')}>
                  <ReferenceButton reference={report.id} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {list.more && (
        <button type="button" className="button" onClick={list.loadMore}>
          {text('common.more')}
        </button>
      )}
    </ListPage>
  );
}

function ReportDetails({ report, onClose }: { readonly report: SentDiagnosisReport; readonly onClose: () => void }) {
  const { mavis } = useParts();
  const details = useFocusOfDetails<HTMLElement>();
  const text = useText();
  const formats = useFormats();
  const [opened, setOpened] = useState<DiagnosisReport | null>(null);
  const [error, setError] = useState<ShownError | null>(null);
  useEffect(() => {
    let current = true;
    const read = async (): Promise<void> => {
      const answer = await ask(mavis.service.diagnosisReport({ params: { reference: report.id }, query: {}, body: {} }));
      if (!current) return;
      setOpened(answer.ok ? answer.value : null);
      setError(answer.ok ? null : answer.error);
    };
    void read();
    return () => {
      current = false;
    };
  }, [mavis, report.id]);
  const titleId = useId();
  const onKey = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape') return;
    event.stopPropagation();
    onClose();
  };
  return (
    <aside ref={details} className="details scroll report-details" aria-labelledby={titleId} tabIndex={0} onKeyDown={onKey}>
      <header className="details-head">
        <h2 id={titleId} className="details-title mono">
          {report.id}
        </h2>
        <button type="button" className="button button-quiet button-icon button-small" aria-label={text('common.close')} onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <p>
        {report.userName} · <span className="tabular">{formats.instant(report.sentAt)}</span>
      </p>
      <p className="field-hint">{text('diagnostics.reports-claim')}</p>
      {error && <ErrorNotice error={error} />}
      {!opened && !error && (
        <p className="badge" role="status">
          <span className="spinner" />
          {text('common.loading')}
        </p>
      )}
      {opened && (
        <>
          <pre className="preview report-preview" tabIndex={0} aria-label={text('diagnostics.report-title')}>
            {opened.text}
          </pre>
          <h3 className="diagnostics-heading">{text('diagnostics.reports-entries')}</h3>
          {opened.entries.length === 0 && <p className="field-hint">{text('diagnostics.reports-no-entries')}</p>}
          <ul className="report-entries">
            {opened.entries.map((entry) => (
              <li key={entry.id}>
                <span className="tabular">{formats.instant(entry.at)}</span> <span className="mono">{entry.kind}</span> {actorName(entry, text)} <span className="log-facts">{factsLine(entry.facts)}</span>
              </li>
            ))}
          </ul>
        </>
      )}
    </aside>
  );
}
