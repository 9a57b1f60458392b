import { useId, useState } from 'react';
import type { Gateway } from '../../shared/api/gateways.ts';
import { protocol, type Protocol } from '../../shared/ids.ts';
import type { ShownError } from '../../shared/ipc/stores.ts';
import { changedFields } from '../controls/changed-fields.ts';
import { Dialog } from '../controls/dialog.tsx';
import { DialogForm } from '../controls/dialog-form.tsx';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { Icon } from '../controls/icon.tsx';
import { useOneAtATime } from '../controls/use-one-at-a-time.ts';
import { useFormats, useText } from '../language/use-text.ts';
import { ask } from '../mavis/ask.ts';
import { useParts } from '../stores/parts.tsx';
import { closedProtocols, lostProtocols, preferenceOf, ranksOf, withRank, type PortRanks } from './port-ranks.ts';

/** Which protocols each proxy port of a gateway carries, and in which order clients try them (S74, S75). */
export function EditPortMap({ gateway, onClose }: { readonly gateway: Gateway; readonly onClose: () => void }) {
  const { mavis } = useParts();
  const text = useText();
  const formats = useFormats();
  const formId = useId();
  // The Gateway lives on while the form is open: what its user changed shows against how it was then.
  const [opened] = useState(gateway);
  const { proxyPorts, linkPort } = opened.addresses;
  const [ranks, setRanks] = useState(() => ranksOf(opened.portPreference, proxyPorts));
  const [over443, setOver443] = useState(opened.over443);
  const [failure, setFailure] = useState<ShownError | null>(null);
  const { busy, run } = useOneAtATime();
  const named = (names: readonly Protocol[]): string => formats.list(names.map((name) => text(`protocol.${name}`)));
  const lost = lostProtocols(ranks);
  const closed = closedProtocols(ranks, gateway.status.ports.filter(({ open }) => !open).map(({ port }) => port));
  const save = async () => {
    if (lost.length > 0) return undefined;
    const body = changedFields({ portPreference: preferenceOf(ranksOf(opened.portPreference, proxyPorts), proxyPorts), over443: opened.over443 }, { portPreference: preferenceOf(ranks, proxyPorts), over443 });
    if (Object.keys(body).length === 0) return onClose();
    const answer = await ask(mavis.service.gatewayUpdate({ params: { gatewayId: gateway.id }, query: {}, body }));
    return answer.ok ? onClose() : setFailure(answer.error);
  };
  return (
    <Dialog
      title={text('port-map.title', { name: gateway.name })}
      onClose={onClose}
      actions={
        <>
          <button type="button" className="button" onClick={onClose}>
            {text('common.cancel')}
          </button>
          <button type="submit" form={formId} className="button button-primary" aria-disabled={lost.length > 0 || busy}>
            {text('common.save')}
          </button>
        </>
      }
    >
      <DialogForm id={formId} onSubmit={() => run(save)}>
        <p>{text('port-map.about')}</p>
        <RankTable ports={proxyPorts} ranks={ranks} onRank={(name, port, rank) => setRanks(withRank(ranks, name, port, rank))} />
        {lost.length > 0 && (
          <div className="notice" role="alert">
            <Icon name="warning" />
            <p>{text('port-map.lost', { protocols: named(lost) })}</p>
          </div>
        )}
        {closed.length > 0 && (
          <div className="notice notice-warn" role="status">
            <Icon name="warning" />
            <p>{text('port-map.closed-only', { protocols: named(closed) })}</p>
          </div>
        )}
        <label className="check">
          <input type="checkbox" checked={over443} onChange={(event) => setOver443(event.target.checked)} />
          {text('port-map.over-443', { port: linkPort })}
        </label>
        <p className="field-hint">{text('port-map.when')}</p>
        {failure && <ErrorNotice error={failure} />}
      </DialogForm>
    </Dialog>
  );
}

interface RankTableProps {
  readonly ports: readonly number[];
  readonly ranks: PortRanks;
  readonly onRank: (name: Protocol, port: number, rank: number | null) => void;
}

function RankTable({ ports, ranks, onRank }: RankTableProps) {
  const text = useText();
  return (
    <table className="table table-stacked port-map">
      <thead>
        <tr>
          <th scope="col">{text('gateways.port')}</th>
          {protocol.options.map((name) => (
            <th key={name} scope="col">
              {text(`protocol.${name}`)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {ports.map((port) => (
          <tr key={port}>
            <th scope="row" className="mono" data-label={text('gateways.port')}>
              {port}
            </th>
            {protocol.options.map((name) => (
              <td key={name} data-label={text(`protocol.${name}`)}>
                <select className="input" aria-label={text('port-map.cell', { protocol: text(`protocol.${name}`), port: String(port) })} value={ranks[name].get(port) ?? ''} onChange={(event) => onRank(name, port, event.target.value === '' ? null : Number(event.target.value))}>
                  {ports.map((_, index) => (
                    <option key={index} value={index + 1}>
                      {text('port-map.rank', { rank: index + 1 })}
                    </option>
                  ))}
                  <option value="">{text('port-map.not')}</option>
                </select>
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
