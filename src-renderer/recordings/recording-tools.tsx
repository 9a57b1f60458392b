import { type ReactNode, useState } from 'react';
import type { RecordingSummary, RecordingVerification } from '../../shared/api/recordings.ts';
import { isDesktop } from '../../shared/ipc/desktop-protocols.ts';
import type { ShownError } from '../../shared/ipc/stores.ts';
import { errorText } from '../../shared/languages/error-text.ts';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { Icon } from '../controls/icon.tsx';
import { useText, useTranslator } from '../language/use-text.ts';
import { ask } from '../mavis/ask.ts';
import { useParts } from '../stores/parts.tsx';

type Verified = { readonly status: 'not-asked' } | { readonly status: 'asking' } | { readonly status: 'known'; readonly result: RecordingVerification } | { readonly status: 'failed'; readonly error: ShownError };

/** Verifying a recording, and exporting it. */
export function RecordingTools({ recording, film }: { readonly recording: RecordingSummary; readonly film: ReactNode }) {
  const { mavis } = useParts();
  const text = useText();
  const [verified, setVerified] = useState<Verified>({ status: 'not-asked' });
  const [saved, setSaved] = useState(false);
  const [failure, setFailure] = useState<ShownError | null>(null);
  const verify = async () => {
    setVerified({ status: 'asking' });
    const answer = await ask(mavis.service.recordingVerify({ params: { recordingId: recording.id }, query: {}, body: {} }));
    setVerified(answer.ok ? { status: 'known', result: answer.value } : { status: 'failed', error: answer.error });
  };
  const save = async () => {
    const answer = await ask(mavis.playback.saveAsciicast({ recordingId: recording.id }));
    setSaved(answer.ok && answer.value.saved);
    setFailure(answer.ok ? null : answer.error);
  };
  return (
    <section className="recording-tools">
      <button type="button" className="button" aria-disabled={verified.status === 'asking'} onClick={() => verified.status !== 'asking' && void verify()}>
        <Icon name="shieldCheck" />
        {verified.status === 'asking' ? text('recordings.verifying') : text('recordings.verify')}
      </button>
      {film}
      {!isDesktop(recording.protocol) && (
        <button type="button" className="button" onClick={() => void save()}>
          <Icon name="download" />
          {text('recordings.export')}
        </button>
      )}
      <span role="status" className={saved ? 'badge badge-good' : 'visually-hidden'}>
        {saved && text('recordings.exported')}
      </span>
      {verified.status === 'known' && <VerificationResult result={verified.result} />}
      {verified.status === 'failed' && <ErrorNotice error={verified.error} />}
      {failure && <ErrorNotice error={failure} />}
    </section>
  );
}

function VerificationResult({ result }: { readonly result: RecordingVerification }) {
  const text = useText();
  const translator = useTranslator();
  const worded = result.code === null ? null : errorText(translator, result.code, { frame: result.frames });
  return (
    <div className={result.ok ? 'notice notice-good' : 'notice'} role="status">
      <Icon name={result.ok ? 'shieldCheck' : 'warning'} />
      <div className="notice-body">
        <p className="notice-message">
          {result.ok ? text(result.signed ? 'recordings.verified' : 'recordings.verified-unsigned', { frames: result.frames }) : (worded?.message ?? text('recordings.verify-failed'))}
        </p>
        {worded && <p className="notice-remedy">{worded.remedy}</p>}
        <p className="notice-foot">
          {text('recordings.head-hash')}: <code>{result.headHash}</code>
        </p>
      </div>
    </div>
  );
}
