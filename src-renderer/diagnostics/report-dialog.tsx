import { useEffect, useState } from 'react';
import type { ShownError } from '../../shared/ipc/stores.ts';
import { Dialog } from '../controls/dialog.tsx';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { Icon } from '../controls/icon.tsx';
import { ReferenceButton } from '../controls/reference-button.tsx';
import { useText } from '../language/use-text.ts';
import { ask } from '../mavis/ask.ts';
import { useFed, useParts } from '../stores/parts.tsx';

/** The report as it would leave, before it does: to read, to send to the helpdesk where somebody is signed in, to save, or to copy as text. */
export function ReportDialog({ onClose }: { readonly onClose: () => void }) {
  const { mavis } = useParts();
  const text = useText();
  const [hideAddresses, setHideAddresses] = useState(false);
  const [read, setRead] = useState<{ readonly text: string; readonly hideAddresses: boolean } | null>(null);
  // With its addresses it is not the report without them: nothing of it can be taken until that one is here.
  const report = read?.hideAddresses === hideAddresses ? read.text : null;
  const [error, setError] = useState<ShownError | null>(null);
  const [done, setDone] = useState<'saved' | 'copied' | null>(null);
  const signedIn = useFed('account', ({ status }) => status) === 'signed-in';
  const [sent, setSent] = useState<string | null>(null);
  const [sending, setSending] = useState(false);
  const send = async (): Promise<void> => {
    setSending(true);
    const answer = await ask(mavis.diagnostics.sendReport({ hideAddresses }));
    setSending(false);
    setError(answer.ok ? null : answer.error);
    setSent(answer.ok ? answer.value.reference : null);
  };
  useEffect(() => {
    let current = true;
    const readNow = async (): Promise<void> => {
      const answer = await ask(mavis.diagnostics.report({ hideAddresses }));
      if (!current) return;
      setRead(answer.ok ? { text: answer.value.text, hideAddresses } : null);
      setError(answer.ok ? null : answer.error);
    };
    void readNow();
    return () => {
      current = false;
    };
  }, [mavis, hideAddresses]);
  const save = async (format: 'html' | 'json'): Promise<void> => {
    const answer = await ask(mavis.diagnostics.saveReport({ format, hideAddresses }));
    setError(answer.ok ? null : answer.error);
    setDone(answer.ok && answer.value.saved ? 'saved' : null);
  };
  const copy = async (): Promise<void> => {
    if (report === null) return;
    const answer = await ask(mavis.app.copyText({ text: report }));
    setError(answer.ok ? null : answer.error);
    setDone(answer.ok ? 'copied' : null);
  };
  return (
    <Dialog
      title={text('diagnostics.report-title')}
      onClose={onClose}
      actions={
        <>
          <span role="status" className="report-done">
            {done === 'saved' ? text('diagnostics.report-saved') : done === 'copied' ? text('diagnostics.copied') : ''}
          </span>
          <button type="button" className="button" onClick={onClose}>
            {text('common.close')}
          </button>
          <button type="button" className="button" aria-disabled={report === null} onClick={() => void copy()}>
            <Icon name="copy" />
            {text('diagnostics.report-copy')}
          </button>
          <button type="button" className="button" onClick={() => void save('json')}>
            {text('diagnostics.report-save-json')}
          </button>
          <button type="button" className="button" onClick={() => void save('html')}>
            <Icon name="download" />
            {text('diagnostics.report-save-html')}
          </button>
          <button type="button" className="button button-primary" aria-disabled={!signedIn || sending || report === null} onClick={signedIn && !sending && report !== null ? () => void send() : undefined}>
            {sending && <span className="spinner" />}
            {text('diagnostics.report-send')}
          </button>
        </>
      }
    >
      <p>{text('diagnostics.report-lead')}</p>
      <label className="check">
        <input
          type="checkbox"
          checked={hideAddresses}
          onChange={(event) => {
            setHideAddresses(event.target.checked);
            setDone(null);
            setSent(null);
          }}
        />
        {text('diagnostics.report-hide-addresses')}
      </label>
      {!signedIn && <p className="field-hint">{text('diagnostics.report-send-hint')}</p>}
      {error && <ErrorNotice error={error} />}
      <p role="status" className="report-sent">
        {sent !== null && (
          <>
            {text('diagnostics.report-sent')} <ReferenceButton reference={sent} />
          </>
        )}
      </p>
      {report === null ? (
        <p className="badge" role="status">
          <span className="spinner" />
          {text('common.loading')}
        </p>
      ) : (
        <pre className="preview report-preview" tabIndex={0} aria-label={text('diagnostics.report-title')}>
          {report}
        </pre>
      )}
    </Dialog>
  );
}
