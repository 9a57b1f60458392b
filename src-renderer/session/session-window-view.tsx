import { useCallback, useEffect, useState } from 'react';
import { windowAction } from '../../shared/ipc/window-actions.ts';
import { isDesktop } from '../../shared/ipc/desktop-protocols.ts';
import type { Session, SessionId } from '../../shared/ipc/stores.ts';
import { DocumentLook } from '../appearance/document-look.tsx';
import { Dialog } from '../controls/dialog.tsx';
import { EmptyState } from '../controls/empty-state.tsx';
import { DesktopSession } from '../desktop/desktop-session.tsx';
import { FilesSession } from '../files/files-session.tsx';
import { ErrorBoundary } from '../frame/error-boundary.tsx';
import { useText } from '../language/use-text.ts';
import { ProxyQuestionDialog } from '../network/proxy-question-dialog.tsx';
import { ask } from '../mavis/ask.ts';
import { ShortcutsDialog } from '../palette/shortcuts-dialog.tsx';
import { usePalette } from '../palette/use-palette.ts';
import { useFed, useParts } from '../stores/parts.tsx';
import { WatchHead } from '../watching/watch-head.tsx';
import { WatchScreen } from '../watching/watch-screen.tsx';
import { ConnectingScreen } from './connecting-screen.tsx';
import { EndBanner } from './end-banner.tsx';
import { ResumeBanner } from './resume-banner.tsx';
import { FailureScreen } from './failure-screen.tsx';
import { SessionStatusBar } from './session-status-bar.tsx';
import { SessionTerminal } from './session-terminal.tsx';
import { Watermark } from './watermark.tsx';

/** A session's window: the steps, then the terminal, or why it failed. */
export function SessionWindowView({ sessionId }: { readonly sessionId: SessionId | undefined }) {
  const text = useText();
  const known = useFed('sessions', () => true) === true;
  const session = useFed('sessions', (state) => (sessionId === undefined ? undefined : state.items[sessionId]));
  // Main may let go of a session that has ended while its window still shows the end.
  const [kept, setKept] = useState<Session | undefined>(undefined);
  if (session && session !== kept) setKept(session);
  const shown = session ?? kept;
  if (!shown) {
    return (
      <main className="session-window">
        <DocumentLook title={text('app.title')} />
        {known && <EmptyState icon="windows" title={text('session.missing')} />}
      </main>
    );
  }
  return <ShownSession session={shown} />;
}

function ShownSession({ session }: { readonly session: Session }) {
  const { mavis } = useParts();
  const text = useText();
  const [closing, setClosing] = useState<'window' | 'session' | null>(null);
  const [title, setTitle] = useState('');
  const [tools, setTools] = useState<HTMLElement | null>(null);
  const [facts, setFacts] = useState<HTMLElement | null>(null);
  const wasConnected = useWasConnected(session);
  const { overlay, close: closeOverlay } = usePalette(false);
  const { phase, watching } = session;
  const live = phase.status === 'connected' || phase.status === 'connecting';
  const desktop = isDesktop(session.protocol);
  const files = session.protocol === 'sftp';
  const kind = desktop ? 'desktop' : files ? 'files' : 'session';
  const protocolName = text(`protocol.${session.protocol}`);

  useEffect(
    () =>
      mavis.events.onAction((action) => {
        if (action !== windowAction.enum['session.ask-close']) return;
        if (live) setClosing('window');
        else window.close();
      }),
    [mavis, live],
  );
  const end = async (then: 'window' | 'session') => {
    setClosing(null);
    await ask(mavis.sessions.end({ sessionId: session.id }));
    if (then === 'window') window.close();
  };
  const retry = useCallback(() => void ask(mavis.sessions.retry({ sessionId: session.id })), [mavis, session.id]);
  const diagnose = useCallback(() => void ask(mavis.diagnostics.ofSession({ sessionId: session.id })), [mavis, session.id]);
  const close = useCallback(() => window.close(), []);
  const tryNow = useCallback(() => void ask(mavis.sessions.tryNow({ sessionId: session.id })), [mavis, session.id]);

  return (
    <div className="session-window" data-colour={session.profileColour}>
      <DocumentLook title={watching ? text('watch.window-title', { user: watching.userName, resource: session.resourceName, protocol: protocolName }) : text('session.window-title', { resource: session.resourceName, protocol: protocolName })} />
      <header className="session-head">
        {/* Our own chip, outside of what the target can draw on (A12). */}
        <h1 className="session-chip" title={session.resourceName}>
          <span className="profile-mark" />
          <span className="session-chip-profile ellipsis">{session.profileName}</span>
          <span className="session-chip-resource ellipsis">{session.resourceName}</span>
          <span className="tag">{protocolName}</span>
        </h1>
        {title !== '' && phase.status === 'connected' && (
          <span className="session-title ellipsis" title={text('terminal.title-from-target')}>
            <span className="visually-hidden">{text('terminal.title-from-target')}: </span>
            <bdi>{title}</bdi>
          </span>
        )}
        <span className="status-space" />
        <div ref={setTools} className="session-tools" role="toolbar" aria-label={files ? text('files.tools', { side: session.resourceName }) : text(desktop ? 'desktop.tools' : 'terminal.tools')} hidden={!wasConnected || watching !== null} />
        {watching && <WatchHead session={session} />}
        {!watching && phase.status === 'connected' && (
          <button type="button" className="button button-small" onClick={() => setClosing('session')}>
            {text('session.end')}
          </button>
        )}
      </header>
      <main className="session-body">
        <ErrorBoundary>
          {watching && wasConnected && <WatchScreen key={session.attempt} session={session} />}
          {phase.status === 'connecting' && <ConnectingScreen session={session} phase={phase} />}
          {phase.status === 'failed' && <FailureScreen session={session} phase={phase} onRetry={retry} onDiagnose={diagnose} onClose={close} />}
          {!watching && desktop && <DesktopSession session={session} tools={tools} facts={facts} onTitle={setTitle} />}
          {!watching && files && wasConnected && <FilesSession session={session} shown={phase.status === 'connected' || phase.status === 'ended'} tools={tools} />}
          {!watching && !desktop && !files && wasConnected && <SessionTerminal session={session} shown={phase.status === 'connected' || phase.status === 'ended'} onTitle={setTitle} tools={tools} />}
          {wasConnected && session.policy?.watermark === true && <Watermark session={session} />}
          {phase.status === 'connected' && phase.resuming && <ResumeBanner resuming={phase.resuming} onTryNow={tryNow} onEnd={() => setClosing('session')} />}
          {phase.status === 'ended' && <EndBanner session={session} phase={phase} onReconnect={retry} onDiagnose={diagnose} onClose={close} />}
        </ErrorBoundary>
      </main>
      <SessionStatusBar session={session} factsRef={setFacts} />
      <ProxyQuestionDialog />
      {overlay === 'shortcuts' && <ShortcutsDialog role="session" onClose={closeOverlay} />}
      {closing && (
        <Dialog
          title={text('session.close-title')}
          onClose={() => setClosing(null)}
          actions={
            <>
              <button type="button" className="button" onClick={() => setClosing(null)}>
                {text('session.close-stay')}
              </button>
              <button type="button" className="button button-danger" onClick={() => void end(closing)}>
                {text('session.end')}
              </button>
            </>
          }
        >
          <p>{text(`${kind}.close-body`, { resource: session.resourceName })}</p>
        </Dialog>
      )}
    </div>
  );
}

/** Whether the session was ever connected while this window was open: from then on its terminal stays. */
function useWasConnected(session: Session): boolean {
  const [was, setWas] = useState(false);
  const now = session.phase.status === 'connected' || session.phase.status === 'ended';
  if (now && !was) setWas(true);
  return was || now;
}
