import { useCallback, useState } from 'react';
import { type ConnectionRecord, watchable } from '../../shared/api/connections.ts';
import { connectionReference } from '../../shared/ids.ts';
import type { ShownError } from '../../shared/ipc/stores.ts';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { Icon } from '../controls/icon.tsx';
import { ItemTable, type TableColumns } from '../controls/item-table.tsx';
import { ReferenceButton } from '../controls/reference-button.tsx';
import { useFormats, useText } from '../language/use-text.ts';
import { ask, askShowing } from '../mavis/ask.ts';
import { useFresh } from '../mavis/use-fresh.ts';
import { useFed, useParts } from '../stores/parts.tsx';
import { EndDialog } from './end-dialog.tsx';

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
  const [failure, setFailure] = useState<ShownError | null>(null);
  const watch = async ({ id: connectionId, reference: watched }: ConnectionRecord) => {
    await askShowing(setFailure, mavis.sessions.watch({ connectionId, reference: watched }));
  };
  return (
    <section className="all-sessions" aria-label={text('all-sessions.title')}>
      <h2>{text('all-sessions.title')}</h2>
      {live.error && <ErrorNotice error={live.error} />}
      {failure && <ErrorNotice error={failure} />}
      {live.value && items.length === 0 && <p className="field-hint">{text('all-sessions.empty')}</p>}
      {items.length > 0 && <SessionTable items={items} onEnd={mayEnd ? setEnding : null} onWatch={(session) => void watch(session)} />}
      {live.value?.nextCursor !== undefined && <p className="field-hint">{text('all-sessions.more', { shown: SHOWN })}</p>}
      {ending && (
        <EndDialog
          title={text('all-sessions.end', { user: ending.userName, resource: ending.resourceName })}
          end={(reason) => ask(mavis.service.connectionTerminate({ params: { connectionId: ending.id }, query: {}, body: { reason } }))}
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

interface SessionTableProps {
  readonly items: readonly ConnectionRecord[];
  readonly onEnd: ((session: ConnectionRecord) => void) | null;
  readonly onWatch: (session: ConnectionRecord) => void;
}

function SessionTable(props: SessionTableProps) {
  return <ItemTable items={props.items} columns={useColumns(props)} />;
}

function useColumns({ onEnd, onWatch }: Omit<SessionTableProps, 'items'>): TableColumns<ConnectionRecord> {
  const text = useText();
  const formats = useFormats();
  return [
    { id: 'user', label: text('common.user'), cell: ({ userName }) => userName },
    {
      id: 'resource',
      label: text('common.resource'),
      cell: ({ resourceName, protocol }) => (
        <>
          <strong>{resourceName}</strong> <span className="tag">{text(`protocol.${protocol}`)}</span>
        </>
      ),
    },
    { id: 'gateway', label: text('common.gateway'), cell: ({ gatewayName }) => gatewayName ?? '—' },
    { id: 'segment', label: text('common.segment'), wideOnly: true, cell: ({ segment }) => segment ?? text('common.direct') },
    { id: 'since', label: text('all-sessions.since'), wideOnly: true, tabular: true, cell: ({ connectedAt, askedAt }) => formats.dateTime(connectedAt ?? askedAt) },
    {
      id: 'state',
      label: text('common.state'),
      cell: (session) => (
        <span className={looks[shownState(session)]} role="status">
          {text(`all-sessions.state-${shownState(session)}`)}
        </span>
      ),
    },
    { id: 'reference', label: text('common.reference'), wideOnly: true, cell: ({ reference }) => <ReferenceButton reference={reference} /> },
    {
      id: 'actions',
      label: text('watch.actions'),
      actions: true,
      cell: (session) => (
        <>
          {shownState(session) === 'connected' && watchable(session.protocol) && (
            <button type="button" className="button button-small" aria-label={text('watch.open', { user: session.userName, resource: session.resourceName })} onClick={() => onWatch(session)}>
              <Icon name="eye" />
              {text('watch.open-short')}
            </button>
          )}
          {onEnd && ['connected', 'connecting'].includes(shownState(session)) && (
            <button type="button" className="button button-small" aria-label={text('all-sessions.end', { user: session.userName, resource: session.resourceName })} onClick={() => onEnd(session)}>
              <Icon name="stop" />
              {text('all-sessions.end-short')}
            </button>
          )}
        </>
      ),
    },
  ];
}
