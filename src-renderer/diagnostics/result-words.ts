import type { CheckResult, FactsOf } from '../../shared/diagnostics/check-result.ts';
import { lineSigns, lineWords } from '../../shared/diagnostics/line-words.ts';
import { checkAndPort, subjectName } from '../../shared/diagnostics/report.ts';
import type { Translator } from '../../shared/languages/translate.ts';
import type { Formats } from '../language/formats.ts';

export type CellState = 'good' | 'attention' | 'bad' | 'not-run' | 'running';

/** How a result stands: running where it is being looked at again. */
export function stateOf(result: CheckResult | undefined, running: boolean): CellState {
  if (running) return 'running';
  if (result === undefined) return 'not-run';
  return result.outcome.status === 'found' ? result.outcome.verdict : 'not-run';
}

/** The few words of a cell: what was found, with its one number. */
export function cellWords(result: CheckResult | undefined, running: boolean, translator: Translator, formats: Formats): string {
  const { text } = translator;
  if (running) return text('diagnostics.state-running');
  if (result === undefined) return '—';
  const { outcome } = result;
  if (outcome.status === 'not-run') return text('diagnostics.state-not-run');
  const { facts, verdict } = outcome;
  switch (facts.check) {
    case 'port':
      return portWords(facts, translator, formats);
    case 'round-trip':
    case 'throughput':
      return lineSigns(facts, translator);
    case 'sync':
      return facts.ageSeconds === null ? text('diagnostics.state-not-run') : text('diagnostics.age', { seconds: facts.ageSeconds });
    default:
      return text(`diagnostics.state-${verdict}`);
  }
}

function portWords({ tcp, tls, connectMs, pong }: FactsOf<'port'>, { text }: Translator, formats: Formats): string {
  if (tcp !== 'open') return text(`diagnostics.tcp-${tcp}`);
  if (tls?.outcome === 'silent') return text('diagnostics.tls-silent');
  if (tls?.trust === 'pin') return text('diagnostics.tls-wrong-key');
  if (tls !== null && tls.outcome !== 'done') return text('diagnostics.tls-other');
  if (pong === false) return text('diagnostics.tls-other');
  if (tls !== null && tls.trust !== 'good' && tls.trust !== 'not-checked') return text('diagnostics.tls-untrusted');
  return connectMs === null ? text('diagnostics.tcp-open') : `${text('diagnostics.tcp-open')} · ${formats.milliseconds(connectMs)}`;
}

/** What a cell is called to who hears it: what is seen, and its signs in words. */
export function cellLabel(result: CheckResult, running: boolean, translator: Translator, formats: Formats): string {
  const numbers = running ? '' : lineWords(result, translator);
  const words = cellWords(result, running, translator, formats);
  return numbers === '' ? words : `${words} (${numbers})`;
}

export { checkAndPort as checkWords, subjectName };
