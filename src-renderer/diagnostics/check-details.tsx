import { useEffect, useRef } from 'react';
import type { CheckResult } from '../../shared/diagnostics/check-result.ts';
import { factLines } from '../../shared/diagnostics/fact-lines.ts';
import { stateText } from '../../shared/diagnostics/report.ts';
import { Icon } from '../controls/icon.tsx';
import { useFormats, useText, useTranslator } from '../language/use-text.ts';
import { checkWords, subjectName } from './result-words.ts';

/** What a check tried: when, where, with what outcome and how long it took. */
export function CheckDetails({ result, running, onRunAgain, onClose }: { readonly result: CheckResult; readonly running: boolean; readonly onRunAgain: () => void; readonly onClose: () => void }) {
  const text = useText();
  const translator = useTranslator();
  const formats = useFormats();
  const heading = useRef<HTMLHeadingElement>(null);
  // Keyed by the result where it is shown: a new one is a new section.
  useEffect(() => heading.current?.focus(), []);
  const { outcome } = result;
  const facts = factLines(result, translator, formats.instant);
  return (
    <section className="check-details" aria-labelledby="check-details-title">
      <header className="check-details-head">
        <h2 id="check-details-title" ref={heading} tabIndex={-1} className="diagnostics-heading">
          {text('diagnostics.details', { check: `${checkWords(result, translator)} · ${subjectName(result, translator)}` })}
        </h2>
        <button type="button" className="button button-quiet button-icon" aria-label={text('common.close')} onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <p>
        {stateText(result, translator)}
        {outcome.status === 'not-run' && outcome.detail !== '' && ` (${outcome.detail})`}
      </p>
      {facts.length > 0 && (
        <dl className="check-facts" aria-label={text('diagnostics.fact-found')}>
          {facts.map(({ name, value }, index) => (
            <div key={`${index} ${name}`}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      )}
      {result.tried.length === 0 ? (
        <p className="field-hint">{text('diagnostics.tried-none')}</p>
      ) : (
        <div className="scroll check-details-table" tabIndex={0} role="region" aria-label={text('diagnostics.tried-action')}>
          <table className="table table-stacked">
            <thead>
              <tr>
                <th scope="col">{text('diagnostics.tried-at')}</th>
                <th scope="col">{text('diagnostics.tried-action')}</th>
                <th scope="col">{text('diagnostics.tried-to')}</th>
                <th scope="col">{text('diagnostics.tried-outcome')}</th>
                <th scope="col">{text('diagnostics.column-took')}</th>
              </tr>
            </thead>
            <tbody>
              {result.tried.map(({ at, action, to, outcome: ended, milliseconds }, index) => (
                <tr key={`${index} ${at}`}>
                  <td className="tabular" data-label={text('diagnostics.tried-at')}>{formats.instant(at)}</td>
                  <td data-label={text('diagnostics.tried-action')}>{text(`diagnostics.action-${action}`)}</td>
                  <td className="mono" data-label={text('diagnostics.tried-to')}>{to}</td>
                  <td className="mono" data-label={text('diagnostics.tried-outcome')}>{ended}</td>
                  <td className="tabular" data-label={text('diagnostics.column-took')}>{formats.milliseconds(milliseconds)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <button type="button" className="button" aria-disabled={running} onClick={running ? undefined : onRunAgain}>
        <Icon name="replay" />
        {text('diagnostics.run-one')}
      </button>
    </section>
  );
}
