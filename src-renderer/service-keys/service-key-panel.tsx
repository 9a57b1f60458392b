import { useCallback, useState } from 'react';
import type { ServiceKeys } from '../../shared/api/service-keys.ts';
import type { ShownError } from '../../shared/ipc/stores.ts';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { useOneAtATime } from '../controls/use-one-at-a-time.ts';
import { RestedButton } from '../controls/rested-button.tsx';
import { FreshPanel } from '../gateways/fresh-panel.tsx';
import { useFormats, useText } from '../language/use-text.ts';
import { ask } from '../mavis/ask.ts';
import { useFresh } from '../mavis/use-fresh.ts';
import { useFed, useParts } from '../stores/parts.tsx';

/** The central service's own keys on the Gateway management page (rule 15): where their rotation stands and which Gateways lag behind, live; administrators take its steps. */
export function ServiceKeyPanel({ mayChange }: { readonly mayChange: boolean }) {
  const { mavis } = useParts();
  const text = useText();
  const load = useCallback(() => mavis.service.serviceKeysRead({ params: {}, query: {}, body: {} }), [mavis]);
  const fresh = useFresh(load, useFed('changes', (changes) => changes['service-keys']) ?? 0);
  const { value: keys } = fresh;
  return (
    <FreshPanel title={text('service-keys.title')} unknown={text('service-keys.unknown')} fresh={fresh} summary={keys && <Summary keys={keys} />}>
      {keys && <Rotation key={keys.stage} keys={keys} mayChange={mayChange} onStep={fresh.reload} />}
    </FreshPanel>
  );
}

function Summary({ keys: { stage, gateways } }: { readonly keys: ServiceKeys }) {
  const text = useText();
  const told = gateways.filter((gateway) => gateway.told).length;
  const total = gateways.length;
  return (
    <>
      <span className={stage === 'none' ? 'badge badge-good' : 'badge badge-warn'}>{text(`service-keys.stage-${stage}`)}</span>
      {(stage !== 'none' || told < total) && (
        <span className="tunnel-through" role="status">
          {text(stage === 'none' ? 'service-keys.refused' : 'service-keys.told', { told, total })}
        </span>
      )}
    </>
  );
}

interface RotationProps {
  readonly keys: ServiceKeys;
  readonly mayChange: boolean;
  readonly onStep: () => void;
}

function Rotation({ keys, mayChange, onStep }: RotationProps) {
  const text = useText();
  const formats = useFormats();
  const { stage, present, other, gateways, finishedAt } = keys;
  const behind = gateways.filter(({ told }) => !told);
  const otherName = stage === 'announced' ? text('service-keys.next') : text('service-keys.former');
  return (
    <section className="tunnel-form service-key-form" aria-label={text('service-keys.title')}>
      <p className="tunnel-about">{text('service-keys.about')}</p>
      <table className="service-key-fingerprints">
        <thead>
          <tr>
            <td />
            <th scope="col">{text('service-keys.present')}</th>
            {other !== null && <th scope="col">{otherName}</th>}
          </tr>
        </thead>
        <tbody>
          {(['certificate', 'link'] as const).map((name) => (
            <tr key={name}>
              <th scope="row">{text(`service-keys.${name}`)}</th>
              <td>
                <code className="fingerprint">{present[name]}</code>
              </td>
              {other !== null && (
                <td>
                  <code className="fingerprint">{other[name]}</code>
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
      {stage !== 'none' && <p className="tunnel-about">{text(stage === 'announced' ? 'service-keys.before-switch' : 'service-keys.before-finish')}</p>}
      {behind.length > 0 && (
        <div className="service-key-behind">
          <span>{text('service-keys.behind')}</span>
          <ul>
            {behind.map(({ gatewayId, name, state }) => (
              <li key={gatewayId}>
                {name} <span className="tunnel-through">{text(`gateway-state.${state}`)}</span>
              </li>
            ))}
          </ul>
        </div>
      )}
      {mayChange ? <Steps stage={stage} behind={behind.length} onStep={onStep} /> : <p className="field-hint">{text('service-keys.read-only')}</p>}
      {stage === 'none' && finishedAt !== null && <p className="field-hint">{text('service-keys.finished', { when: formats.dateTime(finishedAt) })}</p>}
    </section>
  );
}

/** The next step, and what holds it up. */
function Steps({ stage, behind, onStep }: { readonly stage: ServiceKeys['stage']; readonly behind: number; readonly onStep: () => void }) {
  const { mavis } = useParts();
  const text = useText();
  const { busy: working, run } = useOneAtATime();
  const [force, setForce] = useState(false);
  const [error, setError] = useState<ShownError | null>(null);
  const none = { params: {}, query: {}, body: {} };
  const steps = {
    none: { label: text('service-keys.rotate'), take: () => mavis.service.serviceKeyRotate(none) },
    announced: { label: text('service-keys.switch'), take: () => mavis.service.serviceKeySwitch(none) },
    switched: { label: text('service-keys.finish'), take: () => mavis.service.serviceKeyFinish({ ...none, body: { force: behind > 0 && force } }) },
  } as const;
  const { label, take } = steps[stage];
  const held = stage === 'switched' && behind > 0 && !force;
  const step = async (): Promise<void> => {
    setError(null);
    const asked = await ask(take());
    if (asked.ok) onStep();
    else setError(asked.error);
  };
  return (
    <>
      {stage === 'switched' && behind > 0 && (
        <label className="tunnel-switch">
          <input type="checkbox" checked={force} onChange={(event) => setForce(event.target.checked)} />
          {text('service-keys.force')}
        </label>
      )}
      {error && <ErrorNotice error={error} />}
      <div className="tunnel-actions">
        <RestedButton of={stage} className={stage === 'none' ? 'button' : 'button button-primary'} off={working || held} onPress={() => void run(step)}>
          {label}
        </RestedButton>
        <span role="status">{working ? text('service-keys.working') : ''}</span>
      </div>
    </>
  );
}
