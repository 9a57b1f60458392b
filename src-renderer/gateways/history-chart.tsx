import { useCallback, useEffect, useState } from 'react';
import type { Gateway, GatewayHistory } from '../../shared/api/gateways.ts';
import type { ShownError } from '../../shared/ipc/stores.ts';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { useFormats, useText } from '../language/use-text.ts';
import { ask } from '../mavis/ask.ts';
import { useParts } from '../stores/parts.tsx';
import { stateShares, stateSpans, type StateSpan } from './state-spans.ts';

const WIDTH = 280;
const HEIGHT = 28;
/** The height of a state's bar: told by height as well as by colour. */
const heights: Readonly<Record<StateSpan['state'], number>> = { available: 28, degraded: 20, draining: 14, pending: 8, unavailable: 5, disabled: 3, unknown: 1 };
/** The history is read again so often while it is looked at: the chart moves by a pixel in about five minutes. */
const AGAIN_MS = 300_000;

type Asked = { readonly status: 'loading' } | { readonly status: 'known'; readonly history: GatewayHistory } | { readonly status: 'failed'; readonly error: ShownError };

/** The states of a gateway's last 24 hours, as bars and in words. Keyed by its present state where it is shown: a change is a new bar. */
export function HistoryChart({ gateway }: { readonly gateway: Gateway }) {
  const { mavis } = useParts();
  const text = useText();
  const [asked, setAsked] = useState<Asked>({ status: 'loading' });
  const { id } = gateway;
  const read = useCallback(async (): Promise<Asked> => {
    const answer = await ask(mavis.service.gatewayHistory({ params: { gatewayId: id }, query: {}, body: {} }));
    return answer.ok ? { status: 'known', history: answer.value } : { status: 'failed', error: answer.error };
  }, [mavis, id]);
  useEffect(() => {
    let current = true;
    const update = async () => {
      const result = await read();
      if (current) setAsked(result);
    };
    void update();
    const timer = setInterval(() => void update(), AGAIN_MS);
    return () => {
      current = false;
      clearInterval(timer);
    };
  }, [read]);
  return (
    <section className="gateway-history" aria-label={text('gateways.history')}>
      <h3>{text('gateways.history')}</h3>
      {asked.status === 'loading' && (
        <p className="badge" role="status">
          <span className="spinner" />
          {text('common.loading')}
        </p>
      )}
      {asked.status === 'failed' && (
        <ErrorNotice error={asked.error}>
          <button type="button" className="button button-small" onClick={() => void read().then(setAsked)}>
            {text('common.retry')}
          </button>
        </ErrorNotice>
      )}
      {asked.status === 'known' && <Chart history={asked.history} />}
    </section>
  );
}

function Chart({ history }: { readonly history: GatewayHistory }) {
  const text = useText();
  const formats = useFormats();
  const spans = stateSpans(history);
  const shares = stateShares(spans).map(({ state, share }) => ({ state, words: text('gateways.history-share', { state: stateWord(state, text), share: formats.percent(share) }) }));
  const label = text('gateways.history-label', { shares: formats.list(shares.map(({ words }) => words)), changes: history.changes.length });
  return (
    <>
      <svg className="history-chart" role="img" aria-label={label} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none">
        {spans.map(({ state, from, until }) => (
          <rect key={from} className={`history-bar history-${state}`} x={from * WIDTH} width={Math.max(1, (until - from) * WIDTH)} y={HEIGHT - heights[state]} height={heights[state]} />
        ))}
      </svg>
      <p className="history-ends">
        <span>{text('gateways.history-begin')}</span>
        <span>{text('gateways.history-end')}</span>
      </p>
      <ul className="history-legend">
        {shares.map(({ state, words }) => (
          <li key={state}>
            <svg className="history-key" viewBox="0 0 12 12" aria-hidden="true">
              <rect className={`history-bar history-${state}`} x="0" width="12" y={12 - Math.max(1, (heights[state] * 12) / HEIGHT)} height={Math.max(1, (heights[state] * 12) / HEIGHT)} />
            </svg>
            {words}
          </li>
        ))}
      </ul>
      {!history.complete && <p className="field-hint">{text('gateways.history-cut', { count: history.changes.length })}</p>}
    </>
  );
}

function stateWord(state: StateSpan['state'], text: ReturnType<typeof useText>): string {
  return state === 'unknown' ? text('gateways.history-unknown') : text(`gateway-state.${state}`);
}
