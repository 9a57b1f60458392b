import type { CheckResult } from '../../shared/diagnostics/check-result.ts';
import type { DiagnosticsState } from '../../shared/diagnostics/diagnostics-state.ts';
import { useFormats, useText, useTranslator } from '../language/use-text.ts';
import { CheckCell } from './check-cell.tsx';
import { checkWords, subjectName } from './result-words.ts';

type Entry = Pick<CheckResult, 'id' | 'check' | 'subject'>;

const order = ['device', 'service', 'resource'] as const;

/** The checks of this computer, of the service and of a resource, one below the other. */
export function OwnChecks({ state, opened, onOpen }: { readonly state: DiagnosticsState; readonly opened: string | null; readonly onOpen: (id: string) => void }) {
  const text = useText();
  const translator = useTranslator();
  const formats = useFormats();
  const entries = new Map<string, Entry>();
  for (const one of [...Object.values(state.results), ...state.pending]) if (one.subject.kind !== 'gateway') entries.set(one.id, one);
  const rank = ({ subject }: Entry): number => order.findIndex((kind) => kind === subject.kind);
  const sorted = [...entries.values()].toSorted((a, b) => rank(a) - rank(b) || a.id.localeCompare(b.id));
  const running = new Set(state.pending.map(({ id }) => id));
  return (
    <table className="table table-words table-stacked own-checks">
      <caption className="visually-hidden">{text('diagnostics.own-checks')}</caption>
      <thead>
        <tr>
          <th scope="col">{text('diagnostics.where')}</th>
          <th scope="col">{text('diagnostics.column-check')}</th>
          <th scope="col">{text('diagnostics.column-result')}</th>
          <th scope="col">{text('diagnostics.column-took')}</th>
        </tr>
      </thead>
      <tbody>
        {sorted.map((entry) => {
          const result = state.results[entry.id];
          return (
            <tr key={entry.id}>
              <td data-label={text('diagnostics.where')}>{subjectName(entry, translator)}</td>
              <th scope="row" data-label={text('diagnostics.column-check')}>{checkWords(entry, translator)}</th>
              <td data-label={text('diagnostics.column-result')}>
                <CheckCell result={result} running={running.has(entry.id)} open={opened === entry.id} onOpen={onOpen} />
              </td>
              <td className="tabular" data-label={text('diagnostics.column-took')}>{result === undefined ? '—' : formats.milliseconds(result.milliseconds)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
