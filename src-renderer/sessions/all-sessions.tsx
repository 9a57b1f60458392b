import { useCallback, useState } from 'react';
import type { ConnectionRecord } from '../../shared/api/connections.ts';
import { connectionReference } from '../../shared/ids.ts';
import type { ShownError } from '../../shared/ipc/stores.ts';
import { Dialog } from '../controls/dialog.tsx';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { Field } from '../controls/field.tsx';
import { Icon } from '../controls/icon.tsx';
import { ReferenceButton } from '../controls/reference-button.tsx';
import { useFormats, useText } from '../language/use-text.ts';
import { ask } from '../mavis/ask.ts';
import { useFresh } from '../mavis/use-fresh.ts';
import { useFed, useParts } from '../stores/parts.tsx';

/** Live sessions that are shown; who has more finds one by its reference. */
const SHOWN = 500;

/** Everybody's live sessions, for those who may end them; `reference` narrows them to one, live or over. */
export function AllSessions({ reference, mayEnd }: { readonly reference: string | null; readonly mayEnd: boolean }) {
  const { mavis } = useParts();
  const text = useText();
  const [ending, setEnding] = useState<ConnectionRecord | null>(null);
  const wanted = connectionReference.safeParse(reference).data;
  /** What was ended from here stays in sight until the page is left, so that its end is seen to come. */
  const [ended, setEnded] = useState<readonly string[]>([]);
  const load = useCallback(() => mavis.service.connectionList({ params: {}, query: wanted === undefined ? { limit: SHOWN, live: 'true' } : { limit: 1, reference: wanted }, body: {} }), [mavis, wanted]);
  const loadEnded = useCallback(() => mavis.service.connectionList({ params: {}, query: { limit: SHOWN, live: 'false' }, body: {} }), [mavis]);
  const changes = useFed('changes', (state) => state.connections) ?? 0;
  const live = useFresh(load, changes);
  const over = useFresh(loadEnded, ended.length === 0 ? 0 : changes + ended.length);
  const items = [...(live.value?.items ?? []), ...(over.value?.items ?? []).filter(({ id }) => ended.includes(id) && !(live.value?.items ?? []).some((item) => item.id === id))];
  return (
    <section className="all-sessions" aria-label={text('all-sessions.title')}>
      <h2>{text('all-sessions.title')}</h2>
      {live.error && <ErrorNotice error={live.error} />}
      {live.value && items.length === 0 && <p className="field-hint">{text('all-sessions.empty')}</p>}
      {items.length > 0 && <SessionTable items={items} onEnd={mayEnd ? setEnding : null} />}
      {live.value?.nextCursor !== undefined && <p className="field-hint">{text('all-sessions.more', { shown: SHOWN })}</p>}
      {ending && (
        <EndDialog
          session={ending}
          onClose={() => setEnding(null)}
          onAsked={() => {
            setEnded((before) => [...before, ending.id]);
            setEnding(null);
            live.reload();
          }}
        />
      )}
    </section>
  );
}

/** What is to be said of a session's state: its end is pending from the asking until its Gateway has confirmed it. */
export function shownState(session: Pick<ConnectionRecord, 'state' | 'termination'>): 'connecting' | 'connected' | 'ending-pending' | 'ending' | 'ended' | 'failed' {
  const { state, termination } = session;
  if (state === 'ended') return 'ended';
  if (state === 'failed' || state === 'not-used') return termination === null ? 'failed' : 'ended';
  if (termination !== null) return termination.confirmed ? 'ending' : 'ending-pending';
  return state === 'connected' ? 'connected' : 'connecting';
}

const looks = { connecting: 'badge badge-accent', connected: 'badge badge-good', 'ending-pending': 'badge badge-warn', ending: 'badge badge-warn', ended: 'badge', failed: 'badge badge-bad' } as const;

function SessionTable({ items, onEnd }: { readonly items: readonly ConnectionRecord[]; readonly onEnd: ((session: ConnectionRecord) => void) | null }) {
  const text = useText();
  const formats = useFormats();
  return (
    <table className="table">
      <thead>
        <tr>
          <th scope="col">{text('common.user')}</th>
          <th scope="col">{text('common.resource')}</th>
          <th scope="col">{text('common.gateway')}</th>
          <th scope="col" className="wide-only">
            {text('common.segment')}
          </th>
          <th scope="col">{text('all-sessions.since')}</th>
          <th scope="col">{text('common.state')}</th>
          <th scope="col" className="wide-only">
            {text('common.reference')}
          </th>
          {onEnd && (
            <th scope="col" className="row-actions">
              <span className="visually-hidden">{text('all-sessions.end-short')}</span>
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {items.map((session) => {
          const state = shownState(session);
          return (
            <tr key={session.id}>
              <td>{session.userName}</td>
              <td>
                <strong>{session.resourceName}</strong> <span className="tag">{text(`protocol.${session.protocol}`)}</span>
              </td>
              <td>{session.gatewayName ?? '—'}</td>
              <td className="wide-only">{session.segment ?? text('common.direct')}</td>
              <td className="tabular">{formats.dateTime(session.connectedAt ?? session.askedAt)}</td>
              <td>
                <span className={looks[state]} role="status">
                  {text(`all-sessions.state-${state}`)}
                </span>
              </td>
              <td className="wide-only">
                <ReferenceButton reference={session.reference} />
              </td>
              {onEnd && (
                <td className="row-actions">
                  {(state === 'connected' || state === 'connecting') && (
                    <button type="button" className="button button-small" aria-label={text('all-sessions.end', { user: session.userName, resource: session.resourceName })} onClick={() => onEnd(session)}>
                      <Icon name="stop" />
                      {text('all-sessions.end-short')}
                    </button>
                  )}
                </td>
              )}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

/** Asks for the reason, which the audit log keeps. */
function EndDialog({ session, onClose, onAsked }: { readonly session: ConnectionRecord; readonly onClose: () => void; readonly onAsked: () => void }) {
  const { mavis } = useParts();
  const text = useText();
  const [reason, setReason] = useState('');
  const [failure, setFailure] = useState<ShownError | null>(null);
  const end = async () => {
    if (reason.trim() === '') return;
    const answer = await ask(mavis.service.connectionTerminate({ params: { connectionId: session.id }, query: {}, body: { reason: reason.trim() } }));
    if (answer.ok) onAsked();
    else setFailure(answer.error);
  };
  return (
    <Dialog
      title={text('all-sessions.end', { user: session.userName, resource: session.resourceName })}
      onClose={onClose}
      actions={
        <>
          <button type="button" className="button" onClick={onClose}>
            {text('common.cancel')}
          </button>
          <button type="button" className="button button-danger" aria-disabled={reason.trim() === ''} onClick={() => void end()}>
            {text('all-sessions.end-short')}
          </button>
        </>
      }
    >
      <p>{text('all-sessions.end-body')}</p>
      <Field label={text('all-sessions.reason')}>{(ties) => <input {...ties} className="input" type="text" value={reason} maxLength={500} onChange={(event) => setReason(event.target.value)} onKeyDown={(event) => event.key === 'Enter' && void end()} />}</Field>
      {failure && <ErrorNotice error={failure} />}
    </Dialog>
  );
}
