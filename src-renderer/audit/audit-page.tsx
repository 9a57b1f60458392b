import { useCallback, useState } from 'react';
import type { AuditEntry, AuditVerification } from '../../shared/api/audit.ts';
import type { ShownError } from '../../shared/ipc/stores.ts';
import { EmptyState } from '../controls/empty-state.tsx';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { Icon } from '../controls/icon.tsx';
import { ListFoot } from '../controls/list-foot.tsx';
import { ReferenceButton } from '../controls/reference-button.tsx';
import { useFormats, useText } from '../language/use-text.ts';
import { ask } from '../mavis/ask.ts';
import { usePaged } from '../mavis/use-paged.ts';
import { useParts } from '../stores/parts.tsx';
import { actorName } from './actor-name.ts';
import { AuditEntryDetails } from './audit-entry-details.tsx';
import { type AuditFilter, auditQuery, AuditFilterRow, emptyFilter } from './audit-filter.tsx';

/** The audit log: found by reference, kind, words and time; its chain verified. `reference` is where to begin. */
export function AuditPage({ reference }: { readonly reference: string | null }) {
  const { mavis } = useParts();
  const text = useText();
  const [filter, setFilter] = useState<AuditFilter>({ ...emptyFilter, reference: reference ?? '' });
  const [chosen, setChosen] = useState<AuditEntry | null>(null);
  const load = useCallback((cursor: string | undefined) => mavis.service.auditList({ params: {}, query: auditQuery(filter, cursor), body: {} }), [mavis, filter]);
  const list = usePaged(load);
  const showReference = (wanted: string) => setFilter({ ...emptyFilter, reference: wanted });
  return (
    <div className="page">
      <header className="page-head">
        <h1>{text('audit.title')}</h1>
        <VerifyChain />
        <button type="button" className="button button-icon" aria-label={text('common.reload')} title={text('common.reload')} onClick={list.reload}>
          <Icon name="replay" />
        </button>
      </header>
      <AuditFilterRow filter={filter} kind="kind" onChange={setFilter} />
      {filter.reference !== '' && list.items.length > 0 && <p className="page-caption">{text('audit.trail', { reference: filter.reference })}</p>}
      {list.error && (
        <div className="page-notice">
          <ErrorNotice error={list.error} />
        </div>
      )}
      <div className="split">
        <div className="page-body scroll" tabIndex={0} role="region" aria-label={text('audit.title')}>
          {list.items.length > 0 && <AuditTable items={list.items} chosen={chosen} onChoose={setChosen} onReference={showReference} />}
          {list.items.length === 0 && list.status === 'ready' && <EmptyState icon="audit" title={text('audit.empty')} remedy={text('audit.empty-remedy')} />}
          <ListFoot list={list} />
        </div>
        {chosen && <AuditEntryDetails entry={chosen} onClose={() => setChosen(null)} onReference={showReference} />}
      </div>
    </div>
  );
}

interface AuditTableProps {
  readonly items: readonly AuditEntry[];
  readonly chosen: AuditEntry | null;
  readonly onChoose: (entry: AuditEntry) => void;
  readonly onReference: (reference: string) => void;
}

function AuditTable({ items, chosen, onChoose, onReference }: AuditTableProps) {
  const text = useText();
  const formats = useFormats();
  return (
    <table className="table">
      <thead>
        <tr>
          <th scope="col">{text('common.time')}</th>
          <th scope="col">{text('audit.kind')}</th>
          <th scope="col">{text('audit.actor')}</th>
          <th scope="col" className="wide-only">
            {text('audit.facts')}
          </th>
          <th scope="col">{text('common.reference')}</th>
        </tr>
      </thead>
      <tbody>
        {items.map((entry) => (
          <tr key={entry.id} data-selected={entry.id === chosen?.id} onClick={() => onChoose(entry)}>
            <td className="tabular">{formats.instant(entry.at)}</td>
            <td>
              <button type="button" className="link-button mono" aria-pressed={entry.id === chosen?.id} onClick={() => onChoose(entry)}>
                {entry.kind}
              </button>
            </td>
            <td title={text(`audit.actor-${entry.actor.kind}`)}>{actorName(entry, text)}</td>
            <td className="wide-only log-facts">{factsLine(entry.facts)}</td>
            <td>
              {entry.reference !== null && (
                <button
                  type="button"
                  className="link-button mono"
                  title={text('audit.show-connection')}
                  onClick={(event) => {
                    event.stopPropagation();
                    onReference(entry.reference ?? '');
                  }}
                >
                  {entry.reference}
                </button>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Facts on one line, for the list; the details show them whole. */
export function factsLine(facts: Readonly<Record<string, unknown>>): string {
  return Object.entries(facts)
    .map(([name, value]) => `${name}=${factText(value)}`)
    .join('  ')
    .slice(0, 300);
}

/** One fact as text. */
export function factText(value: unknown): string {
  if (value === null || value === undefined) return '—';
  return Array.isArray(value) ? value.map(String).join(', ') : String(value);
}

type Verified = { readonly status: 'not-asked' } | { readonly status: 'asking' } | { readonly status: 'known'; readonly result: AuditVerification } | { readonly status: 'failed'; readonly error: ShownError };

function VerifyChain() {
  const { mavis } = useParts();
  const text = useText();
  const [verified, setVerified] = useState<Verified>({ status: 'not-asked' });
  const verify = async () => {
    setVerified({ status: 'asking' });
    const answer = await ask(mavis.service.auditVerify({ params: {}, query: {}, body: {} }));
    setVerified(answer.ok ? { status: 'known', result: answer.value } : { status: 'failed', error: answer.error });
  };
  return (
    <>
      <button type="button" className="button" aria-disabled={verified.status === 'asking'} onClick={() => verified.status !== 'asking' && void verify()}>
        <Icon name="shieldCheck" />
        {verified.status === 'asking' ? text('audit.verifying') : text('audit.verify')}
      </button>
      {verified.status === 'known' && <ChainResult result={verified.result} />}
      {verified.status === 'failed' && (
        <div className="head-notice">
          <ErrorNotice error={verified.error} />
        </div>
      )}
    </>
  );
}

function ChainResult({ result }: { readonly result: AuditVerification }) {
  const text = useText();
  const broken = result.firstBroken;
  return (
    <div className={result.ok ? 'notice notice-good head-notice' : 'notice head-notice'} role="status">
      <Icon name={result.ok ? 'shieldCheck' : 'warning'} />
      <p className="notice-message">
        {broken
          ? text('audit.broken', { sequence: broken.sequence, what: text(`audit.broken-${broken.what}`) })
          : text('audit.verified', { entries: result.entries, heads: result.headsChecked, open: result.notYetProven })}
      </p>
      {broken && broken.id !== null && (
        <>
          <span />
          <ReferenceButton reference={broken.id} />
        </>
      )}
    </div>
  );
}
