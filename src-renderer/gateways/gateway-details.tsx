import { useId, useState } from 'react';
import type { Gateway } from '../../shared/api/gateways.ts';
import { protocol } from '../../shared/ids.ts';
import { useFocusOfDetails } from '../controls/focus-of-details.ts';
import { Icon } from '../controls/icon.tsx';
import { useNow } from '../language/use-now.ts';
import { useFormats, useText, useTranslator } from '../language/use-text.ts';
import { EditPortMap } from './edit-port-map.tsx';
import { GatewayActions } from './gateway-actions.tsx';
import type { SetupStep } from './gateway-setup.tsx';
import { GatewayStateBadge, stateReason } from './gateway-state-badge.tsx';
import { SyncAge } from './gateway-table.tsx';
import { HistoryChart } from './history-chart.tsx';

/** “Since 3 minutes ago” need not be newer than that. */
const SINCE_EVERY_MS = 15_000;

/** The panel beside the list with all that is known of one gateway, and what an administrator may do with it (`onSetup` is theirs alone). */
export function GatewayDetails({ gateway, onClose, onSetup }: { readonly gateway: Gateway; readonly onClose: () => void; readonly onSetup: ((step: SetupStep) => void) | undefined }) {
  const details = useFocusOfDetails<HTMLElement>();
  const text = useText();
  const titleId = useId();
  return (
    <aside ref={details} className="details gateway-details scroll" aria-labelledby={titleId} tabIndex={0}>
      <header className="details-head">
        <h2 id={titleId} className="details-title">
          {gateway.name}
        </h2>
        <button type="button" className="button button-quiet button-icon button-small" aria-label={text('common.close')} onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <StateNow gateway={gateway} />
      {onSetup && <GatewayActions gateway={gateway} onSetup={onSetup} />}
      <HistoryChart key={`${gateway.status.changedAt} ${gateway.status.code ?? ''}`} gateway={gateway} />
      <Facts gateway={gateway} />
      <PortMap gateway={gateway} mayChange={onSetup !== undefined} />
    </aside>
  );
}

/** State, reason, what to do and who must. */
function StateNow({ gateway }: { readonly gateway: Gateway }) {
  const text = useText();
  const formats = useFormats();
  const translator = useTranslator();
  const now = useNow(SINCE_EVERY_MS);
  const { message, remedy, actorName } = stateReason(gateway, translator);
  return (
    <div className="gateway-state" role="status">
      <p className="gateway-state-line">
        <GatewayStateBadge state={gateway.status.state} />
        <span>{text('gateways.since', { when: formats.relative(gateway.status.changedAt, now) })}</span>
      </p>
      <p>{message}</p>
      {remedy !== null && <p className="notice-remedy">{remedy}</p>}
      {actorName !== null && (
        <p className="notice-foot">
          <span>
            {text('common.who-acts')}: <strong>{actorName}</strong>
          </span>
        </p>
      )}
    </div>
  );
}

function Facts({ gateway: { segment, addresses, reachedThroughDefault, keyFingerprint, nextKeyFingerprint, status, createdAt } }: { readonly gateway: Gateway }) {
  const text = useText();
  const formats = useFormats();
  return (
    <dl className="facts">
      <dt>{text('common.segment')}</dt>
      <dd>{segment === null ? text('common.direct') : <span className="tag tag-segment">{segment}</span>}</dd>
      <dt>{text('gateways.last-sync')}</dt>
      <dd>
        <SyncAge confirmedAt={status.confirmedAt} />
      </dd>
      <dt>{text('gateways.sessions')}</dt>
      <dd className="tabular">{status.sessions === null ? text('common.unknown') : formats.number(status.sessions)}</dd>
      <dt>{text('gateways.round-trip')}</dt>
      <dd className="tabular">{status.roundTripMs === null ? text('common.unknown') : formats.milliseconds(status.roundTripMs)}</dd>
      <dt>{text('gateways.load')}</dt>
      <dd className="tabular">{status.load === null ? text('common.unknown') : text('gateways.load-line', { cpu: formats.percent(status.load.cpu), memory: formats.bytes(status.load.memoryBytes) })}</dd>
      <dt>{text('gateways.version')}</dt>
      <dd>{status.version ?? text('common.unknown')}</dd>
      <dt>{text('gateways.address')}</dt>
      <dd className="mono">{addresses.host}</dd>
      <dt>{text('gateways.reached')}</dt>
      <dd>{text(reachedThroughDefault ? 'gateways.reached-behind' : 'gateways.reached-direct')}</dd>
      <dt>{text('gateways.link-port')}</dt>
      <dd className="mono">{addresses.linkPort}</dd>
      <dt>{text('gateways.fingerprint')}</dt>
      <dd>{keyFingerprint === null ? text('gateways.fingerprint-none') : <code>{keyFingerprint}</code>}</dd>
      {nextKeyFingerprint !== null && (
        <>
          <dt>{text('gateways.next-fingerprint')}</dt>
          <dd>
            <code>{nextKeyFingerprint}</code>
          </dd>
        </>
      )}
      <dt>{text('gateways.created')}</dt>
      <dd>{formats.dateTime(createdAt)}</dd>
    </dl>
  );
}

/** Which protocols each proxy port carries, and for which it is tried first (S75). */
function PortMap({ gateway, mayChange }: { readonly gateway: Gateway; readonly mayChange: boolean }) {
  const text = useText();
  const [editing, setEditing] = useState(false);
  const formats = useFormats();
  const protocolNames = (names: readonly (typeof protocol.options)[number][]): string => (names.length === 0 ? text('common.none') : formats.list(names.map((name) => text(`protocol.${name}`))));
  return (
    <section aria-label={text('gateways.port-map')}>
      <h3>{text('gateways.port-map')}</h3>
      <table className="table port-map">
        <thead>
          <tr>
            <th scope="col">{text('gateways.port')}</th>
            <th scope="col">{text('common.state')}</th>
            <th scope="col">{text('gateways.port-order')}</th>
            <th scope="col">{text('gateways.port-carries')}</th>
          </tr>
        </thead>
        <tbody>
          {gateway.addresses.proxyPorts.map((port) => {
            const reported = gateway.status.ports.find((candidate) => candidate.port === port);
            const first = protocol.options.filter((name) => gateway.portPreference[name]?.[0]?.includes(port));
            return (
              <tr key={port}>
                <th scope="row" className="mono">
                  {port}
                </th>
                <td>
                  {reported === undefined ? (
                    text('gateways.port-unknown')
                  ) : (
                    <span className={reported.open ? 'badge badge-good' : 'badge badge-bad'}>
                      <Icon name={reported.open ? 'check' : 'close'} />
                      {text(reported.open ? 'gateways.port-open' : 'gateways.port-closed')}
                    </span>
                  )}
                </td>
                <td>{protocolNames(first)}</td>
                <td>{reported === undefined ? '—' : protocolNames(reported.protocols)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {mayChange && (
        <button type="button" className="button button-small" onClick={() => setEditing(true)}>
          <Icon name="edit" />
          {text('port-map.edit')}
        </button>
      )}
      {editing && <EditPortMap gateway={gateway} onClose={() => setEditing(false)} />}
    </section>
  );
}
