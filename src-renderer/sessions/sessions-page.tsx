import { useState } from 'react';
import type { Session, ShownError } from '../../shared/ipc/stores.ts';
import { errorText } from '../../shared/languages/error-text.ts';
import { Dialog } from '../controls/dialog.tsx';
import { EmptyState } from '../controls/empty-state.tsx';
import { Icon, type IconName } from '../controls/icon.tsx';
import { ListPage } from '../controls/list-page.tsx';
import { ReferenceButton } from '../controls/reference-button.tsx';
import { clock } from '../language/formats.ts';
import { useNow } from '../language/use-now.ts';
import { useText, useTranslator } from '../language/use-text.ts';
import { askShowing } from '../mavis/ask.ts';
import { useFed, useParts } from '../stores/parts.tsx';
import { AllSessions } from './all-sessions.tsx';

const looks: Readonly<Record<Session['phase']['status'], { readonly icon: IconName; readonly className: string }>> = {
  connecting: { icon: 'clock', className: 'badge badge-accent' },
  connected: { icon: 'check', className: 'badge badge-good' },
  ended: { icon: 'stop', className: 'badge' },
  failed: { icon: 'warning', className: 'badge badge-bad' },
};

/** The sessions of this computer: bring one's window to the front, or end it. For those who may see them, everybody's too; `reference` shows one of these. */
export function SessionsPage({ reference }: { readonly reference: string | null }) {
  const { mavis } = useParts();
  const text = useText();
  const items = useFed('sessions', (state) => state.items);
  const role = useFed('account', (state) => (state.status === 'signed-in' ? state.user.role : undefined));
  const [ending, setEnding] = useState<Session | null>(null);
  const [failure, setFailure] = useState<ShownError | null>(null);
  const sessions = Object.values(items ?? {});
  const now = useNow(sessions.some((session) => session.phase.status === 'connected') ? 1000 : null);
  const show = async (session: Session) => {
    await askShowing(setFailure, mavis.sessions.show({ sessionId: session.id }));
  };
  const diagnose = async (session: Session) => {
    await askShowing(setFailure, mavis.diagnostics.ofSession({ sessionId: session.id }));
  };
  const end = async (session: Session) => {
    setEnding(null);
    await askShowing(setFailure, mavis.sessions.end({ sessionId: session.id }));
  };
  return (
    <ListPage
      title={text('sessions.title')}
      error={failure}
      over={
        ending && (
          <Dialog
            title={text('session.close-title')}
            onClose={() => setEnding(null)}
            actions={
              <>
                <button type="button" className="button" onClick={() => setEnding(null)}>
                  {text('session.close-stay')}
                </button>
                <button type="button" className="button button-danger" onClick={() => void end(ending)}>
                  {text('session.end')}
                </button>
              </>
            }
          >
            <p>{text('session.close-body', { resource: ending.resourceName })}</p>
          </Dialog>
        )
      }
    >
      {sessions.length === 0 ? (
        <EmptyState icon="windows" title={text('sessions.empty')} remedy={text('sessions.empty-remedy')} />
      ) : (
        <ul className="session-list">
          {sessions.map((session) => (
            <SessionLine key={session.id} session={session} now={now} onShow={() => void show(session)} onDiagnose={() => void diagnose(session)} onEnd={() => (session.watching === null ? setEnding(session) : void end(session))} />
          ))}
        </ul>
      )}
      {(role === 'admin' || role === 'operator' || role === 'auditor') && <AllSessions reference={reference} mayEnd={role !== 'auditor'} />}
    </ListPage>
  );
}

interface SessionLineProps {
  readonly session: Session;
  readonly now: number;
  readonly onShow: () => void;
  readonly onDiagnose: () => void;
  readonly onEnd: () => void;
}

function SessionLine({ session, now, onShow, onDiagnose, onEnd }: SessionLineProps) {
  const text = useText();
  const translator = useTranslator();
  const { phase } = session;
  const live = phase.status === 'connected' || phase.status === 'connecting';
  const look = looks[phase.status];
  const reason = phase.status === 'ended' || phase.status === 'failed' ? errorText(translator, phase.error.code, phase.error.args).message : null;
  return (
    <li className="session-line" data-colour={session.profileColour}>
      <span className="profile-mark" title={session.profileName} />
      <span className="session-line-words">
        <span className="row-title ellipsis">
          {session.resourceName} <span className="tag">{text(`protocol.${session.protocol}`)}</span>
          {session.watching !== null && <span className="tag">{text('watch.open-short')}</span>}
          {session.foreignClientId !== null && <span className="tag">{text('foreign.sessions-mark')}</span>}
        </span>
        <span className="row-description ellipsis">{[session.profileName, session.watching?.userName ?? session.userName, session.gatewayName, session.segment].filter((part) => part !== null).join(' · ')}</span>
        {reason !== null && <span className="session-line-reason">{reason}</span>}
      </span>
      <span className={look.className}>
        <Icon name={look.icon} />
        {text(`sessions.phase-${phase.status}`)}
        {phase.status === 'connected' && <span className="tabular">{clock(now - Date.parse(phase.since))}</span>}
        {phase.status === 'ended' && <span className="tabular">{clock(phase.durationMs)}</span>}
      </span>
      {session.reference !== null && <ReferenceButton reference={session.reference} />}
      <span className="session-line-actions">
        {session.foreignClientId === null && (
          <button type="button" className="button button-small" aria-label={text('sessions.show', { resource: session.resourceName })} onClick={onShow}>
            <Icon name="front" />
            {text('sessions.show-short')}
          </button>
        )}
        {phase.status === 'failed' && (
          <button type="button" className="button button-small" aria-label={text('sessions.diagnose', { resource: session.resourceName })} onClick={onDiagnose}>
            <Icon name="search" />
            {text('session.diagnose')}
          </button>
        )}
        {live && (
          <button type="button" className="button button-small" aria-label={text('sessions.end', { resource: session.resourceName })} onClick={onEnd}>
            <Icon name="stop" />
            {text('sessions.end-short')}
          </button>
        )}
      </span>
    </li>
  );
}
