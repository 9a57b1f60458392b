import { lazy, Suspense, useCallback, useState } from 'react';
import type { RecordingSummary } from '../../shared/api/recordings.ts';
import { EmptyState } from '../controls/empty-state.tsx';
import { Icon } from '../controls/icon.tsx';
import { ItemTable, type TableColumns } from '../controls/item-table.tsx';
import { ListFoot } from '../controls/list-foot.tsx';
import { ListPage, PageSearch, ReloadButton } from '../controls/list-page.tsx';
import { ReferenceButton } from '../controls/reference-button.tsx';
import { clock } from '../language/formats.ts';
import { useFormats, useText } from '../language/use-text.ts';
import { usePaged } from '../mavis/use-paged.ts';
import { useFed, useParts } from '../stores/parts.tsx';
import { StateBadge } from './state-badge.tsx';

const PAGE_LIMIT = 100;

/** With it come the terminal and the engines of desktops, half of all scripts of the window: loaded when somebody plays a recording, and not at the start. */
const PlayerView = lazy(async () => ({ default: (await import('./player-view.tsx')).PlayerView }));

/** The session recordings, and the player of one. */
export function RecordingsPage({ reference, onShowAudit }: { readonly reference: string | null; readonly onShowAudit: (reference: string) => void }) {
  const { mavis } = useParts();
  const text = useText();
  const [search, setSearch] = useState(reference ?? '');
  const [playing, setPlaying] = useState<RecordingSummary | null>(null);
  const load = useCallback(
    (cursor: string | undefined) => mavis.service.recordingList({ params: {}, query: { limit: PAGE_LIMIT, ...(search.trim() === '' ? {} : { search: search.trim() }), ...(cursor === undefined ? {} : { cursor }) }, body: {} }),
    [mavis, search],
  );
  const list = usePaged(load, { changes: useFed('changes', (state) => state.recordings) ?? 0 });
  if (playing)
    return (
      <Suspense fallback={<Loading />}>
        <PlayerView recording={playing} onBack={() => setPlaying(null)} />
      </Suspense>
    );
  return (
    <ListPage
      title={text('recordings.title')}
      tools={
        <>
          <PageSearch label={text('recordings.search')} value={search} onChange={setSearch} />
          <ReloadButton onReload={list.reload} />
        </>
      }
      error={list.error}
    >
      {list.items.length > 0 && <RecordingTable items={list.items} onPlay={setPlaying} onShowAudit={onShowAudit} />}
      {list.items.length === 0 && list.status === 'ready' && <EmptyState icon="record" title={text('recordings.empty')} remedy={text('recordings.empty-remedy')} />}
      <ListFoot list={list} />
    </ListPage>
  );
}

function Loading() {
  const text = useText();
  return (
    <p className="badge" role="status">
      <span className="spinner" />
      {text('common.loading')}
    </p>
  );
}

interface RecordingTableProps {
  readonly items: readonly RecordingSummary[];
  readonly onPlay: (recording: RecordingSummary) => void;
  readonly onShowAudit: (reference: string) => void;
}

function RecordingTable(props: RecordingTableProps) {
  return <ItemTable items={props.items} columns={useColumns(props)} />;
}

function useColumns({ onPlay, onShowAudit }: Omit<RecordingTableProps, 'items'>): TableColumns<RecordingSummary> {
  const text = useText();
  const formats = useFormats();
  return [
    { id: 'started', label: text('common.started'), tabular: true, cell: ({ startedAt }) => formats.dateTime(startedAt) },
    {
      id: 'resource',
      label: text('common.resource'),
      cell: ({ resourceName, protocol }) => (
        <>
          <strong>{resourceName}</strong> <span className="tag">{text(`protocol.${protocol}`)}</span>
        </>
      ),
    },
    { id: 'user', label: text('common.user'), cell: ({ userName }) => userName },
    { id: 'gateway', label: text('common.gateway'), wideOnly: true, cell: ({ gatewayName }) => gatewayName },
    { id: 'duration', label: text('common.duration'), tabular: true, cell: ({ durationMs }) => (durationMs === null ? '—' : clock(durationMs)) },
    { id: 'size', label: text('common.size'), wideOnly: true, tabular: true, cell: ({ sizeBytes }) => formats.bytes(sizeBytes) },
    {
      id: 'state',
      label: text('common.state'),
      cell: (recording) => (
        <>
          <StateBadge recording={recording} />
          {!recording.stored && <span className="field-hint wide-only"> {text('recordings.not-stored')}</span>}
        </>
      ),
    },
    {
      id: 'reference',
      label: text('common.reference'),
      wideOnly: true,
      cell: ({ reference }) => (
        <>
          <ReferenceButton reference={reference} />
          <button type="button" className="link-button" onClick={() => onShowAudit(reference)}>
            {text('nav.audit')}
          </button>
        </>
      ),
    },
    {
      id: 'play',
      label: text('recordings.play-short'),
      actions: true,
      cell: (recording) => (
        <button
          type="button"
          className="button button-small"
          aria-disabled={!recording.stored}
          aria-label={text('recordings.play', { resource: recording.resourceName, when: formats.dateTime(recording.startedAt) })}
          title={recording.stored ? undefined : text('recordings.not-stored')}
          onClick={() => recording.stored && onPlay(recording)}
        >
          <Icon name="play" />
          {text('recordings.play-short')}
        </button>
      ),
    },
  ];
}
