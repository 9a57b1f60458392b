import { useCallback, useState } from 'react';
import { errorText } from '../../shared/languages/error-text.ts';
import { knownErrorCode } from '../../shared/errors/catalogue.ts';
import type { ErrorLogEntry } from '../../shared/api/audit.ts';
import { factsLine } from '../audit/audit-page.tsx';
import { type AuditFilter, auditQuery, AuditFilterRow, emptyFilter } from '../audit/audit-filter.tsx';
import { EmptyState } from '../controls/empty-state.tsx';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { Icon } from '../controls/icon.tsx';
import { ListFoot } from '../controls/list-foot.tsx';
import { useFormats, useText, useTranslator } from '../language/use-text.ts';
import { usePaged } from '../mavis/use-paged.ts';
import { useFed, useParts } from '../stores/parts.tsx';

/** The error log of Gateways and connections, each entry worded by the catalogue (S12, S17, S18). */
export function ErrorLogPage({ onShowAudit }: { readonly onShowAudit: (reference: string) => void }) {
  const { mavis } = useParts();
  const text = useText();
  const [filter, setFilter] = useState<AuditFilter>(emptyFilter);
  const load = useCallback((cursor: string | undefined) => mavis.service.errorLogList({ params: {}, query: auditQuery(filter, cursor), body: {} }), [mavis, filter]);
  const list = usePaged(load);
  const mayAudit = useFed('account', (state) => state.status === 'signed-in' && state.user.role !== 'operator') === true;
  return (
    <div className="page">
      <header className="page-head">
        <h1>{text('errors.title')}</h1>
        <button type="button" className="button button-icon" aria-label={text('common.reload')} title={text('common.reload')} onClick={list.reload}>
          <Icon name="replay" />
        </button>
      </header>
      <AuditFilterRow filter={filter} kind="code" onChange={setFilter} />
      {list.error && (
        <div className="page-notice">
          <ErrorNotice error={list.error} />
        </div>
      )}
      <div className="page-body scroll" tabIndex={0} role="region" aria-label={text('errors.title')}>
        {list.items.length > 0 && <ErrorTable items={list.items} onReference={mayAudit ? onShowAudit : null} />}
        {list.items.length === 0 && list.status === 'ready' && <EmptyState icon="shieldCheck" title={text('errors.empty')} remedy={text('errors.empty-remedy')} />}
        <ListFoot list={list} />
      </div>
    </div>
  );
}

function ErrorTable({ items, onReference }: { readonly items: readonly ErrorLogEntry[]; readonly onReference: ((reference: string) => void) | null }) {
  const text = useText();
  const formats = useFormats();
  const translator = useTranslator();
  return (
    <table className="table">
      <thead>
        <tr>
          <th scope="col">{text('common.time')}</th>
          <th scope="col">{text('errors.what')}</th>
          <th scope="col">{text('errors.leg')}</th>
          <th scope="col">{text('common.who-acts')}</th>
          <th scope="col" className="wide-only">
            {text('audit.facts')}
          </th>
          <th scope="col">{text('common.reference')}</th>
        </tr>
      </thead>
      <tbody>
        {items.map((entry) => {
          const args = Object.fromEntries(Object.entries(entry.facts).filter((fact): fact is [string, string | number] => typeof fact[1] === 'string' || typeof fact[1] === 'number'));
          const worded = errorText(translator, entry.code, entry.gatewayName === null ? args : { gateway: entry.gatewayName, ...args });
          return (
            <tr key={entry.id}>
              <td className="tabular">{formats.instant(entry.at)}</td>
              <td className="error-what" title={worded.remedy}>
                <span className="error-message">{worded.message}</span>
                <code className="failure-code">{knownErrorCode(entry.code) === entry.code ? entry.code : `internal (${entry.code})`}</code>
              </td>
              <td title={worded.legName}>{/^L\d$/.test(entry.leg) ? entry.leg : worded.legName}</td>
              <td>{worded.actorName}</td>
              <td className="wide-only log-facts">{factsLine(entry.facts)}</td>
              <td>
                {entry.reference !== null &&
                  (onReference ? (
                    <button type="button" className="link-button mono" title={text('audit.show-connection')} onClick={() => onReference(entry.reference ?? '')}>
                      {entry.reference}
                    </button>
                  ) : (
                    <code>{entry.reference}</code>
                  ))}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
