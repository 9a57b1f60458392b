import type { Session } from '../../shared/ipc/stores.ts';
import { Icon } from '../controls/icon.tsx';
import { useText } from '../language/use-text.ts';
import type { ClipboardFilesState } from './use-clipboard-files.ts';

interface FileToolsProps {
  readonly session: Session;
  /** Whether the session stands and the user acts in it. */
  readonly acts: boolean;
  readonly connected: boolean;
  readonly files: ClipboardFilesState;
}

/** The tools for files by the clipboard. The gateway holds everybody to the rule; here it only tells why a tool does nothing. */
export function FileTools({ session, acts, connected, files }: FileToolsProps) {
  const text = useText();
  const { policy } = session;
  // A rule that names folders of the target lets no file cross by the clipboard.
  const anywhere = policy === null || policy.filePaths.length === 0;
  const maySend = anywhere && policy?.clipboardIn !== false && policy?.filesIn !== false;
  const mayTake = anywhere && policy?.clipboardOut !== false && policy?.filesOut !== false;
  const idle = files.work?.kind !== 'taking';
  const count = files.held.length;
  return (
    <>
      <button type="button" className="button button-quiet button-small" aria-disabled={!acts || !maySend} title={text(maySend ? 'desktop.files-send-detail' : 'desktop.files-send-denied')} onClick={() => acts && maySend && files.send()}>
        <Icon name="arrowUp" />
        <span className="tool-word">{text('desktop.files-send')}</span>
      </button>
      <button
        type="button"
        className="button button-quiet button-small"
        aria-disabled={!connected || !mayTake || !idle || count === 0}
        title={text(mayTake ? (count === 0 ? 'desktop.files-nothing' : 'desktop.files-take-detail') : 'desktop.files-take-denied')}
        onClick={() => connected && mayTake && idle && count > 0 && files.take()}
      >
        <Icon name="download" />
        <span className="tool-word">{text('desktop.files-take')}</span>
        {count > 0 && <span className="badge badge-good">{count}</span>}
      </button>
    </>
  );
}
