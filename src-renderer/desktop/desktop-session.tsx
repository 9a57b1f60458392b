import { useCallback, useEffect, useRef, useState } from 'react';
import { createPortal } from 'react-dom';
import type { Session, ShownError } from '../../shared/ipc/stores.ts';
import { ClosableError } from '../controls/closable-error.tsx';
import { useText } from '../language/use-text.ts';
import { ask, askShowing, shownErrorOf } from '../mavis/ask.ts';
import { SessionPort } from '../session/session-port.ts';
import { useParts } from '../stores/parts.tsx';
import { safeLines, safeTitle } from '../terminal/hardened.ts';
import { shortcutOf } from '../terminal/shortcuts.ts';
import type { DesktopEngine, DesktopSettings } from './desktop-engine.ts';
import { desktopEngines } from './desktop-engines.ts';
import { DesktopFacts } from './desktop-facts.tsx';
import { DesktopTools } from './desktop-tools.tsx';
import { FilesNote } from './files-note.tsx';
import { FrameRate } from './frame-rate.ts';
import { useClipboardFiles } from './use-clipboard-files.ts';

interface DesktopSessionProps {
  readonly session: Session;
  readonly tools: HTMLElement | null;
  readonly facts: HTMLElement | null;
  readonly onTitle: (title: string) => void;
}

/** Of the target's clipboard so much is kept for the user: as much as the gateway lets through. */
const MAX_CLIPBOARD_LETTERS = 1024 * 1024;
/** How often the frame rate is shown anew. */
const RATE_EVERY_MS = 1000;
const FIRST_SETTINGS = { scaling: 'fit', quality: 'exact' } as const;

export interface DesktopClipboard {
  /** What the target's clipboard held last; null where it has said nothing. */
  readonly received: string | null;
  /** Whether it has come since the user last took it. */
  readonly fresh: boolean;
}
const NO_CLIPBOARD: DesktopClipboard = { received: null, fresh: false };

/** A target's desktop: the picture, its tools and its facts. The last picture stays when the session is over, until another attempt draws. */
export function DesktopSession({ session, tools, facts, onTitle }: DesktopSessionProps) {
  const { mavis } = useParts();
  const text = useText();
  const place = useRef<HTMLDivElement>(null);
  const engine = useRef<DesktopEngine | null>(null);
  const [chosen, setChosen] = useState<Omit<DesktopSettings, 'viewOnly'> & { readonly looksOnly: boolean }>({ ...FIRST_SETTINGS, looksOnly: false });
  const [size, setSize] = useState<{ readonly width: number; readonly height: number } | null>(null);
  const [rate, setRate] = useState(0);
  const [clipboard, setClipboard] = useState<DesktopClipboard>(NO_CLIPBOARD);
  const [failure, setFailure] = useState<ShownError | null>(null);
  const attempt = useDrawingAttempt(session);
  const files = useClipboardFiles(session.id, engine, setFailure);
  const { hold: holdFiles, forget: forgetFiles } = files;
  const { id: sessionId, protocol, phase, policy } = session;
  const mayAct = policy?.viewOnly !== true;
  const settings: DesktopSettings = { scaling: chosen.scaling, quality: chosen.quality, viewOnly: !mayAct || chosen.looksOnly };
  const connected = phase.status === 'connected';
  const { scaling, quality, viewOnly } = settings;
  const firstSettings = useRef(settings);
  const certificateBytes = useRef(new Uint8Array(0));
  const { targetCertificate } = session;
  useEffect(() => {
    certificateBytes.current = bytesOf(targetCertificate ?? '');
  }, [targetCertificate]);

  useEffect(() => {
    const element = place.current;
    if (attempt === null || !element) return undefined;
    const frames = new FrameRate();
    let over = false;
    let port: SessionPort | undefined;
    let made: DesktopEngine | undefined;
    const start = async () => {
      const startEngine = await desktopEngines[protocol]?.();
      if (over || !startEngine) return;
      port = new SessionPort(window, sessionId, { onOutput: (bytes, drawn) => made?.receive(bytes, drawn), onEnd: () => made?.freeze() }, { interruptible: false });
      made = startEngine(
        element,
        {
          send: (bytes) => port?.input(bytes),
          onSize: setSize,
          onFrame: () => frames.note(performance.now()),
          onClipboard: (received) => setClipboard({ received: safeLines(received, MAX_CLIPBOARD_LETTERS), fresh: true }),
          onFiles: holdFiles,
          onName: (name) => onTitle(safeTitle(name)),
          onBell: () => undefined,
          onBroken: () => setFailure(shownErrorOf('target.protocol-error')),
        },
        firstSettings.current,
        { certificate: certificateBytes.current },
      );
      engine.current = made;
      const answer = await ask(mavis.sessions.openPort({ sessionId }));
      if (!answer.ok && !over) setFailure(answer.error);
    };
    void start();
    const timer = setInterval(() => setRate(frames.perSecond(performance.now())), RATE_EVERY_MS);
    return () => {
      over = true;
      clearInterval(timer);
      port?.close();
      made?.dispose();
      engine.current = null;
      setClipboard(NO_CLIPBOARD);
      forgetFiles();
      setFailure(null);
    };
  }, [attempt, mavis, sessionId, protocol, onTitle, holdFiles, forgetFiles]);

  useEffect(() => {
    firstSettings.current = { scaling, quality, viewOnly };
    engine.current?.apply({ scaling, quality, viewOnly });
  }, [scaling, quality, viewOnly]);
  useEffect(() => {
    if (connected) engine.current?.focus();
    else if (phase.status === 'ended') engine.current?.freeze();
  }, [connected, phase.status]);

  const sendClipboard = useCallback(async () => {
    const answer = await askShowing(setFailure, mavis.app.readClipboardText({}));
    if (answer.ok) engine.current?.sendClipboard(answer.value.text.slice(0, MAX_CLIPBOARD_LETTERS));
    engine.current?.focus();
  }, [mavis]);
  const takeClipboard = async () => {
    if (clipboard.received === null) return;
    const answer = await askShowing(setFailure, mavis.app.copyText({ text: clipboard.received }));
    if (answer.ok) setClipboard({ ...clipboard, fresh: false });
    engine.current?.focus();
  };

  return (
    <div className="desktop-area" hidden={phase.status !== 'connected' && phase.status !== 'ended'}>
      {tools &&
        createPortal(
          <DesktopTools
            session={session}
            settings={settings}
            mayAct={mayAct}
            connected={connected}
            clipboard={clipboard}
            files={protocol === 'rdp' ? files : null}
            onKeys={(keys) => {
              engine.current?.sendKeys(keys);
              engine.current?.focus();
            }}
            onScaling={(next) => setChosen({ ...chosen, scaling: next })}
            onQuality={(next) => setChosen({ ...chosen, quality: next })}
            onLooksOnly={(looksOnly) => setChosen({ ...chosen, looksOnly })}
            onSendClipboard={() => void sendClipboard()}
            onTakeClipboard={() => void takeClipboard()}
          />,
          tools,
        )}
      {facts && connected && createPortal(<DesktopFacts session={session} size={size} rate={rate} viewOnly={viewOnly} />, facts)}
      <FilesNote files={files} />
      <ClosableError error={failure} onClose={() => setFailure(null)} />
      <div
        ref={place}
        className="desktop-screen"
        data-scaling={scaling}
        role="application"
        tabIndex={0}
        aria-label={text('desktop.label', { resource: session.resourceName })}
        aria-description={text('desktop.leave')}
        onFocus={(event) => {
          if (event.target === event.currentTarget) engine.current?.focus();
        }}
        onKeyDownCapture={(event) => {
          // All keys are the target's but the one way out.
          if (shortcutOf(event.nativeEvent, navigator.platform) !== 'leave') return;
          event.preventDefault();
          event.stopPropagation();
          engine.current?.leave();
          tools?.querySelector('button')?.focus();
        }}
      />
    </div>
  );
}

/** The newest attempt whose gateway has signed on to the target: from then on its engine speaks. Null before the first. */
function useDrawingAttempt(session: Session): number | null {
  const [attempt, setAttempt] = useState<number | null>(null);
  const { phase } = session;
  const draws = phase.status === 'connected' || (phase.status === 'connecting' && phase.step === 'recording');
  if (draws && attempt !== session.attempt) setAttempt(session.attempt);
  return attempt;
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}
