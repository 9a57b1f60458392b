import { sideText } from '../../shared/diagnostics/report.ts';
import { findingText } from '../../shared/diagnostics/finding-text.ts';
import type { ShownPastRun, SinceWorked } from '../../shared/diagnostics/run-history.ts';
import { useFormats, useText, useTranslator } from '../language/use-text.ts';
import { checkWords, subjectName } from './result-words.ts';

/** What the checks say otherwise than when it last worked; each opens to what was tried now. */
export function ChangesSinceWorked({ since, opened, onOpen }: { readonly since: SinceWorked | null; readonly opened: string | null; readonly onOpen: (id: string) => void }) {
  const text = useText();
  const translator = useTranslator();
  const formats = useFormats();
  if (since === null) return <p className="field-hint">{text('diagnostics.since-unknown')}</p>;
  return (
    <section aria-labelledby="since-title">
      <h2 id="since-title" className="diagnostics-heading">
        {text('diagnostics.since', { when: formats.dateTime(since.at) })}
      </h2>
      {since.changes.length === 0 ? (
        <p className="field-hint">{text('diagnostics.since-nothing')}</p>
      ) : (
        <table className="table table-words table-stacked">
          <thead>
            <tr>
              <th scope="col">{text('diagnostics.where')}</th>
              <th scope="col">{text('diagnostics.column-check')}</th>
              <th scope="col">{text('diagnostics.since-before')}</th>
              <th scope="col">{text('diagnostics.since-now')}</th>
            </tr>
          </thead>
          <tbody>
            {since.changes.map((change) => (
              <tr key={change.id}>
                <td data-label={text('diagnostics.where')}>{subjectName(change, translator)}</td>
                <th scope="row" data-label={text('diagnostics.column-check')}>{checkWords(change, translator)}</th>
                <td data-label={text('diagnostics.since-before')}>{sideText(change, 'before', translator)}</td>
                <td data-label={text('diagnostics.since-now')}>
                  {change.now === null ? (
                    sideText(change, 'now', translator)
                  ) : (
                    <button type="button" className="link-button" aria-expanded={opened === change.id} onClick={() => onOpen(change.id)}>
                      {sideText(change, 'now', translator)}
                    </button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

/** The last runs for this service, newest first: since when it has looked so, and what was found. */
export function LastRuns({ history }: { readonly history: readonly ShownPastRun[] }) {
  const text = useText();
  const translator = useTranslator();
  const formats = useFormats();
  if (history.length === 0) return null;
  return (
    <section aria-labelledby="history-title">
      <h2 id="history-title" className="diagnostics-heading">
        {text('diagnostics.history')}
      </h2>
      <table className="table table-words table-stacked">
        <thead>
          <tr>
            <th scope="col">{text('diagnostics.history-time')}</th>
            <th scope="col">{text('diagnostics.history-result')}</th>
          </tr>
        </thead>
        <tbody>
          {history.map(({ firstAt, lastAt, resource, findings }) => (
            <tr key={firstAt}>
              <th scope="row" className="tabular">
                {firstAt === lastAt ? formats.dateTime(firstAt) : `${formats.dateTime(firstAt)} – ${formats.dateTime(lastAt)}`}
              </th>
              <td>
                {resource !== null && <p>{text('diagnostics.resource', { resource: resource.name, protocol: text(`protocol.${resource.protocol}`) })}</p>}
                {findings.length === 0 ? text('diagnostics.history-none') : findings.map((finding) => <p key={`${finding.code} ${JSON.stringify(finding.args)}`}>{findingText(translator, finding).cause}</p>)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
