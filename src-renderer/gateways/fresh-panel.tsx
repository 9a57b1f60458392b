import type { ReactNode } from 'react';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { useText } from '../language/use-text.ts';
import type { Fresh } from '../mavis/use-fresh.ts';

interface FreshPanelProps {
  readonly title: string;
  /** Said in the summary where the value could not be had. */
  readonly unknown: string;
  readonly fresh: Fresh<unknown>;
  /** Shown once there is a value, as the children are. */
  readonly summary: ReactNode;
  readonly children: ReactNode;
}

/** A panel over the list of Gateways that opens: one line that says how things stand, behind it the whole; with its loading, its failure and Retry. */
export function FreshPanel({ title, unknown, fresh: { value, error, reload }, summary, children }: FreshPanelProps) {
  const text = useText();
  return (
    <details className="fresh-panel">
      <summary>
        <span className="fresh-panel-title">{title}</span>
        {summary}
        {value === undefined && error === null && <span className="spinner" role="status" aria-label={text('common.loading')} />}
        {error !== null && <span className="badge badge-warn">{unknown}</span>}
      </summary>
      {error !== null && (
        <ErrorNotice error={error}>
          <button type="button" className="button button-small" onClick={reload}>
            {text('common.retry')}
          </button>
        </ErrorNotice>
      )}
      {children}
    </details>
  );
}
