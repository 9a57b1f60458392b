import { type KeyboardEvent, useState } from 'react';
import type { Gateway } from '../../shared/api/gateways.ts';
import { Icon } from '../controls/icon.tsx';
import { useNow } from '../language/use-now.ts';
import { useFormats, useText, useTranslator } from '../language/use-text.ts';
import { availableIn, type GatewayGroup } from './gateway-groups.ts';
import { GatewayStateBadge, stateReason } from './gateway-state-badge.tsx';
import { RenameSegment } from './rename-segment.tsx';
import { SegmentHelp } from './segment-help.tsx';

/** A sync that is older was missed with all its retries four times: the service itself stops counting on it (`CONFIRMATION_VALID_MS`). */
const LATE_MS = 60_000;

interface GatewayTableProps {
  readonly groups: readonly GatewayGroup[];
  readonly chosen: Gateway['id'] | null;
  readonly mayChange: boolean;
  readonly onChoose: (id: Gateway['id']) => void;
}

/** Gateways by segment. Arrow keys go from one to the next, Enter opens the details. */
export function GatewayTable({ groups, chosen, mayChange, onChoose }: GatewayTableProps) {
  const text = useText();
  const [renaming, setRenaming] = useState<string | null>(null);
  return (
    <>
      <table className="table table-stacked gateway-table" onKeyDown={moveInTable}>
        <thead>
          <tr>
            <th scope="col">{text('gateways.name')}</th>
            <th scope="col">{text('common.state')}</th>
            <th scope="col">{text('gateways.last-sync')}</th>
            <th scope="col" className="number-column">
              {text('gateways.sessions')}
            </th>
            <th scope="col" className="number-column wide-only">
              {text('gateways.round-trip')}
            </th>
            <th scope="col" className="wide-only">
              {text('gateways.version')}
            </th>
          </tr>
        </thead>
        {groups.map((group) => (
          <Group key={group.segment ?? ''} group={group} chosen={chosen} mayChange={mayChange} onChoose={onChoose} onRename={setRenaming} />
        ))}
      </table>
      {renaming !== null && <RenameSegment segment={renaming} onClose={() => setRenaming(null)} />}
    </>
  );
}

function Group({ group: { segment, gateways }, chosen, mayChange, onChoose, onRename }: { readonly group: GatewayGroup; readonly onRename: (segment: string) => void } & Omit<GatewayTableProps, 'groups'>) {
  const text = useText();
  const available = availableIn(gateways);
  const [helpOpen, setHelpOpen] = useState(false);
  const help = available === 0 && helpOpen;
  return (
    <tbody>
      <tr className="gateway-group">
        <th scope="rowgroup" colSpan={6}>
          <div className="gateway-group-head">
            {segment === null ? <span>{text('common.direct')}</span> : <span className="tag tag-segment">{segment}</span>}
            <span className={available > 0 ? 'badge badge-good' : 'badge badge-bad'}>
              <Icon name={available > 0 ? 'check' : 'warning'} />
              {text('status.segment-line', { available, total: gateways.length })}
            </span>
            {available === 0 && (
              <button type="button" className="button button-small" aria-expanded={help} onClick={() => setHelpOpen(!helpOpen)}>
                <Icon name="question" />
                {text('common.what-to-do')}
              </button>
            )}
            {mayChange && segment !== null && (
              <button type="button" className="button button-quiet button-small" onClick={() => onRename(segment)}>
                <Icon name="edit" />
                {text('gateways.rename-segment')} <span className="visually-hidden">{segment}</span>
              </button>
            )}
          </div>
          {help && <SegmentHelp segment={segment} />}
        </th>
      </tr>
      {gateways.map((gateway) => (
        <Line key={gateway.id} gateway={gateway} chosen={gateway.id === chosen} onChoose={onChoose} />
      ))}
    </tbody>
  );
}

function Line({ gateway, chosen, onChoose }: { readonly gateway: Gateway; readonly chosen: boolean; readonly onChoose: (id: Gateway['id']) => void }) {
  const formats = useFormats();
  const translator = useTranslator();
  const { status } = gateway;
  const fine = status.state === 'available' && !status.ejected;
  return (
    <tr data-selected={chosen} onClick={() => onChoose(gateway.id)}>
      <td>
        <button type="button" className="link-button gateway-name" aria-pressed={chosen} title={translator.text('gateways.details', { name: gateway.name })} onClick={() => onChoose(gateway.id)}>
          {gateway.name}
        </button>
      </td>
      <td data-label={translator.text('common.state')}>
        <GatewayStateBadge state={status.state} />
        {!fine && <span className="gateway-reason">{stateReason(gateway, translator).message}</span>}
      </td>
      <td data-label={translator.text('gateways.last-sync')}>
        <SyncAge confirmedAt={status.confirmedAt} />
      </td>
      <td className="number-column tabular" data-label={translator.text('gateways.sessions')}>{status.sessions === null ? '—' : formats.number(status.sessions)}</td>
      <td className="number-column tabular wide-only" data-label={translator.text('gateways.round-trip')}>{status.roundTripMs === null ? '—' : formats.milliseconds(status.roundTripMs)}</td>
      <td className="wide-only tabular" data-label={translator.text('gateways.version')}>{status.version ?? '—'}</td>
    </tr>
  );
}

/** How long ago a gateway last answered, counting; an age that is too great is marked and said. */
export function SyncAge({ confirmedAt }: { readonly confirmedAt: string | null }) {
  const text = useText();
  const formats = useFormats();
  const now = useNow(confirmedAt === null ? null : 1000);
  if (confirmedAt === null) return <span>{text('gateways.never-synced')}</span>;
  const late = now - Date.parse(confirmedAt) > LATE_MS;
  return (
    <time className={late ? 'badge badge-bad tabular' : 'tabular'} dateTime={confirmedAt} title={late ? text('gateways.sync-late') : formats.instant(confirmedAt)}>
      {late && <Icon name="warning" />}
      {formats.relative(new Date(Math.min(Date.parse(confirmedAt), now)).toISOString(), now)}
    </time>
  );
}

/** Arrow keys, Home and End go from name to name. */
function moveInTable(event: KeyboardEvent<HTMLTableElement>): void {
  const names = [...event.currentTarget.querySelectorAll<HTMLElement>('.gateway-name')];
  const at = names.findIndex((name) => name === document.activeElement);
  if (at < 0) return;
  const targets: Readonly<Record<string, number>> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: names.length - 1 };
  const target = Object.hasOwn(targets, event.key) ? targets[event.key] : undefined;
  if (target === undefined) return;
  event.preventDefault();
  names[Math.max(0, Math.min(target, names.length - 1))]?.focus();
}
