import { useEffect, useRef } from 'react';
import type { Session, SessionPhase } from '../../shared/ipc/stores.ts';
import { errorText } from '../../shared/languages/error-text.ts';
import { Icon } from '../controls/icon.tsx';
import { ReferenceButton } from '../controls/reference-button.tsx';
import { RestedButton } from '../controls/rested-button.tsx';
import { clock } from '../language/formats.ts';
import { useText, useTranslator } from '../language/use-text.ts';
import { safeTitle } from '../terminal/hardened.ts';

interface EndBannerProps {
  readonly session: Session;
  readonly phase: Extract<SessionPhase, { status: 'ended' }>;
  readonly onReconnect: () => void;
  readonly onDiagnose: () => void;
  readonly onClose: () => void;
}

/** Ends that are nobody's fault. */
const ORDINARY: ReadonlySet<string> = new Set(['session.ended', 'session.closed-by-user', 'session.watch-ended']);

/** Where a diagnosis can find something: what somebody decided needs none. */
const DIAGNOSED: ReadonlySet<string> = new Set(['L1', 'L2', 'L3', 'L4']);

/** Why a session ended, under what it showed last, with Reconnect in place. */
export function EndBanner({ session, phase, onReconnect, onDiagnose, onClose }: EndBannerProps) {
  const text = useText();
  const translator = useTranslator();
  const worded = errorText(translator, phase.error.code, phase.error.args);
  const reference = phase.error.reference ?? session.reference;
  const ordinary = ORDINARY.has(worded.code);
  const reconnect = useRef<HTMLButtonElement>(null);
  useEffect(() => reconnect.current?.focus(), []);
  return (
    <section className={ordinary ? 'end-banner' : 'end-banner end-banner-bad'} role="alert" aria-label={text('session.ended')}>
      <Icon name={ordinary ? 'info' : 'warning'} />
      <div className="notice-body">
        <p className="notice-message">{worded.message}</p>
        <p className="notice-remedy">{worded.remedy}</p>
        <p className="notice-foot">
          <span>{text('session.lasted', { duration: clock(phase.durationMs) })}</span>
          {phase.exitStatus !== null && <span>{text('session.exit-status', { status: phase.exitStatus })}</span>}
          {phase.signal !== null && <span>{text('session.exit-signal', { signal: safeTitle(phase.signal) })}</span>}
          {worded.actor !== 'nobody' && (
            <span>
              {text('common.who-acts')}: <strong>{worded.actorName}</strong>
            </span>
          )}
          {reference !== null && <ReferenceButton reference={reference} />}
        </p>
      </div>
      <div className="end-actions">
        <button type="button" className="button" onClick={onClose}>
          {text('session.close')}
        </button>
        {!ordinary && DIAGNOSED.has(worded.leg) && session.watching === null && (
          <button type="button" className="button" onClick={onDiagnose}>
            {text('session.diagnose')}
          </button>
        )}
        <RestedButton ref={reconnect} of="reconnect" className="button button-primary" onPress={onReconnect}>
          <Icon name="replay" />
          {text('session.reconnect')}
        </RestedButton>
      </div>
    </section>
  );
}
