import type { CheckName, CheckResult, Subject } from '../../shared/diagnostics/check-result.ts';
import type { DiagnosticsState } from '../../shared/diagnostics/diagnostics-state.ts';
import { useText } from '../language/use-text.ts';
import { CheckCell } from './check-cell.tsx';
import { LatencyChart } from './latency-chart.tsx';

interface Row {
  readonly gatewayId: string;
  readonly name: string;
  readonly cells: ReadonlyMap<string, { readonly result: CheckResult | undefined; readonly running: boolean }>;
}

/** One row a gateway, one column a check; ports stand under their numbers, so that every gateway's port has its column. */
export function GatewayChecks({ state, opened, onOpen }: { readonly state: DiagnosticsState; readonly opened: string | null; readonly onOpen: (id: string) => void }) {
  const text = useText();
  const rows = gatewayRows(state);
  const ports = [...new Set(rows.flatMap(({ cells }) => [...cells.keys()].filter((key) => /^\d+$/.test(key))))].toSorted((a, b) => Number(a) - Number(b));
  const named = (['name', 'ping', 'round-trip', 'throughput', 'sync'] as const satisfies readonly CheckName[]).filter((check) => rows.some(({ cells }) => cells.has(check)));
  const columns = [...ports.map((port) => ({ key: port, label: text('diagnostics.column-port', { port }) })), ...named.map((check) => ({ key: check, label: text(`diagnostics.check-${check}`) }))];
  if (rows.length === 0) return <p className="field-hint">{text('diagnostics.no-gateways')}</p>;
  return (
    <div className="scroll gateway-checks" tabIndex={0} role="region" aria-label={text('diagnostics.gateways')}>
      <table className="table table-stacked">
        <caption className="visually-hidden">{text('diagnostics.gateways')}</caption>
        <thead>
          <tr>
            <th scope="col">{text('common.gateway')}</th>
            {columns.map(({ key, label }) => (
              <th key={key} scope="col">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ gatewayId, name, cells }) => (
            <tr key={gatewayId}>
              <th scope="row" className="gateway-checks-name">
                {name}
                <LatencyChart gateway={name} roundTrips={state.roundTrips[gatewayId] ?? []} />
              </th>
              {columns.map(({ key, label }) => {
                const cell = cells.get(key);
                return (
                  <td key={key} data-label={label}>
                    {cell === undefined ? '—' : <CheckCell {...cell} open={cell.result !== undefined && cell.result.id === opened} onOpen={onOpen} />}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function gatewayRows({ results, pending }: DiagnosticsState): readonly Row[] {
  const rows = new Map<string, { name: string; cells: Map<string, { result: CheckResult | undefined; running: boolean }> }>();
  const running = new Set(pending.map(({ id }) => id));
  const put = (subject: Subject, id: string, check: CheckName, result: CheckResult | undefined): void => {
    if (subject.kind !== 'gateway') return;
    const row = rows.get(subject.gatewayId) ?? { name: subject.name, cells: new Map() };
    rows.set(subject.gatewayId, row);
    // A gateway that is not tested from here has one port's result without a number.
    row.cells.set(check === 'port' ? (/ (\d+)$/.exec(id)?.[1] ?? 'name') : check, { result, running: running.has(id) });
  };
  for (const { subject, id, check } of pending) put(subject, id, check, results[id]);
  for (const result of Object.values(results)) put(result.subject, result.id, result.check, result);
  return [...rows].map(([gatewayId, row]) => ({ gatewayId, ...row })).toSorted((a, b) => a.name.localeCompare(b.name));
}
