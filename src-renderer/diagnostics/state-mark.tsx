import { Icon, type IconName } from '../controls/icon.tsx';
import type { CellState } from './result-words.ts';

const icons: Readonly<Record<Exclude<CellState, 'running'>, IconName>> = { good: 'check', attention: 'warning', bad: 'close', 'not-run': 'dash' };

/** A state told by shape as well as by colour; the words stand beside it. */
export function StateMark({ state }: { readonly state: CellState }) {
  return <span className={`state-mark state-${state}`}>{state === 'running' ? <span className="spinner" /> : <Icon name={icons[state]} />}</span>;
}
