import { useStore } from 'zustand';
import { errorText } from '../../shared/languages/error-text.ts';
import { Icon } from '../controls/icon.tsx';
import { clock } from '../language/formats.ts';
import { useText, useTranslator } from '../language/use-text.ts';
import type { RecordingPlayer } from './recording-player.ts';

/** That the service found the recording proven to its end as it opened it for this playing. Nothing until its end has come, or where it did not. */
export function ProvenBadge({ player }: { readonly player: RecordingPlayer }) {
  const text = useText();
  const proven = useStore(player.store, ({ end }) => end?.state === 'sealed');
  if (!proven) return null;
  return (
    <span className="badge badge-good" role="status">
      <Icon name="shieldCheck" />
      {text('player.proven')}
    </span>
  );
}

/** What it found where that is not so: not whole and why, or broken from where on. */
export function NotProvenNotice({ player }: { readonly player: RecordingPlayer }) {
  const text = useText();
  const translator = useTranslator();
  const end = useStore(player.store, (state) => state.end);
  const provenMs = useStore(player.store, (state) => state.loadedMs);
  if (end === null || end.state === 'recording' || end.state === 'sealed') return null;
  const broken = end.state === 'broken';
  const worded = end.code === null ? null : errorText(translator, end.code, {});
  return (
    <div className="notice" role={broken ? 'alert' : 'status'}>
      <Icon name="warning" />
      <div className="notice-body">
        <p className="notice-message">{broken ? text('player.broken', { at: clock(provenMs) }) : (worded?.message ?? text('recordings.state-incomplete'))}</p>
        {worded && <p className="notice-remedy">{worded.remedy}</p>}
      </div>
    </div>
  );
}
