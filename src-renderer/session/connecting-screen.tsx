import { connectStep, type ConnectStep, type Session, type SessionPhase } from '../../shared/ipc/stores.ts';
import { Icon, type IconName } from '../controls/icon.tsx';
import { useFormats, useText } from '../language/use-text.ts';
import { ask } from '../mavis/ask.ts';
import { useParts } from '../stores/parts.tsx';
import { PromptForm } from './prompt-form.tsx';
import { wayText } from './way-text.ts';
import { TriedGateways } from './tried-gateways.tsx';

type Connecting = Extract<SessionPhase, { status: 'connecting' }>;
type StepState = 'done' | 'now' | 'waiting';

/** The steps of a connection as they happen (S14), the questions of the target, and Cancel. */
export function ConnectingScreen({ session, phase }: { readonly session: Session; readonly phase: Connecting }) {
  const { mavis } = useParts();
  const text = useText();
  const cancel = () => void ask(mavis.sessions.cancel({ sessionId: session.id }));
  const at = connectStep.options.indexOf(phase.step);
  return (
    <div className="screen scroll" tabIndex={0}>
      <section className="screen-card" aria-labelledby="connecting-title">
        <h2 id="connecting-title" className="screen-title">
          {text('session.connecting', { resource: session.resourceName })}
        </h2>
        <ol className="steps" aria-live="polite">
          {connectStep.options.map((step, index) => (
            <Step key={step} step={step} state={index < at ? 'done' : index === at ? 'now' : 'waiting'} session={session} detail={index === at ? phase.detail : null} />
          ))}
        </ol>
        <TriedGateways tried={session.tried} />
        {phase.prompt ? (
          <PromptForm key={phase.prompt.id} session={session} prompt={phase.prompt} onCancel={cancel} />
        ) : (
          <div className="dialog-actions">
            <button type="button" className="button" onClick={cancel}>
              {text('session.cancel')}
            </button>
          </div>
        )}
      </section>
    </div>
  );
}

interface StepProps {
  readonly step: ConnectStep;
  readonly state: StepState;
  readonly session: Session;
  readonly detail: Connecting['detail'];
}

const stepIcons: Readonly<Record<Exclude<StepState, 'now'>, IconName>> = { done: 'check', waiting: 'circle' };
const stepWords = { done: 'session.step-done', now: 'session.step-now', waiting: 'session.step-waiting' } as const;

function Step({ step, state, session, detail }: StepProps) {
  const text = useText();
  const formats = useFormats();
  const took = session.stepsMs[step];
  return (
    <li className="step" data-state={state} aria-current={state === 'now' ? 'step' : undefined}>
      <span className="step-mark">{state === 'now' ? <span className="spinner" /> : <Icon name={stepIcons[state]} />}</span>
      <span className="step-words">
        <span>{text(`session.step-${step}`)}</span>
        {step === 'gateway-chosen' && session.gatewayName !== null && (
          <span className="step-fact">
            <strong>{session.firstGatewayName === null ? session.gatewayName : text('tunnel.way', { first: session.firstGatewayName, last: session.gatewayName })}</strong> · {session.segment ?? text('common.direct')}
          </span>
        )}
        {step === 'gateway-reached' && session.way !== null && <span className="step-fact">{wayText(session.way, text)}</span>}
        {detail !== null && <span className="step-fact">{text(`session.detail-${detail}`)}</span>}
      </span>
      <span className="visually-hidden">{text(stepWords[state])}</span>
      <span className="step-time tabular">{took === undefined ? '' : formats.milliseconds(took)}</span>
    </li>
  );
}
