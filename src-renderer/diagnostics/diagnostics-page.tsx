import { useCallback, useEffect, useState } from 'react';
import { EmptyState } from '../controls/empty-state.tsx';
import { Icon } from '../controls/icon.tsx';
import { useFormats, useText } from '../language/use-text.ts';
import { ask } from '../mavis/ask.ts';
import { useFed, useParts } from '../stores/parts.tsx';
import { CheckDetails } from './check-details.tsx';
import { FindingsList } from './findings-list.tsx';
import { GatewayChecks } from './gateway-checks.tsx';
import { LegMap } from './leg-map.tsx';
import { OwnChecks } from './own-checks.tsx';
import { ReportDialog } from './report-dialog.tsx';
import { ChangesSinceWorked, LastRuns } from './run-history.tsx';

/** Which leg is broken, why, and who must act; also before the sign-in, where `onBack` leads back to it. `onLog` leads to the app's own log, `onReports` to what users sent, for whom may see it. */
export function DiagnosticsPage({ onBack, onLog, onReports }: { readonly onBack?: () => void; readonly onLog?: () => void; readonly onReports?: (() => void) | undefined }) {
  const { mavis } = useParts();
  const text = useText();
  const state = useFed('diagnostics', (all) => all);
  const [opened, setOpened] = useState<string | null>(null);
  const [reporting, setReporting] = useState(false);
  const run = useCallback(() => void ask(mavis.diagnostics.run({})), [mavis]);
  const idle = state !== undefined && !state.running && state.run === null;
  useEffect(() => () => void ask(mavis.diagnostics.watch({ on: false })), [mavis]);
  useEffect(() => {
    if (idle) run();
  }, [idle, run]);
  if (!state) return null;
  const result = opened === null ? undefined : state.results[opened];
  const results = Object.values(state.results);
  const toggle = (id: string): void => setOpened(opened === id ? null : id);
  return (
    <div className="page diagnostics">
      <header className="page-head diagnostics-head">
        <div>
          <h1>{text('diagnostics.title')}</h1>
          <p className="diagnostics-lead">{text('diagnostics.lead')}</p>
        </div>
        <div className="diagnostics-actions">
          {onBack && (
            <button type="button" className="button" onClick={onBack}>
              {text('diagnostics.back')}
            </button>
          )}
          {onLog && (
            <button type="button" className="button" onClick={onLog}>
              {text('own-log.title')}
            </button>
          )}
          {onReports && (
            <button type="button" className="button" onClick={onReports}>
              {text('diagnostics.reports')}
            </button>
          )}
          <label className="check">
            <input type="checkbox" checked={state.watching} onChange={(event) => void ask(mavis.diagnostics.watch({ on: event.target.checked }))} />
            {text('diagnostics.watch')}
          </label>
          <button type="button" className="button" aria-disabled={state.run === null} onClick={() => state.run !== null && setReporting(true)}>
            <Icon name="audit" />
            {text('diagnostics.report')}
          </button>
          <button type="button" className="button button-primary" aria-disabled={state.running} onClick={() => !state.running && run()}>
            {state.running ? <span className="spinner" /> : <Icon name="replay" />}
            {state.running ? text('diagnostics.running') : text('diagnostics.run')}
          </button>
        </div>
      </header>
      <div className="page-body scroll diagnostics-body" tabIndex={0} role="region" aria-label={text('diagnostics.title')}>
        <Progress />
        {results.length === 0 && !state.running && <EmptyState icon="search" title={text('diagnostics.empty')} />}
        {state.run !== null && <FindingsList findings={state.run.findings} />}
        {state.run !== null && state.run.findings.length > 0 && <ChangesSinceWorked since={state.since} opened={opened} onOpen={toggle} />}
        {results.length > 0 && <LegMap results={results} />}
        {result && <CheckDetails key={result.id} result={result} running={state.running} onRunAgain={() => void ask(mavis.diagnostics.runOne({ id: result.id }))} onClose={() => setOpened(null)} />}
        {results.length > 0 && (
          <>
            <h2 className="diagnostics-heading">{text('diagnostics.gateways')}</h2>
            <GatewayChecks state={state} opened={opened} onOpen={toggle} />
            <h2 className="diagnostics-heading">{text('diagnostics.own-checks')}</h2>
            <OwnChecks state={state} opened={opened} onOpen={toggle} />
            <LastRuns history={state.history} />
          </>
        )}
      </div>
      {reporting && <ReportDialog onClose={() => setReporting(false)} />}
    </div>
  );
}

/** How far the run is, when the last one was, and for which resource. */
function Progress() {
  const text = useText();
  const formats = useFormats();
  const state = useFed('diagnostics', (all) => all);
  if (!state) return null;
  const { run, running, begun } = state;
  const left = state.pending.length;
  return (
    <div className="diagnostics-progress">
      <span role="status">{running ? text('diagnostics.progress', { done: begun - left, total: begun }) : run === null ? '' : text('diagnostics.last-run', { when: formats.dateTime(run.startedAt), duration: formats.milliseconds(run.milliseconds ?? 0) })}</span>
      {run?.resource && (
        <span className="diagnostics-resource">
          {text('diagnostics.resource', { resource: run.resource.name, protocol: text(`protocol.${run.resource.protocol}`) })}
        </span>
      )}
    </div>
  );
}
