import { useEffect, useRef, useState } from 'react';
import { useStore } from 'zustand';
import type { RecordingId } from '../../../shared/ids.ts';
import type { ShownError } from '../../../shared/ipc/stores.ts';
import type { WindowApi } from '../../../shared/ipc/window-api.ts';
import { ErrorNotice } from '../../controls/error-notice.tsx';
import { Icon } from '../../controls/icon.tsx';
import { useText } from '../../language/use-text.ts';
import { ask, shownErrorOf } from '../../mavis/ask.ts';
import { useParts } from '../../stores/parts.tsx';
import type { DerivedScreen } from '../derived/derived-screen.ts';
import { canEncode, exportVideo } from './video-export.ts';

type Export = { readonly status: 'none' | 'saved' } | { readonly status: 'running'; readonly done: number } | { readonly status: 'failed'; readonly error: ShownError };

/** Tells an error of main through what only rejects. */
class NotKept extends Error {
  readonly error: ShownError;
  constructor(error: ShownError) {
    super(error.code);
    this.error = error;
  }
}

/** Saves what a desktop's recording shows as a film, once all of it is derived. Leaving the player ends it, and the file goes. */
export function VideoExportTool({ recordingId, derived, durationMs }: { readonly recordingId: RecordingId; readonly derived: DerivedScreen; readonly durationMs: number }) {
  const { mavis } = useParts();
  const text = useText();
  const ready = useStore(derived.store, (state) => !state.deriving);
  const [state, setState] = useState<Export>({ status: 'none' });
  const left = useRef(new AbortController());
  useEffect(() => () => left.current.abort(), []);
  const begin = async (): Promise<void> => {
    left.current = new AbortController();
    const { signal } = left.current;
    const parts = { pictureAt: (ms: number) => derived.at(ms), changeAfter: (ms: number) => derived.changeAfter(ms), durationMs, onProgress: (done: number) => setState({ status: 'running', done }) };
    setState(await saveVideo(mavis, recordingId, parts, signal));
  };
  if (state.status === 'running')
    return (
      <span className="player-export">
        <progress max={1} value={state.done} aria-label={text('recordings.export-video-progress')} />
        <button type="button" className="button button-small" onClick={() => left.current.abort()}>
          {text('common.cancel')}
        </button>
      </span>
    );
  return (
    <>
      <button type="button" className="button" aria-disabled={!ready} title={ready ? undefined : text('recordings.export-video-later')} onClick={() => ready && void begin()}>
        <Icon name="download" />
        {text('recordings.export-video')}
      </button>
      <span role="status" className={state.status === 'saved' ? 'badge badge-good' : 'visually-hidden'}>
        {state.status === 'saved' && text('recordings.exported')}
      </span>
      {state.status === 'failed' && <ErrorNotice error={state.error} />}
    </>
  );
}

type Parts = Omit<Parameters<typeof exportVideo>[0], 'write'>;

async function saveVideo(mavis: Pick<WindowApi, 'playback'>, recordingId: RecordingId, parts: Parts, signal: AbortSignal): Promise<Export> {
  const first = await parts.pictureAt(parts.durationMs);
  if (first === undefined || !(await canEncode(first.width, first.height))) return { status: 'failed', error: shownErrorOf('recording.no-encoder') };
  const begun = await ask(mavis.playback.beginVideo({ recordingId }));
  if (!begun.ok) return { status: 'failed', error: begun.error };
  const { exportId } = begun.value;
  if (exportId === null) return { status: 'none' };
  const write = async (bytes: Uint8Array): Promise<void> => {
    const kept = await ask(mavis.playback.appendVideo({ exportId, bytes: new Uint8Array(bytes) }));
    if (!kept.ok) throw new NotKept(kept.error);
  };
  const outcome = await made({ ...parts, write }, signal);
  const ended = await ask(mavis.playback.endVideo({ exportId, whole: outcome.status === 'saved' }));
  return ended.ok || outcome.status !== 'saved' ? outcome : { status: 'failed', error: ended.error };
}

async function made(parts: Parameters<typeof exportVideo>[0], signal: AbortSignal): Promise<Export> {
  try {
    await exportVideo(parts, signal);
    return { status: 'saved' };
  } catch (error) {
    if (signal.aborted) return { status: 'none' };
    if (error instanceof NotKept) return { status: 'failed', error: error.error };
    globalThis.reportError(error);
    return { status: 'failed', error: shownErrorOf('recording.no-encoder') };
  }
}
