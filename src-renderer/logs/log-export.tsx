import { useState } from 'react';
import type { AuditFilter, LogExportFormat } from '../../shared/api/audit.ts';
import type { LogExport, LogName, ShownError } from '../../shared/ipc/stores.ts';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { Icon } from '../controls/icon.tsx';
import { useFormats, useText } from '../language/use-text.ts';
import { ask } from '../mavis/ask.ts';
import { useFed, useParts } from '../stores/parts.tsx';

/** The buttons that export what the filter lets through; `filter` is asked for at the press. */
export function ExportButtons({ log, filter }: { readonly log: LogName; readonly filter: () => AuditFilter }) {
  const { mavis } = useParts();
  const text = useText();
  const [failure, setFailure] = useState<ShownError | null>(null);
  const start = async (format: LogExportFormat) => {
    const answer = await ask(mavis.logs.export({ log, format, filter: filter() }));
    setFailure(answer.ok ? null : answer.error);
  };
  return (
    <>
      <button type="button" className="button" onClick={() => void start('csv')}>
        <Icon name="download" />
        {text('logs.export-csv')}
      </button>
      <button type="button" className="button" onClick={() => void start('jsonl')}>
        <Icon name="download" />
        {text('logs.export-jsonl')}
      </button>
      {failure && (
        <div className="head-notice">
          <ErrorNotice error={failure} />
        </div>
      )}
    </>
  );
}

/** The exports of a log that run or are over. */
export function ExportList({ log }: { readonly log: LogName }) {
  const exports = useFed('logWork', (state) => state.exports);
  const items = Object.values(exports ?? {}).filter((item) => item.log === log);
  if (items.length === 0) return null;
  return (
    <div className="log-work">
      {items.map((item) => (
        <ExportLine key={item.id} item={item} />
      ))}
    </div>
  );
}

function ExportLine({ item }: { readonly item: LogExport }) {
  const { mavis } = useParts();
  const text = useText();
  const formats = useFormats();
  const { status } = item.phase;
  const drop = () => void ask(mavis.logs.dropExport({ exportId: item.id }));
  return (
    <div className="log-work-line">
      <span className="log-work-words" role="status">
        {text(`logs.export-${status}`, { file: item.fileName, entries: item.entries, size: formats.bytes(item.bytes) })}
      </span>
      {status === 'running' && <progress aria-label={text('logs.export-progress', { file: item.fileName })} />}
      <button type="button" className="button button-small" aria-label={`${text(status === 'running' ? 'common.cancel' : 'common.close')}: ${item.fileName}`} onClick={drop}>
        {text(status === 'running' ? 'common.cancel' : 'common.close')}
      </button>
      {item.phase.status === 'failed' && (
        <div className="head-notice">
          <ErrorNotice error={item.phase.error} />
        </div>
      )}
    </div>
  );
}
