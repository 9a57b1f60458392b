import { useCallback, useState } from 'react';
import type { RecordingSummary } from '../../shared/api/recordings.ts';
import { EmptyState } from '../controls/empty-state.tsx';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { Icon } from '../controls/icon.tsx';
import { ListFoot } from '../controls/list-foot.tsx';
import { ReferenceButton } from '../controls/reference-button.tsx';
import { clock } from '../language/formats.ts';
import { useFormats, useText } from '../language/use-text.ts';
import { usePaged } from '../mavis/use-paged.ts';
import { useParts } from '../stores/parts.tsx';
import { PlayerView } from './player-view.tsx';
import { StateBadge } from './state-badge.tsx';

const PAGE_LIMIT = 100;

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
  const list = usePaged(load);
  if (playing) return <PlayerView recording={playing} onBack={() => setPlaying(null)} />;
  return (
    <div className="page">
      <header className="page-head">
        <h1>{text('recordings.title')}</h1>
        <div className="search-frame page-search" role="search">
          <Icon name="search" />
          <input type="search" className="search-input" value={search} maxLength={200} placeholder={text('recordings.search')} aria-label={text('recordings.search')} onChange={(event) => setSearch(event.target.value)} />
        </div>
        <button type="button" className="button button-icon" aria-label={text('common.reload')} title={text('common.reload')} onClick={list.reload}>
          <Icon name="replay" />
        </button>
      </header>
      {list.error && (
        <div className="page-notice">
          <ErrorNotice error={list.error} />
        </div>
      )}
      <div className="page-body scroll" tabIndex={0} role="region" aria-label={text('recordings.title')}>
        {list.items.length > 0 && <RecordingTable items={list.items} onPlay={setPlaying} onShowAudit={onShowAudit} />}
        {list.items.length === 0 && list.status === 'ready' && <EmptyState icon="record" title={text('recordings.empty')} remedy={text('recordings.empty-remedy')} />}
        <ListFoot list={list} />
      </div>
    </div>
  );
}

interface RecordingTableProps {
  readonly items: readonly RecordingSummary[];
  readonly onPlay: (recording: RecordingSummary) => void;
  readonly onShowAudit: (reference: string) => void;
}

function RecordingTable({ items, onPlay, onShowAudit }: RecordingTableProps) {
  const text = useText();
  const formats = useFormats();
  return (
    <table className="table">
      <thead>
        <tr>
          <th scope="col">{text('common.started')}</th>
          <th scope="col">{text('common.resource')}</th>
          <th scope="col">{text('common.user')}</th>
          <th scope="col" className="wide-only">
            {text('common.gateway')}
          </th>
          <th scope="col">{text('common.duration')}</th>
          <th scope="col" className="wide-only">
            {text('common.size')}
          </th>
          <th scope="col">{text('common.state')}</th>
          <th scope="col" className="wide-only">
            {text('common.reference')}
          </th>
          <th scope="col">
            <span className="visually-hidden">{text('recordings.play-short')}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {items.map((recording) => (
          <tr key={recording.id}>
            <td className="tabular">{formats.dateTime(recording.startedAt)}</td>
            <td>
              <strong>{recording.resourceName}</strong> <span className="tag">{text(`protocol.${recording.protocol}`)}</span>
            </td>
            <td>{recording.userName}</td>
            <td className="wide-only">{recording.gatewayName}</td>
            <td className="tabular">{recording.durationMs === null ? '—' : clock(recording.durationMs)}</td>
            <td className="wide-only tabular">{formats.bytes(recording.sizeBytes)}</td>
            <td>
              <StateBadge recording={recording} />
              {!recording.stored && <span className="field-hint wide-only"> {text('recordings.not-stored')}</span>}
            </td>
            <td className="wide-only">
              <ReferenceButton reference={recording.reference} />
              <button type="button" className="link-button" onClick={() => onShowAudit(recording.reference)}>
                {text('nav.audit')}
              </button>
            </td>
            <td>
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
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
