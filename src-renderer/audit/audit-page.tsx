import { useCallback, useRef, useState } from 'react';
import type { AuditEntry } from '../../shared/api/audit.ts';
import { EmptyState } from '../controls/empty-state.tsx';
import { Icon } from '../controls/icon.tsx';
import { ListPage, ReloadButton } from '../controls/list-page.tsx';
import { ReferenceButton } from '../controls/reference-button.tsx';
import { useFormats, useText } from '../language/use-text.ts';
import { ExportButtons, ExportList } from '../logs/log-export.tsx';
import { LogEntryDetails } from '../logs/log-entry-details.tsx';
import { factsLine } from '../logs/log-facts.ts';
import { LogFilter } from '../logs/log-filter.tsx';
import { emptyForm, filterOf, type LogFilterForm } from '../logs/log-filter-form.ts';
import { LogGrid, type LogColumn, type LogGridHandle } from '../logs/log-grid.tsx';
import { usePaged } from '../mavis/use-paged.ts';
import { WayButtons, type WaysOn } from '../logs/ways-on.tsx';
import { useFed, useParts } from '../stores/parts.tsx';
import { actorName } from './actor-name.ts';
import { ChainProofNotice, ProveButton } from './chain-proof.tsx';

const PAGE_LIMIT = 100;

/** The audit log: live, filtered on the service, its chain proved, what is filtered exported. `reference` is where to begin. */
export function AuditPage({ reference, ways }: { readonly reference: string | null; readonly ways: WaysOn }) {
  const { mavis } = useParts();
  const text = useText();
  const [form, setForm] = useState<LogFilterForm>({ ...emptyForm, reference: reference ?? '' });
  const [chosen, setChosen] = useState<AuditEntry | null>(null);
  const grid = useRef<LogGridHandle>(null);
  const load = useCallback((cursor: string | undefined) => mavis.service.auditList({ params: {}, query: { ...filterOf(form, Date.now()), limit: PAGE_LIMIT, ...(cursor === undefined ? {} : { cursor }) }, body: {} }), [mavis, form]);
  const list = usePaged(load, { changes: useFed('changes', (state) => state.audit) ?? 0, atTop: () => grid.current?.atTop() ?? true });
  const columns = useColumns();
  const close = () => {
    setChosen(null);
    grid.current?.focus();
  };
  const nothing = list.items.length === 0 && list.status === 'ready';
  return (
    <ListPage
      title={text('audit.title')}
      tools={
        <>
          <ProveButton />
          <ExportButtons log="audit" filter={() => filterOf(form, Date.now())} />
          <ReloadButton onReload={list.reload} />
        </>
      }
      above={
        <>
          <LogFilter log="audit" form={form} onChange={setForm} />
          <ChainProofNotice />
          <ExportList log="audit" />
          {form.reference !== '' && list.items.length > 0 && <p className="page-caption">{text('audit.trail', { reference: form.reference })}</p>}
        </>
      }
      error={list.error}
      ownScroll={!nothing}
      beside={chosen && <AuditEntryDetails entry={chosen} ways={ways} onClose={close} onTrail={(wanted) => setForm({ ...emptyForm, reference: wanted })} />}
    >
      {nothing ? <EmptyState icon="audit" title={text('audit.empty')} remedy={text('audit.empty-remedy')} /> : <LogGrid ref={grid} label={text('audit.title')} columns={columns} list={list} chosen={chosen?.id ?? null} onChoose={setChosen} />}
    </ListPage>
  );
}

function useColumns(): readonly LogColumn<AuditEntry>[] {
  const text = useText();
  const formats = useFormats();
  return [
    { id: 'time', label: text('common.time'), width: '200px', stacked: 'line', cell: (entry) => <span className="tabular">{formats.instant(entry.at)}</span> },
    { id: 'kind', label: text('audit.kind'), width: 'minmax(150px, 1fr)', stacked: 'below', cell: (entry) => <span className="mono">{entry.kind}</span> },
    { id: 'actor', label: text('audit.actor'), width: 'minmax(90px, 0.7fr)', stacked: 'line', cell: (entry) => <span title={text(`audit.actor-${entry.actor.kind}`)}>{actorName(entry, text)}</span> },
    { id: 'facts', label: text('audit.facts'), width: 'minmax(140px, 2.2fr)', wideOnly: true, cell: (entry) => <span className="log-facts">{factsLine(entry.facts)}</span> },
    { id: 'reference', label: text('common.reference'), width: '135px', cell: (entry) => <span className="mono">{entry.reference}</span> },
  ];
}

interface AuditEntryDetailsProps {
  readonly entry: AuditEntry;
  readonly ways: WaysOn;
  readonly onClose: () => void;
  readonly onTrail: (reference: string) => void;
}

function AuditEntryDetails({ entry, ways, onClose, onTrail }: AuditEntryDetailsProps) {
  const text = useText();
  const formats = useFormats();
  const { reference } = entry;
  return (
    <LogEntryDetails
      title={entry.kind}
      facts={entry.facts}
      onClose={onClose}
      actions={
        reference !== null && (
          <>
            <button type="button" className="button button-small" onClick={() => onTrail(reference)}>
              <Icon name="search" />
              {text('audit.show-connection')}
            </button>
            <WayButtons ways={ways} reference={reference} but="audit" />
          </>
        )
      }
      head={
        <>
          <dt>{text('common.time')}</dt>
          <dd>{formats.instant(entry.at)}</dd>
          <dt>{text('audit.actor')}</dt>
          <dd>
            {actorName(entry, text)} ({text(`audit.actor-${entry.actor.kind}`)})
          </dd>
          <dt>{text('common.reference')}</dt>
          <dd>{reference === null ? text('common.none') : <ReferenceButton reference={reference} />}</dd>
        </>
      }
      foot={
        <>
          <dt>{text('audit.sequence')}</dt>
          <dd className="tabular">{entry.sequence === null ? text('audit.not-chained') : formats.number(entry.sequence)}</dd>
          <dt>{text('audit.hash')}</dt>
          <dd>
            <code>{entry.hash ?? text('audit.not-chained')}</code>
          </dd>
        </>
      }
    />
  );
}
