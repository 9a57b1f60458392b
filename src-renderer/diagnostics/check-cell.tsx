import type { CheckResult } from '../../shared/diagnostics/check-result.ts';
import { useFormats, useTranslator } from '../language/use-text.ts';
import { cellLabel, cellWords, checkWords, stateOf, subjectName } from './result-words.ts';
import { StateMark } from './state-mark.tsx';

/** What a cell needs to know of the check that it stands for. */
export interface Cell {
  readonly result: CheckResult | undefined;
  readonly running: boolean;
}

/** One check's outcome as a button that opens to what was tried. */
export function CheckCell({ result, running, open, onOpen }: Cell & { readonly open: boolean; readonly onOpen: (id: string) => void }) {
  const translator = useTranslator();
  const formats = useFormats();
  const words = cellWords(result, running, translator, formats);
  if (result === undefined) {
    return (
      <span className="check-cell check-cell-empty">
        <StateMark state={running ? 'running' : 'not-run'} />
        {words}
      </span>
    );
  }
  const label = translator.text('diagnostics.open-cell', { check: checkWords(result, translator), subject: subjectName(result, translator), state: cellLabel(result, running, translator, formats) });
  return (
    <button type="button" className="check-cell" aria-expanded={open} aria-label={label} onClick={() => onOpen(result.id)}>
      <StateMark state={stateOf(result, running)} />
      <span className="tabular">{words}</span>
    </button>
  );
}
