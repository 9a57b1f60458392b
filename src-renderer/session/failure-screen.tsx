import { useEffect, useRef } from 'react';
import type { Session, SessionPhase } from '../../shared/ipc/stores.ts';
import { errorText } from '../../shared/languages/error-text.ts';
import { Icon } from '../controls/icon.tsx';
import { ReferenceButton } from '../controls/reference-button.tsx';
import { RestedButton } from '../controls/rested-button.tsx';
import { useText, useTranslator } from '../language/use-text.ts';
import { TriedGateways } from './tried-gateways.tsx';
import { WayMap } from './way-map.tsx';

interface FailureScreenProps {
  readonly session: Session;
  readonly phase: Extract<SessionPhase, { status: 'failed' }>;
  readonly onRetry: () => void;
  readonly onDiagnose: () => void;
  readonly onClose: () => void;
}

/** Why a connection failed: what happened and on which leg, who must act, what to do, the reference, what was tried (S13, S17, S18). */
export function FailureScreen({ session, phase, onRetry, onDiagnose, onClose }: FailureScreenProps) {
  const text = useText();
  const translator = useTranslator();
  const { error } = phase;
  const worded = errorText(translator, error.code, error.args);
  const reference = error.reference ?? session.reference;
  const retry = useRef<HTMLButtonElement>(null);
  // What happened is read first: a low window does not scroll past it to the button.
  useEffect(() => retry.current?.focus({ preventScroll: true }), []);
  return (
    <div className="screen scroll" tabIndex={0}>
      <section className="screen-card failure" role="alert" aria-labelledby="failure-title">
        <header className="failure-head">
          <span className="failure-mark">
            <Icon name="warning" />
          </span>
          <div>
            <p className="failure-kind">
              {text('session.failed')} · {text('session.failed-at', { step: text(`session.step-${phase.step}`) })}
            </p>
            <h2 id="failure-title" className="screen-title">
              {worded.message}
            </h2>
          </div>
        </header>
        <WayMap leg={worded.leg} legName={worded.legName} gatewayName={session.gatewayName} firstGatewayName={session.firstGatewayName} resourceName={session.resourceName} way={session.way} />
        <dl className="facts failure-facts">
          <dt>{text('common.who-acts')}</dt>
          <dd>
            <strong>{worded.actorName}</strong>
          </dd>
          <dt>{text('common.what-to-do')}</dt>
          <dd>{worded.remedy}</dd>
          {reference !== null && (
            <>
              <dt>{text('common.reference')}</dt>
              <dd>
                <ReferenceButton reference={reference} /> <code className="failure-code">{worded.code}</code>
              </dd>
            </>
          )}
        </dl>
        <TriedGateways tried={session.tried} />
        <p className="failure-note">{text('session.not-recorded')}</p>
        <div className="dialog-actions">
          <button type="button" className="button" onClick={onClose}>
            {text('session.close')}
          </button>
          <button type="button" className="button" onClick={onDiagnose}>
            {text('session.diagnose')}
          </button>
          <RestedButton ref={retry} of="retry" className="button button-primary" onPress={onRetry}>
            <Icon name="replay" />
            {text('session.retry')}
          </RestedButton>
        </div>
      </section>
    </div>
  );
}
