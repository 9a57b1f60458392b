import { Fragment, type KeyboardEvent, type ReactNode, useId } from 'react';
import { useFocusOfDetails } from '../controls/focus-of-details.ts';
import { Icon } from '../controls/icon.tsx';
import { useText } from '../language/use-text.ts';
import { factText } from './log-facts.ts';

interface LogEntryDetailsProps {
  readonly title: string;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly onClose: () => void;
  /** Ways on from the entry. */
  readonly actions: ReactNode;
  /** `dt` and `dd` pairs before the facts. */
  readonly head: ReactNode;
  /** And behind them. */
  readonly foot?: ReactNode;
}

/** Everything of one entry of a log, beside the list. Escape closes it. */
export function LogEntryDetails({ title, facts, onClose, actions, head, foot }: LogEntryDetailsProps) {
  const text = useText();
  const details = useFocusOfDetails<HTMLElement>();
  const titleId = useId();
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== 'Escape') return;
    event.stopPropagation();
    onClose();
  };
  return (
    <aside ref={details} className="details scroll" aria-labelledby={titleId} tabIndex={0} onKeyDown={onKey}>
      <header className="details-head">
        <h2 id={titleId} className="details-title mono">
          {title}
        </h2>
        <button type="button" className="button button-quiet button-icon button-small" aria-label={text('common.close')} onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <div className="details-actions">{actions}</div>
      <dl className="facts">
        {head}
        {Object.entries(facts).map(([name, value]) => (
          <Fragment key={name}>
            <dt className="mono">{name}</dt>
            <dd className="mono">{factText(value)}</dd>
          </Fragment>
        ))}
        {foot}
      </dl>
    </aside>
  );
}
