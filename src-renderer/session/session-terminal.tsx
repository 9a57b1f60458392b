import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { createPortal } from 'react-dom';
import { clientSettings, type ClientSettings } from '../../shared/ipc/settings.ts';
import type { Session, SessionId, ShownError } from '../../shared/ipc/stores.ts';
import { windowAction } from '../../shared/ipc/window-actions.ts';
import { Icon, type IconName } from '../controls/icon.tsx';
import { ClosableError } from '../controls/closable-error.tsx';
import { useText } from '../language/use-text.ts';
import { ask, askShowing, shownErrorOf } from '../mavis/ask.ts';
import { useFed, useParts } from '../stores/parts.tsx';
import { atMostEvery, ringBell } from '../terminal/bell.ts';
import { RefusedLinkDialog } from '../terminal/refused-link-dialog.tsx';
import type { SeenLink } from '../terminal/links.ts';
import { type FoundMatches, PageTerminal } from '../terminal/page-terminal.ts';
import { pasteNeedsQuestion, preparePaste, type PreparedPaste } from '../terminal/paste.ts';
import { PasteDialog } from '../terminal/paste-dialog.tsx';
import { TerminalSearch } from '../terminal/terminal-search.tsx';
import { shortcutOf, type TerminalShortcut } from '../terminal/shortcuts.ts';
import { SessionPort } from './session-port.ts';

interface SessionTerminalProps {
  readonly session: Session;
  readonly shown: boolean;
  readonly tools: HTMLElement | null;
  readonly onTitle: (title: string) => void;
}

/** So long the window shows that a bell rang; bells that come meanwhile are the same one (a flood of them is an attack). */
const BELL_MS = 300;

/** The terminal of a session: its bytes, keys, clipboard, links and search. It stays over reconnects, so that what was shown is kept. */
export function SessionTerminal({ session, shown, tools, onTitle }: SessionTerminalProps) {
  const { mavis } = useParts();
  const text = useText();
  const settings = useFed('settings', (state) => state) ?? defaultSettings();
  const element = useRef<HTMLDivElement>(null);
  const terminal = useRef<PageTerminal | null>(null);
  const port = useRef<SessionPort | null>(null);
  const [finding, setFinding] = useState(false);
  const [found, setFound] = useState<FoundMatches>({ index: -1, count: 0 });
  const [pasting, setPasting] = useState<PreparedPaste | null>(null);
  const [flooded, setFlooded] = useState(false);
  const [refusedLink, setRefusedLink] = useState<string | null>(null);
  const [failure, setFailure] = useState<ShownError | null>(null);
  const [ringing, setRinging] = useState(false);
  const takePort = useCallback((opened: SessionPort | null) => {
    port.current = opened;
  }, []);
  const portAttempt = useConnectedAttempt(session);
  const pasteAllowed = session.policy?.clipboardIn !== false;
  const copyAllowed = session.policy?.clipboardOut !== false;

  const copy = useCallback(async () => {
    const selection = terminal.current?.selection ?? '';
    if (selection === '') return;
    if (!copyAllowed) return setFailure(shownErrorOf('session.not-allowed', { what: text('terminal.copy-denied') }));
    await askShowing(setFailure, mavis.app.copyText({ text: selection }));
  }, [mavis, copyAllowed, text]);

  const takePaste = useCallback(
    (raw: string) => {
      if (!pasteAllowed) return setFailure(shownErrorOf('session.not-allowed', { what: text('terminal.clipboard-denied') }));
      const paste = preparePaste(raw);
      if (paste.text === '') return undefined;
      if (pasteNeedsQuestion(paste, settings.warnBeforePastingLines)) return setPasting(paste);
      return terminal.current?.paste(paste.text);
    },
    [pasteAllowed, settings.warnBeforePastingLines, text],
  );
  const paste = useCallback(async () => {
    const answer = await ask(mavis.app.readClipboardText({}));
    if (answer.ok) takePaste(answer.value.text);
    else setFailure(answer.error);
    terminal.current?.focus();
  }, [mavis, takePaste]);
  const zoom = useCallback(
    (stepPx: number) => {
      const size = clientSettings.shape.terminalFontSizePx.safeParse(settings.terminalFontSizePx + stepPx);
      if (size.success) void ask(mavis.settings.update({ changes: { terminalFontSizePx: size.data } }));
    },
    [mavis, settings.terminalFontSizePx],
  );
  const run = useCallback(
    (shortcut: TerminalShortcut) => {
      const actions: Readonly<Record<TerminalShortcut, () => void>> = {
        find: () => setFinding(true),
        copy: () => void copy(),
        paste: () => void paste(),
        larger: () => zoom(1),
        smaller: () => zoom(-1),
        leave: () => tools?.querySelector('button')?.focus(),
      };
      actions[shortcut]();
    },
    [copy, paste, zoom, tools],
  );
  /** Main asks, once: with the true target and the text that stood there (A9). What is not https is only shown. */
  const openLink = (seen: SeenLink, pressed: string): void => {
    if (seen.kind === 'refused') setRefusedLink(seen.shown);
    else void askShowing(setFailure, mavis.app.openLink({ url: seen.url, shown: pressed.slice(0, 2000) }));
  };

  // The terminal is made once; what it calls is what the newest drawing says.
  const latest = useLatest({ run, takePaste, onTitle, settings, copy, openLink });

  useLayoutEffect(() => {
    if (!element.current) return undefined;
    let bellTimer: ReturnType<typeof setTimeout> | undefined;
    const made = new PageTerminal(
      element.current,
      latest.current.settings,
      {
        onInput: (bytes) => port.current?.input(bytes),
        onSize: (size) => port.current?.resize(size),
        onTitle: (title) => latest.current.onTitle(title),
        onBell: atMostEvery(BELL_MS, () => performance.now(), () => {
          if (latest.current.settings.terminalBell === 'sound') ringBell();
          if (latest.current.settings.terminalBell !== 'visual') return;
          setRinging(true);
          bellTimer = setTimeout(() => setRinging(false), BELL_MS / 2);
        }),
        onFlood: setFlooded,
        onLink: (seen, shownText) => latest.current.openLink(seen, shownText),
        onSelected: () => {
          if (latest.current.settings.copyOnSelect) void latest.current.copy();
        },
        onFound: setFound,
        onKey: (event) => {
          const shortcut = shortcutOf(event, navigator.platform);
          if (!shortcut) return false;
          event.preventDefault();
          if (event.type === 'keydown') latest.current.run(shortcut);
          return true;
        },
      },
      { readOnly: false, fitted: true },
    );
    terminal.current = made;
    made.focus();
    return () => {
      clearTimeout(bellTimer);
      terminal.current = null;
      made.dispose();
    };
  }, [latest]);

  useEffect(() => terminal.current?.apply(settings), [settings]);

  useEffect(
    () =>
      mavis.events.onAction((received) => {
        const action = windowAction.safeParse(received);
        if (!action.success) return;
        if (action.data === 'terminal.find') run('find');
        else if (action.data === 'terminal.copy') run('copy');
        else if (action.data === 'terminal.paste') run('paste');
      }),
    [mavis, run],
  );
  const back = () => terminal.current?.focus();

  return (
    <div className="terminal-area" hidden={!shown} data-bell={ringing}>
      <AttemptPort key={portAttempt} sessionId={session.id} terminal={terminal} onPort={takePort} onError={setFailure} />
      {tools && createPortal(<Tools onRun={run} />, tools)}
      {finding && (
        <TerminalSearch
          found={found}
          onFind={(term, options, direction, incremental) => terminal.current?.find(term, options, direction, incremental)}
          onClose={() => {
            terminal.current?.endFind();
            setFinding(false);
            back();
          }}
        />
      )}
      <ClosableError error={failure} onClose={() => setFailure(null)} />
      <div
        ref={element}
        className="session-screen"
        data-theme={settings.terminalTheme}
        role="group"
        aria-label={text('terminal.label', { resource: session.resourceName })}
        aria-description={text('terminal.leave')}
        onPasteCapture={(event) => {
          // xterm.js would paste unasked; the text is taken from it and goes our way (A10).
          event.preventDefault();
          event.stopPropagation();
          takePaste(event.clipboardData.getData('text/plain'));
        }}
      />
      <span role="status" className="visually-hidden">
        {ringing ? text('terminal.bell') : ''}
      </span>
      {pasting && (
        <PasteDialog
          paste={pasting}
          onClose={() => setPasting(null)}
          onPaste={() => {
            terminal.current?.paste(pasting.text);
            setPasting(null);
          }}
        />
      )}
      <span className="visually-hidden" role="status">
        {flooded ? text('terminal.too-fast-to-read') : ''}
      </span>
      {refusedLink !== null && <RefusedLinkDialog shown={refusedLink} onClose={() => setRefusedLink(null)} />}
    </div>
  );
}

interface AttemptPortProps {
  readonly sessionId: SessionId;
  readonly terminal: { readonly current: PageTerminal | null };
  readonly onPort: (port: SessionPort | null) => void;
  readonly onError: (error: ShownError) => void;
}

/**
 * The port of one attempt that connected. It outlives the session's end until everything on its way has been shown; then the
 * modes of the program that ran are taken back, and what was shown stays.
 */
function AttemptPort({ sessionId, terminal, onPort, onError }: AttemptPortProps) {
  const { mavis } = useParts();
  useEffect(() => {
    const page = terminal.current;
    let live = true;
    const endModes = () => {
      if (live) page?.endModes();
      live = false;
    };
    const opened = new SessionPort(window, sessionId, { onOutput: (bytes, drawn) => page?.write(bytes, drawn), onEnd: endModes }, { interruptible: true });
    onPort(opened);
    if (page) opened.resize(page.size);
    page?.focus();
    const open = async () => {
      const answer = await ask(mavis.sessions.openPort({ sessionId }));
      if (!answer.ok && live) onError(answer.error);
    };
    void open();
    return () => {
      onPort(null);
      opened.close();
      endModes();
    };
  }, [mavis, sessionId, terminal, onPort, onError]);
  return null;
}

const toolButtons: readonly { readonly shortcut: TerminalShortcut; readonly icon: IconName; readonly label: 'terminal.find' | 'terminal.copy' | 'terminal.paste'; readonly keys: string }[] = [
  { shortcut: 'find', icon: 'search', label: 'terminal.find', keys: 'Ctrl+Shift+F' },
  { shortcut: 'copy', icon: 'copy', label: 'terminal.copy', keys: 'Ctrl+Shift+C' },
  { shortcut: 'paste', icon: 'clipboard', label: 'terminal.paste', keys: 'Ctrl+Shift+V' },
];

function Tools({ onRun }: { readonly onRun: (shortcut: TerminalShortcut) => void }) {
  const text = useText();
  return (
    <>
      {toolButtons.map(({ shortcut, icon, label, keys }) => (
        <button key={shortcut} type="button" className="button button-quiet button-icon button-small" aria-label={text(label)} aria-keyshortcuts={keys.replaceAll('Ctrl', 'Control')} title={`${text(label)} (${keys})`} onClick={() => onRun(shortcut)}>
          <Icon name={icon} />
        </button>
      ))}
      <button type="button" className="button button-quiet button-icon button-small" aria-label={text('terminal.font-smaller')} title={text('terminal.font-smaller')} onClick={() => onRun('smaller')}>
        <Icon name="textSmaller" />
      </button>
      <button type="button" className="button button-quiet button-icon button-small" aria-label={text('terminal.font-larger')} title={text('terminal.font-larger')} onClick={() => onRun('larger')}>
        <Icon name="textLarger" />
      </button>
    </>
  );
}

/** A reference that always holds the newest value, for callbacks that are made once. */
function useLatest<T>(value: T): { readonly current: T } {
  const latest = useRef(value);
  useLayoutEffect(() => {
    latest.current = value;
  });
  return latest;
}

/** The newest attempt that connected: its port stays until another one has. */
function useConnectedAttempt(session: Session): number {
  const [attempt, setAttempt] = useState(session.attempt);
  if (session.phase.status === 'connected' && attempt !== session.attempt) setAttempt(session.attempt);
  return attempt;
}

function defaultSettings(): ClientSettings {
  return clientSettings.parse({});
}
