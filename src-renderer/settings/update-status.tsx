import { useState } from 'react';
import type { OfferedUpdate, ShownError, UpdatePhase, UpdatesState } from '../../shared/ipc/stores.ts';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { Icon, type IconName } from '../controls/icon.tsx';
import { useNow } from '../language/use-now.ts';
import { useFormats, useText } from '../language/use-text.ts';
import { ask } from '../mavis/ask.ts';
import { useFed, useParts } from '../stores/parts.tsx';

/** The age of the last answer is written to the minute. */
const AGE_EVERY_MS = 30_000;

/** Which version runs, what is known of newer ones, and what can be done now. */
export function UpdateStatus() {
  const text = useText();
  const updates = useFed('updates', (state) => state);
  const [failure, setFailure] = useState<ShownError | null>(null);
  if (!updates) {
    return (
      <div role="status">
        <span className="spinner" />
        {text('common.loading')}
      </div>
    );
  }
  const { phase } = updates;
  return (
    <div className="update-status">
      <p>{text('updates.version', { version: updates.version })}</p>
      {phase.status !== 'failed' && <PhaseLine phase={phase} />}
      {phase.status === 'downloading' && <progress max={phase.offer.sizeBytes} value={phase.receivedBytes} aria-label={text('updates.progress', { version: phase.offer.version })} />}
      {phase.status === 'failed' && <ErrorNotice error={phase.error} />}
      {'offer' in phase && <Notes offer={phase.offer} />}
      {failure && <ErrorNotice error={failure} />}
      {phase.status !== 'off' && <Tools phase={phase} onFailure={setFailure} />}
      {phase.status !== 'off' && <Source updates={updates} />}
    </div>
  );
}

/** Where it stands, in a sentence that is read out when it changes; the steps of a download are not. */
function PhaseLine({ phase }: { readonly phase: Exclude<UpdatePhase, { status: 'failed' }> }) {
  const text = useText();
  const formats = useFormats();
  const [icon, className] = LOOKS[phase.status];
  if (phase.status === 'downloading') {
    return <p className={className}>{text('updates.downloading', { version: phase.offer.version, share: formats.percent(phase.receivedBytes / phase.offer.sizeBytes) })}</p>;
  }
  return (
    <p className={className} role="status">
      {icon !== null && <Icon name={icon} />}
      {phase.status === 'checking' && <span className="spinner" />}
      <Sentence phase={phase} />
    </p>
  );
}

const LOOKS: Readonly<Record<Exclude<UpdatePhase['status'], 'failed'>, readonly [IconName | null, string]>> = {
  off: ['shield', 'update-line'],
  unchecked: ['clock', 'update-line'],
  checking: [null, 'update-line'],
  'no-source': ['info', 'update-line'],
  'none-offered': ['info', 'update-line'],
  'up-to-date': ['check', 'update-line badge-good'],
  'held-back': ['clock', 'update-line'],
  available: ['download', 'update-line'],
  downloading: [null, 'update-line'],
  ready: ['shieldCheck', 'update-line badge-good'],
};

function Sentence({ phase }: { readonly phase: Exclude<UpdatePhase, { status: 'downloading' | 'failed' }> }) {
  const text = useText();
  switch (phase.status) {
    case 'off':
      return text(`updates.off-${phase.why}`);
    case 'held-back':
      return text('updates.held-back', { version: phase.version });
    case 'available':
      return text('updates.available', { version: phase.offer.version });
    case 'ready':
      return phase.install === 'restart' ? text('updates.ready-restart', { version: phase.offer.version }) : text('updates.ready-by-hand', { version: phase.offer.version, file: phase.fileName });
    default:
      return text(`updates.${phase.status}`);
  }
}

/** Plain text of the publisher's, line by line. */
function Notes({ offer }: { readonly offer: OfferedUpdate }) {
  const text = useText();
  if (offer.notes === '') return null;
  return (
    <section className="update-notes" aria-label={text('updates.notes', { version: offer.version })}>
      <h3>{text('updates.notes', { version: offer.version })}</h3>
      <p className="update-notes-text">{offer.notes}</p>
    </section>
  );
}

function Tools({ phase, onFailure }: { readonly phase: UpdatePhase; readonly onFailure: (failure: ShownError | null) => void }) {
  const { mavis } = useParts();
  const text = useText();
  const formats = useFormats();
  const told = async (asked: ReturnType<typeof ask>) => {
    const answer = await asked;
    onFailure(answer.ok ? null : answer.error);
  };
  return (
    <div className="update-tools">
      {phase.status === 'available' && (
        <button type="button" className="button button-primary" onClick={() => void told(ask(mavis.updates.download({})))}>
          <Icon name="download" />
          {text('updates.download', { size: formats.bytes(phase.offer.sizeBytes) })}
        </button>
      )}
      {phase.status === 'ready' && phase.install === 'restart' && (
        <button type="button" className="button button-primary" onClick={() => void told(ask(mavis.updates.install({})))}>
          <Icon name="replay" />
          {text('updates.restart')}
        </button>
      )}
      {phase.status === 'ready' && (
        <button type="button" className="button" onClick={() => void told(ask(mavis.updates.showFile({})))}>
          <Icon name="folder" />
          {text('updates.show-file')}
        </button>
      )}
      <button type="button" className="button" disabled={phase.status === 'checking' || phase.status === 'downloading'} onClick={() => void told(ask(mavis.updates.check({})))}>
        <Icon name="online" />
        {text('updates.check')}
      </button>
    </div>
  );
}

function Source({ updates: { source, checkedAt } }: { readonly updates: UpdatesState }) {
  const text = useText();
  const formats = useFormats();
  const now = useNow(AGE_EVERY_MS);
  return (
    <div className="field-hint">
      {source !== null && <p>{text(`updates.source-${source}`)}</p>}
      {checkedAt !== null && <p>{text('updates.last-answer', { time: formats.relative(checkedAt, now) })}</p>}
    </div>
  );
}
