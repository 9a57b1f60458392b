import { type KeyboardEvent, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { Gateway } from '../../shared/api/gateways.ts';
import type { GatewaysState } from '../../shared/ipc/stores.ts';
import { EmptyState } from '../controls/empty-state.tsx';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { Icon } from '../controls/icon.tsx';
import { useText } from '../language/use-text.ts';
import { ask } from '../mavis/ask.ts';
import { useFed, useParts } from '../stores/parts.tsx';
import { ServiceKeyPanel } from '../service-keys/service-key-panel.tsx';
import { TunnelPanel } from '../tunnel/tunnel-panel.tsx';
import { GatewayDetails } from './gateway-details.tsx';
import { GatewaySetup, type SetupStep } from './gateway-setup.tsx';
import { gatewayGroups, gatewaySorts, type GatewaySort } from './gateway-groups.ts';
import { GatewayTable } from './gateway-table.tsx';

/** Figures that no event tells (sessions, round trip, load) are as old as a sync: asked again as often as there is one (S10). */
const AGAIN_MS = 15_000;

/** The Gateway management page: every Gateway with its state, live; administrators change them, others look. */
export function GatewaysPage({ onToResources }: { readonly onToResources: () => void }) {
  const text = useText();
  const state = useFed('gateways', (gateways) => gateways);
  const mayChange = useFed('account', (account) => account.status === 'signed-in' && account.user.role === 'admin') ?? false;
  const [filter, setFilter] = useState('');
  const [sort, setSort] = useState<GatewaySort>('name');
  const [chosen, setChosen] = useState<Gateway['id'] | null>(null);
  const [setup, setSetup] = useState<{ readonly gatewayId: Gateway['id'] | null; readonly step: SetupStep } | null>(null);
  const list = useRef<HTMLDivElement>(null);
  const refresh = useRefreshed();
  const gateways = useMemo(() => Object.values(state?.items ?? {}), [state?.items]);
  const groups = useMemo(() => gatewayGroups(gateways, filter, sort, (name) => text(`gateway-state.${name}`)), [gateways, filter, sort, text]);
  const shown = groups.reduce((sum, group) => sum + group.gateways.length, 0);
  const gateway = gateways.find(({ id }) => id === chosen);
  const close = useCallback(() => {
    list.current?.querySelector<HTMLElement>('[aria-pressed="true"]')?.focus();
    setChosen(null);
  }, []);
  return (
    <div className="page gateways">
      <header className="page-head">
        <h1>{text('gateways.title')}</h1>
        <span className="tabular" role="status">
          {state?.status === 'ready' && text('gateways.count', { total: shown })}
        </span>
        <button type="button" className="button button-icon" aria-label={text('common.reload')} title={text('common.reload')} onClick={refresh}>
          <Icon name="replay" />
        </button>
        {mayChange && (
          <button type="button" className="button button-primary" onClick={() => setSetup({ gatewayId: null, step: 'define' })}>
            <Icon name="plus" />
            {text('gateways.add')}
          </button>
        )}
      </header>
      <TunnelPanel gateways={gateways} mayChange={mayChange} />
      <ServiceKeyPanel mayChange={mayChange} />
      {gateways.length > 0 && (
        <div className="filter-row gateway-filter" role="search">
          <input className="input" type="search" aria-label={text('gateways.filter')} placeholder={text('gateways.filter')} value={filter} maxLength={200} spellCheck={false} onChange={(event) => setFilter(event.target.value)} />
          <select className="input gateway-sort" aria-label={text('gateways.sort')} value={sort} onChange={(event) => setSort(gatewaySorts.find((name) => name === event.target.value) ?? 'name')}>
            {gatewaySorts.map((name) => (
              <option key={name} value={name}>
                {text(`gateways.sort-${name}`)}
              </option>
            ))}
          </select>
          {!mayChange && <p className="field-hint gateway-read-only">{text('gateways.read-only')}</p>}
        </div>
      )}
      {gateways.length > 0 && state?.status === 'failed' && state.error && (
        <div className="page-notice">
          <ErrorNotice error={state.error}>
            <p>{text('gateways.stale')}</p>
            <button type="button" className="button button-small" onClick={refresh}>
              {text('common.retry')}
            </button>
          </ErrorNotice>
        </div>
      )}
      <div className="split" onKeyDown={(event) => onEscape(event, gateway !== undefined, close)}>
        <div ref={list} className="page-body scroll" tabIndex={0} role="region" aria-label={text('gateways.list')}>
          {shown > 0 && <GatewayTable groups={groups} chosen={chosen} mayChange={mayChange} onChoose={(id) => setChosen(id)} />}
          {shown === 0 && gateways.length > 0 && <EmptyState icon="search" title={text('gateways.no-match')} remedy={text('gateways.no-match-remedy')} />}
          {gateways.length === 0 && <NothingThere state={state} mayChange={mayChange} onRetry={refresh} onAdd={() => setSetup({ gatewayId: null, step: 'define' })} />}
        </div>
        {gateway && <GatewayDetails key={gateway.id} gateway={gateway} onClose={close} onSetup={mayChange ? (step) => setSetup({ gatewayId: gateway.id, step }) : undefined} />}
      </div>
      {setup && (
        <GatewaySetup
          gatewayId={setup.gatewayId}
          begin={setup.step}
          onToResources={onToResources}
          onClose={(id) => {
            setSetup(null);
            if (id !== null) setChosen(id);
          }}
        />
      )}
    </div>
  );
}

/** Asks for the list when the page opens and with every sync while it is open; gives how to ask now. */
function useRefreshed(): () => void {
  const { mavis } = useParts();
  const refresh = useCallback(() => void ask(mavis.gateways.refresh({})), [mavis]);
  useEffect(() => {
    refresh();
    const timer = setInterval(refresh, AGAIN_MS);
    return () => clearInterval(timer);
  }, [refresh]);
  return refresh;
}

function onEscape(event: KeyboardEvent, detailsOpen: boolean, close: () => void): void {
  if (event.key !== 'Escape' || !detailsOpen || (event.target instanceof HTMLElement && event.target.closest('dialog'))) return;
  event.stopPropagation();
  close();
}

const steps = ['define', 'install', 'key', 'sync', 'test', 'tag'] as const;

/** What stands in place of the list: loading, failed, or the steps to the first Gateway (S34-S40). */
function NothingThere({ state, mayChange, onRetry, onAdd }: { readonly state: GatewaysState | undefined; readonly mayChange: boolean; readonly onRetry: () => void; readonly onAdd: () => void }) {
  const text = useText();
  if (state?.status === 'failed' && state.error) {
    return (
      <EmptyState icon="warning" title={text('gateways.failed')}>
        <ErrorNotice error={state.error} />
        <button type="button" className="button" onClick={onRetry}>
          {text('common.retry')}
        </button>
      </EmptyState>
    );
  }
  if (state?.status !== 'ready') {
    return (
      <p className="page-foot badge" role="status">
        <span className="spinner" />
        {text('common.loading')}
      </p>
    );
  }
  return (
    <EmptyState icon="gateway" title={text('gateways.empty')} remedy={text('gateways.empty-remedy')}>
      <ol className="gateway-steps">
        {steps.map((step) => (
          <li key={step}>{text(`gateways.step-${step}`)}</li>
        ))}
      </ol>
      {mayChange ? (
        <button type="button" className="button button-primary" onClick={onAdd}>
          <Icon name="plus" />
          {text('gateways.add')}
        </button>
      ) : (
        <p>{text('gateways.ask-administrator')}</p>
      )}
    </EmptyState>
  );
}
