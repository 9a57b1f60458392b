import type { CheckResult } from '../../shared/diagnostics/check-result.ts';
import { useFormats, useText } from '../language/use-text.ts';
import { type LegState, legStates, type MapLeg } from './leg-states.ts';
import { StateMark } from './state-mark.tsx';

const legs: readonly MapLeg[] = ['L1', 'L2', 'L3', 'L4'];

/** The legs of the way, each with its state, its latency and how old that is. */
export function LegMap({ results }: { readonly results: readonly CheckResult[] }) {
  const text = useText();
  const states = legStates(results);
  return (
    <section className="leg-map" aria-label={text('diagnostics.map')}>
      <ul>
        {legs.map((leg) => (
          <li key={leg} className={`leg leg-${states[leg].state}`}>
            <StateMark state={states[leg].state} />
            <span className="leg-words">
              <span className="leg-name">
                <span className="leg-code">{leg}</span> {text(`leg.${leg}`)}
              </span>
              <LegNumbers leg={states[leg]} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function LegNumbers({ leg: { state, latencyMs, ageSeconds } }: { readonly leg: LegState }) {
  const text = useText();
  const formats = useFormats();
  const parts = [text(`diagnostics.map-${state}`), ...(latencyMs === null ? [] : [formats.milliseconds(latencyMs)]), ...(ageSeconds === null ? [] : [text('diagnostics.age', { seconds: ageSeconds })])];
  return <span className="leg-state tabular">{parts.join(' · ')}</span>;
}
