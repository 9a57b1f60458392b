import { Fragment, useId } from 'react';
import type { AuditEntry } from '../../shared/api/audit.ts';
import { Icon } from '../controls/icon.tsx';
import { ReferenceButton } from '../controls/reference-button.tsx';
import { useFormats, useText } from '../language/use-text.ts';
import { actorName } from './actor-name.ts';
import { factText } from './audit-page.tsx';

interface AuditEntryDetailsProps {
  readonly entry: AuditEntry;
  readonly onClose: () => void;
  readonly onReference: (reference: string) => void;
}

/** Everything of one audit entry, its place in the chain included. */
export function AuditEntryDetails({ entry, onClose, onReference }: AuditEntryDetailsProps) {
  const text = useText();
  const formats = useFormats();
  const titleId = useId();
  return (
    <aside className="details scroll" aria-labelledby={titleId} tabIndex={0}>
      <header className="details-head">
        <h2 id={titleId} className="details-title mono">
          {entry.kind}
        </h2>
        <button type="button" className="button button-quiet button-icon button-small" aria-label={text('common.close')} onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <dl className="facts">
        <dt>{text('common.time')}</dt>
        <dd>{formats.instant(entry.at)}</dd>
        <dt>{text('audit.actor')}</dt>
        <dd>
          {actorName(entry, text)} ({text(`audit.actor-${entry.actor.kind}`)})
        </dd>
        <dt>{text('common.reference')}</dt>
        <dd>{entry.reference === null ? text('common.none') : <ReferenceButton reference={entry.reference} />}</dd>
        {Object.entries(entry.facts).map(([name, value]) => (
          <Fragment key={name}>
            <dt className="mono">{name}</dt>
            <dd>{factText(value)}</dd>
          </Fragment>
        ))}
        <dt>{text('audit.sequence')}</dt>
        <dd className="tabular">{entry.sequence === null ? text('audit.not-chained') : formats.number(entry.sequence)}</dd>
        <dt>{text('audit.hash')}</dt>
        <dd>
          <code>{entry.hash ?? text('audit.not-chained')}</code>
        </dd>
      </dl>
      {entry.reference !== null && (
        <button type="button" className="button" onClick={() => onReference(entry.reference ?? '')}>
          <Icon name="search" />
          {text('audit.show-connection')}
        </button>
      )}
    </aside>
  );
}
