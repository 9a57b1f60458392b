import type { Session } from '../../shared/ipc/stores.ts';
import { errorText } from '../../shared/languages/error-text.ts';
import { Icon } from '../controls/icon.tsx';
import { ReferenceButton } from '../controls/reference-button.tsx';
import { clock } from '../language/formats.ts';
import { useNow } from '../language/use-now.ts';
import { useFormats, useText, useTranslator } from '../language/use-text.ts';
import { ForwardingMarks } from './forwarding-marks.tsx';
import { wayText } from './way-text.ts';

/** The bar under a session: whose it is and over which way, whether it is recorded, how far away it is, and its reference. `factsRef` is told of the place for what the session's protocol adds. */
export function SessionStatusBar({ session, factsRef }: { readonly session: Session; readonly factsRef: (place: HTMLElement | null) => void }) {
  const text = useText();
  const formats = useFormats();
  const translator = useTranslator();
  const { phase } = session;
  const connected = phase.status === 'connected' ? phase : undefined;
  const now = useNow(connected ? 1000 : null);
  return (
    <footer className="status-bar session-status" aria-label={text('session.status')}>
      {connected && session.watchedBy !== null && (
        <span className="badge badge-warn" role="status" title={text('watched.detail')}>
          <Icon name="eye" />
          {session.watchedBy.names.length > 0 ? text('watched.by', { names: formats.list(session.watchedBy.names) }) : text('watched.mark', { count: session.watchedBy.watchers })}
        </span>
      )}
      {connected && session.watching === null && (
        <span className={connected.recording ? 'badge recording-mark' : 'badge badge-warn'} role="status" title={recordingTitle(session, text)}>
          <Icon name={connected.recording ? 'record' : 'warning'} />
          {connected.recording ? text('session.recording') : text('session.not-recording')}
        </span>
      )}
      {connected && session.watching === null && <ForwardingMarks forwarding={session.forwarding} />}
      <Fact label={text('common.resource')} value={session.resourceName} />
      <Fact label={text('session.user')} value={session.watching?.userName ?? session.userName} />
      {session.tunnel && (
        <span className="badge tunnel-mark" title={text('tunnel.mark-detail')}>
          {text('tunnel.mark')}
        </span>
      )}
      {session.gatewayName !== null && <Fact label={text('common.gateway')} value={session.gatewayName} />}
      {session.firstGatewayName !== null && <Fact label={text('tunnel.by-way-of')} value={session.firstGatewayName} />}
      {session.gatewayName !== null && <Fact label={text('common.segment')} value={session.segment ?? text('common.direct')} />}
      {session.way !== null && <Fact label={text('session.way')} value={wayText(session.way, text)} detail={session.way.over443 ? text('session.way-443-detail') : undefined} />}
      {connected?.endsSoon && (
        <EndsSoon words={text('session.ends-soon', { when: formats.relative(connected.endsSoon.at, now), reason: errorText(translator, connected.endsSoon.code, {}).message })} />
      )}
      <span className="status-space" />
      <span ref={factsRef} className="status-facts" />
      {connected && connected.roundTripMs !== null && <Fact label={text('session.round-trip')} value={formats.milliseconds(connected.roundTripMs)} />}
      {connected && <Fact label={text('session.duration')} value={clock(now - Date.parse(connected.since))} />}
      {session.reference !== null && <ReferenceButton reference={session.reference} />}
    </footer>
  );
}

function recordingTitle(session: Session, text: ReturnType<typeof useText>): string {
  return session.policy?.recordInput === true ? `${text('session.recording-detail')} ${text('session.recording-input')}` : text('session.recording-detail');
}

/** Whole as its title where the bar is too narrow for it. */
function EndsSoon({ words }: { readonly words: string }) {
  return (
    <span className="badge badge-warn session-ends" role="status" title={words}>
      <Icon name="clock" />
      <span className="ellipsis">{words}</span>
    </span>
  );
}

function Fact({ label, value, detail }: { readonly label: string; readonly value: string; readonly detail?: string | undefined }) {
  return (
    <span className="status-fact tabular" title={detail ?? label}>
      <span className="status-fact-label">{label}</span>
      <span className="ellipsis">{value}</span>
    </span>
  );
}
