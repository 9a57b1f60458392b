import { useEffect, useRef, useState } from 'react';
import { clientSettings } from '../../shared/ipc/settings.ts';
import { isDesktop } from '../../shared/ipc/desktop-protocols.ts';
import type { Session, ShownError } from '../../shared/ipc/stores.ts';
import { Icon } from '../controls/icon.tsx';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { useText } from '../language/use-text.ts';
import { ask, shownErrorOf } from '../mavis/ask.ts';
import { desktopScreen } from '../recordings/desktop-player-screen.ts';
import { terminalScreen } from '../recordings/terminal-player-screen.ts';
import { useFittingFont } from '../recordings/use-fitting-font.ts';
import { SessionPort } from '../session/session-port.ts';
import { useFed, useParts } from '../stores/parts.tsx';
import type { PageTerminal } from '../terminal/page-terminal.ts';
import { LiveScreen } from './live-screen.ts';

/** How long it is told that something was left out. */
const LEFT_OUT_TOLD_MS = 20_000;

/** Somebody else's session as it goes on: the screen of the player, which takes no input, fed by the gateway (S58). What was shown last stays. */
export function WatchScreen({ session }: { readonly session: Session }) {
  const { mavis } = useParts();
  const text = useText();
  const settings = useFed('settings', (state) => state) ?? clientSettings.parse({});
  const area = useRef<HTMLDivElement>(null);
  const screen = useRef<HTMLDivElement>(null);
  const terminal = useRef<PageTerminal | null>(null);
  const [grid, setGrid] = useState({ columns: 80, rows: 24 });
  const [failure, setFailure] = useState<ShownError | null>(null);
  const firstSettings = useRef(settings);
  const { id: sessionId, watching, resourceName, protocol } = session;
  const gateway = useRef(session.gatewayName ?? '');
  const desktop = isDesktop(protocol);
  const [leftOut, setLeftOut] = useState(0);

  useEffect(() => {
    const place = screen.current;
    if (!place) return undefined;
    const made = desktop ? desktopScreen(place, protocol, () => setFailure(shownErrorOf('target.protocol-error', {}))) : terminalScreen(place, firstSettings.current, terminal, setGrid);
    const live = new LiveScreen(made.screen, { broken: () => setFailure(shownErrorOf('gateway.protocol-error', { gateway: gateway.current })), leftOut: () => setLeftOut((times) => times + 1) });
    const port = new SessionPort(window, sessionId, { onOutput: (bytes, drawn) => live.receive(bytes, drawn), onEnd: () => undefined }, { interruptible: false });
    let over = false;
    const open = async () => {
      const answer = await ask(mavis.sessions.openPort({ sessionId }));
      if (!answer.ok && !over) setFailure(answer.error);
    };
    void open();
    return () => {
      over = true;
      port.close();
      made.dispose();
      setFailure(null);
    };
  }, [mavis, sessionId, desktop, protocol]);

  // Told for a while each time; a later one tells it anew.
  useEffect(() => {
    if (leftOut === 0) return undefined;
    const timer = setTimeout(() => setLeftOut(0), LEFT_OUT_TOLD_MS);
    return () => clearTimeout(timer);
  }, [leftOut]);

  useFittingFont(area, terminal, grid, settings);

  return (
    <div ref={area} className="watch-area" tabIndex={0} role="region" aria-label={text('watch.screen', { user: watching?.userName ?? '', resource: resourceName })}>
      {failure && <ErrorNotice error={failure} />}
      {leftOut > 0 && (
        <p className="badge badge-warn watch-left-out" role="status">
          <Icon name="warning" />
          {text('watch.left-out')}
        </p>
      )}
      <div ref={screen} className={desktop ? 'watch-screen watch-desktop' : 'watch-screen'} data-theme={settings.terminalTheme} />
    </div>
  );
}
