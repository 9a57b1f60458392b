import { useCallback, useId, useMemo, useRef, useState } from 'react';
import type { OwnLogLevel, OwnLogLine } from '../../shared/ipc/own-log.ts';
import type { ShownError } from '../../shared/ipc/stores.ts';
import { useCopy } from '../controls/copy-button.tsx';
import { EmptyState } from '../controls/empty-state.tsx';
import { Icon } from '../controls/icon.tsx';
import { ListPage, PageSearch } from '../controls/list-page.tsx';
import { useNow } from '../language/use-now.ts';
import { useFormats, useText } from '../language/use-text.ts';
import { type LogColumn, LogGrid, type LogGridHandle } from '../logs/log-grid.tsx';
import { ask } from '../mavis/ask.ts';
import type { Paged } from '../mavis/use-paged.ts';
import { useParts } from '../stores/parts.tsx';
import { useOwnLog } from './use-own-log.ts';

const LEVELS: Readonly<Record<'all' | 'problems' | 'errors', readonly OwnLogLevel[]>> = { all: ['info', 'warn', 'error'], problems: ['warn', 'error'], errors: ['error'] };
const LEVEL_NAMES = ['all', 'problems', 'errors'] as const;
const TIMES = { any: null, 'quarter-hour': 15 * 60_000, hour: 3_600_000, day: 86_400_000 } as const;
const TIME_NAMES = ['any', 'quarter-hour', 'hour', 'day'] as const;

const MINUTE_MS = 60_000;

/** What this app has written down of itself, newest first: narrowed by level, time and words, followed live, copied, shown in its folder. */
export function OwnLogPage({ onBack }: { readonly onBack: () => void }) {
  const { mavis } = useParts();
  const text = useText();
  const [live, setLive] = useState(true);
  const [level, setLevel] = useState<(typeof LEVEL_NAMES)[number]>('all');
  const [time, setTime] = useState<(typeof TIME_NAMES)[number]>('any');
  const [search, setSearch] = useState('');
  const [chosen, setChosen] = useState<OwnLogLine | null>(null);
  const [failure, setFailure] = useState<ShownError | null>(null);
  const grid = useRef<LogGridHandle>(null);
  const log = useOwnLog(live, useCallback(() => grid.current?.atTop() ?? true, []));
  const now = useNow(MINUTE_MS);
  const found = useMemo(() => {
    const since = TIMES[time] === null ? '' : new Date(now - TIMES[time]).toISOString();
    const words = search.toLowerCase().split(/\s+/).filter((word) => word !== '');
    return log.lines.filter((line) => LEVELS[level].includes(line.level) && line.at >= since && words.every((word) => line.text.toLowerCase().includes(word)));
  }, [log.lines, level, time, search, now]);
  const list: Paged<OwnLogLine> = { items: found, status: log.status, error: log.error, more: false, waiting: { count: log.waiting.length, atLeast: false }, loadMore: nothingMore, reload: log.show, refresh: log.show };
  const { copied, copy } = useCopy();
  const columns = useColumns();
  const close = () => {
    setChosen(null);
    grid.current?.focus();
  };
  return (
    <ListPage
      title={text('own-log.title')}
      tools={
        <>
          <span className="status-space" />
          <button type="button" className="button" onClick={onBack}>
            {text('diagnostics.reports-back')}
          </button>
          <label className="check">
            <input type="checkbox" checked={live} onChange={(event) => setLive(event.target.checked)} />
            {text('own-log.live')}
          </label>
          <button type="button" className="button" disabled={found.length === 0} onClick={() => void copy(`${found.map((line) => line.text).toReversed().join('\n')}\n`)}>
            <Icon name={copied ? 'check' : 'copy'} />
            {text('own-log.copy')}
          </button>
          <button type="button" className="button" onClick={() => void ask(mavis.ownLog.openFolder({})).then((answer) => setFailure(answer.ok ? null : answer.error))}>
            <Icon name="folder" />
            {text('own-log.folder')}
          </button>
        </>
      }
      above={
        <div className="own-log-filter">
          <PageSearch label={text('own-log.search')} value={search} onChange={setSearch} />
          <select className="input" aria-label={text('own-log.level')} value={level} onChange={(event) => setLevel(LEVEL_NAMES.find((name) => name === event.target.value) ?? 'all')}>
            {LEVEL_NAMES.map((name) => (
              <option key={name} value={name}>
                {text(`own-log.level-${name}`)}
              </option>
            ))}
          </select>
          <select className="input" aria-label={text('common.time')} value={time} onChange={(event) => setTime(TIME_NAMES.find((name) => name === event.target.value) ?? 'any')}>
            {TIME_NAMES.map((name) => (
              <option key={name} value={name}>
                {text(`own-log.time-${name}`)}
              </option>
            ))}
          </select>
          <span role="status" className="field-hint">
            {log.status === 'loading' ? text('common.loading') : copied ? text('common.copied') : text('own-log.found', { count: found.length })}
          </span>
        </div>
      }
      error={failure ?? log.error}
      ownScroll={found.length > 0}
      beside={chosen && <LineDetails key={chosen.id} line={chosen} onClose={close} />}
    >
      {found.length > 0 && <LogGrid ref={grid} label={text('own-log.title')} columns={columns} list={list} chosen={chosen?.id ?? null} onChoose={setChosen} />}
      {found.length === 0 && log.status === 'ready' && <EmptyState icon="audit" title={text('own-log.empty')} remedy={text('own-log.empty-remedy')} />}
    </ListPage>
  );
}

function nothingMore(): void {
  // All that is read is shown at once.
}

const LOOKS: Readonly<Record<OwnLogLevel, string>> = { info: 'badge', warn: 'badge badge-warn', error: 'badge badge-bad' };

function useColumns(): readonly LogColumn<OwnLogLine>[] {
  const text = useText();
  const formats = useFormats();
  return [
    { id: 'time', label: text('common.time'), width: '200px', stacked: 'line', cell: (line) => <span className="tabular">{formats.instant(line.at)}</span> },
    { id: 'level', label: text('own-log.level'), width: '110px', stacked: 'line', cell: (line) => <span className={LOOKS[line.level]}>{text(`own-log.is-${line.level}`)}</span> },
    { id: 'message', label: text('own-log.message'), width: 'minmax(160px, 2fr)', stacked: 'below', cell: (line) => <span title={line.message}>{line.message}</span> },
    { id: 'code', label: text('errors.code'), width: 'minmax(120px, 1fr)', wideOnly: true, cell: (line) => <code>{line.code}</code> },
    { id: 'reference', label: text('common.reference'), width: '135px', wideOnly: true, cell: (line) => <span className="mono">{line.reference}</span> },
  ];
}

/** A line with all its fields. */
function LineDetails({ line, onClose }: { readonly line: OwnLogLine; readonly onClose: () => void }) {
  const text = useText();
  const titleId = useId();
  return (
    <aside
      className="details scroll"
      aria-labelledby={titleId}
      tabIndex={0}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        onClose();
      }}
    >
      <header className="details-head">
        <h2 id={titleId} className="details-title">
          {line.message}
        </h2>
        <button type="button" className="button button-quiet button-icon button-small" aria-label={text('common.close')} onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <pre className="preview own-log-line">{indented(line.text)}</pre>
    </aside>
  );
}

/** Main has read it as JSON before. */
function indented(text: string): string {
  const line: unknown = JSON.parse(text);
  return JSON.stringify(line, undefined, 2);
}
