import { useEffect, useRef, useState } from 'react';
import type { Session } from '../../shared/ipc/stores.ts';
import { Icon } from '../controls/icon.tsx';
import { useText } from '../language/use-text.ts';
import { ask } from '../mavis/ask.ts';
import { useParts } from '../stores/parts.tsx';
import { type DesktopSettings, qualities, type Quality, type Scaling } from './desktop-engine.ts';
import type { DesktopClipboard } from './desktop-session.tsx';
import { FileTools } from './file-tools.tsx';
import { KeyMenu } from './key-menu.tsx';
import type { KeyCombination } from './key-combinations.ts';
import type { ClipboardFilesState } from './use-clipboard-files.ts';

interface DesktopToolsProps {
  readonly session: Session;
  readonly settings: DesktopSettings;
  /** Whether the access rule lets the user act on the target at all. */
  readonly mayAct: boolean;
  readonly connected: boolean;
  readonly clipboard: DesktopClipboard;
  /** Files by the clipboard; null where the protocol knows none. */
  readonly files: ClipboardFilesState | null;
  readonly onKeys: (keys: KeyCombination) => void;
  readonly onScaling: (scaling: Scaling) => void;
  readonly onQuality: (quality: Quality) => void;
  readonly onLooksOnly: (looksOnly: boolean) => void;
  readonly onSendClipboard: () => void;
  readonly onTakeClipboard: () => void;
}

/** The tools of every desktop, whichever protocol draws it. */
export function DesktopTools({ session, settings, mayAct, connected, clipboard, files, onKeys, onScaling, onQuality, onLooksOnly, onSendClipboard, onTakeClipboard }: DesktopToolsProps) {
  const { mavis } = useParts();
  const text = useText();
  const acts = connected && !settings.viewOnly;
  const maySend = session.policy?.clipboardIn !== false;
  const mayTake = session.policy?.clipboardOut !== false;
  const reconnect = useReconnect(session);
  return (
    <>
      <KeyMenu disabled={!acts} onKeys={onKeys} />
      <button type="button" className="button button-quiet button-small" aria-disabled={!acts || !maySend} title={text(maySend ? 'desktop.clipboard-send-detail' : 'desktop.clipboard-send-denied')} onClick={() => acts && maySend && onSendClipboard()}>
        <Icon name="clipboard" />
        <span className="tool-word">{text('desktop.clipboard-send')}</span>
      </button>
      <button
        type="button"
        className="button button-quiet button-small"
        aria-disabled={!mayTake || clipboard.received === null}
        title={text(mayTake ? (clipboard.received === null ? 'desktop.clipboard-nothing' : 'desktop.clipboard-take-detail') : 'desktop.clipboard-take-denied')}
        onClick={() => mayTake && onTakeClipboard()}
      >
        <Icon name="copy" />
        <span className="tool-word">{text('desktop.clipboard-take')}</span>
        {clipboard.fresh && <span className="badge badge-good">{text('desktop.clipboard-fresh')}</span>}
      </button>
      {files !== null && <FileTools session={session} acts={acts} connected={connected} files={files} />}
      <select className="input desktop-choice" aria-label={text('desktop.scaling')} title={text('desktop.scaling')} value={settings.scaling} onChange={(event) => onScaling(event.target.value === 'actual' ? 'actual' : 'fit')}>
        <option value="fit">{text('desktop.scaling-fit')}</option>
        <option value="actual">{text('desktop.scaling-actual')}</option>
      </select>
      <select className="input desktop-choice" aria-label={text('desktop.quality')} title={text('desktop.quality')} value={settings.quality} onChange={(event) => onQuality(qualities.find((quality) => quality === event.target.value) ?? 'exact')}>
        {qualities.map((quality) => (
          <option key={quality} value={quality}>
            {text(`desktop.quality-${quality}`)}
          </option>
        ))}
      </select>
      <button type="button" className="button button-quiet button-icon button-small" aria-pressed={settings.viewOnly} aria-disabled={!mayAct} aria-label={text('desktop.view-only')} title={text(mayAct ? 'desktop.view-only' : 'desktop.view-only-rule')} onClick={() => mayAct && onLooksOnly(!settings.viewOnly)}>
        <Icon name={settings.viewOnly ? 'eye' : 'eyeOff'} />
      </button>
      <button type="button" className="button button-quiet button-icon button-small" aria-label={text('desktop.full-screen')} title={`${text('desktop.full-screen')} (F11)`} onClick={() => void ask(mavis.sessions.toggleFullScreen({ sessionId: session.id }))}>
        <Icon name="fullScreen" />
      </button>
      <button type="button" className="button button-quiet button-icon button-small" aria-disabled={!connected} aria-label={text('session.reconnect')} title={text('session.reconnect')} onClick={() => connected && reconnect()}>
        <Icon name="replay" />
      </button>
    </>
  );
}

/** Ends the session and connects again as soon as it is over. */
function useReconnect(session: Session): () => void {
  const { mavis } = useParts();
  const [wanted, setWanted] = useState(false);
  const ended = session.phase.status === 'ended';
  const asked = useRef(false);
  useEffect(() => {
    if (!wanted || !ended || asked.current) return;
    asked.current = true;
    const again = async () => {
      await ask(mavis.sessions.retry({ sessionId: session.id }));
      asked.current = false;
      setWanted(false);
    };
    void again();
  }, [wanted, ended, mavis, session.id]);
  return () => {
    setWanted(true);
    void ask(mavis.sessions.end({ sessionId: session.id }));
  };
}
