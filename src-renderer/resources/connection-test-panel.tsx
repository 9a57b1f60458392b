import { useRef, useState } from 'react';
import type { Gateway } from '../../shared/api/gateways.ts';
import type { ConnectionTest } from '../../shared/api/resources.ts';
import type { Protocol } from '../../shared/ids.ts';
import type { ResourceRow } from '../../shared/ipc/contract.ts';
import type { ShownError } from '../../shared/ipc/stores.ts';
import { errorText } from '../../shared/languages/error-text.ts';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { Icon } from '../controls/icon.tsx';
import { useFormats, useText, useTranslator } from '../language/use-text.ts';
import { ask } from '../mavis/ask.ts';
import { useFed, useParts } from '../stores/parts.tsx';

type Tested = { readonly status: 'not-run' } | { readonly status: 'running' } | { readonly status: 'known'; readonly result: ConnectionTest } | { readonly status: 'failed'; readonly error: ShownError };

interface ConnectionTestPanelProps {
  readonly row: Pick<ResourceRow, 'id' | 'protocols'>;
  readonly gatewayId?: Gateway['id'];
  /** Another resource may take this one's place in a moment: the test of it would begin anew there. */
  readonly choosing?: boolean;
}

/** Tries the way to a resource stage by stage, without credentials (S40); where an identity was read, an administrator may confirm it (rule 14). */
export function ConnectionTestPanel({ row, gatewayId, choosing = false }: ConnectionTestPanelProps) {
  const { mavis } = useParts();
  const text = useText();
  const [protocol, setProtocol] = useState<Protocol | undefined>(row.protocols[0]);
  const [tested, setTested] = useState<Tested>({ status: 'not-run' });
  const asked = useRef(0);
  const choose = (next: Protocol | undefined) => {
    // A result stands beside its own protocol only; one that is still to come is of the protocol before.
    asked.current += 1;
    setTested({ status: 'not-run' });
    setProtocol(next);
  };
  const run = async () => {
    if (protocol === undefined) return;
    asked.current += 1;
    const mine = asked.current;
    setTested({ status: 'running' });
    const answer = await ask(mavis.service.resourceConnectionTest({ params: { resourceId: row.id }, query: {}, body: { protocol, ...(gatewayId === undefined ? {} : { gatewayId }) } }));
    if (mine === asked.current) setTested(answer.ok ? { status: 'known', result: answer.value } : { status: 'failed', error: answer.error });
  };
  const running = tested.status === 'running';
  return (
    <div className="connection-test">
      <div className="setup-row">
        {row.protocols.length > 1 && (
          <select className="input connection-test-protocol" aria-label={text('common.protocol')} value={protocol} onChange={(event) => choose(row.protocols.find((name) => name === event.target.value))}>
            {row.protocols.map((name) => (
              <option key={name} value={name}>
                {text(`protocol.${name}`)}
              </option>
            ))}
          </select>
        )}
        <button type="button" className="button" aria-disabled={running || choosing} onClick={() => !running && !choosing && void run()}>
          {running ? <span className="spinner" /> : <Icon name="play" />}
          {running ? text('connection-test.running') : text('connection-test.run')}
        </button>
      </div>
      {tested.status === 'failed' && <ErrorNotice error={tested.error} />}
      {tested.status === 'known' && <Stages result={tested.result} />}
      {tested.status === 'known' && tested.result.identity && <Identity key={tested.result.identity.fingerprint} resourceId={row.id} identity={tested.result.identity} />}
    </div>
  );
}

function Stages({ result }: { readonly result: ConnectionTest }) {
  const text = useText();
  const formats = useFormats();
  const translator = useTranslator();
  const failed = result.stages.find(({ ok }) => !ok);
  const worded = failed?.code === undefined ? null : errorText(translator, failed.code, { gateway: result.gatewayName });
  return (
    <div role="status" className="connection-test-result">
      <p>{text('connection-test.through', { gateway: result.gatewayName })}</p>
      <ol className="connection-test-stages" aria-label={text('connection-test.stages')}>
        {result.stages.map(({ stage, ok, milliseconds }) => (
          <li key={stage} className={ok ? 'badge badge-good' : 'badge badge-bad'}>
            <Icon name={ok ? 'check' : 'close'} />
            <span className="connection-test-stage">{text(`connection-test.stage-${stage}`)}</span>
            <span className="tabular">
              {ok ? text('connection-test.passed') : text('connection-test.failed')} · {formats.milliseconds(milliseconds)}
            </span>
          </li>
        ))}
      </ol>
      {failed === undefined && <p className="notice-message">{text('connection-test.ok')}</p>}
      {worded && (
        <>
          <p className="notice-message">{worded.message}</p>
          <p className="notice-remedy">{worded.remedy}</p>
          <p>
            {text('common.who-acts')}: <strong>{worded.actorName}</strong>
          </p>
        </>
      )}
    </div>
  );
}

function Identity({ resourceId, identity }: { readonly resourceId: ResourceRow['id']; readonly identity: NonNullable<ConnectionTest['identity']> }) {
  const { mavis } = useParts();
  const text = useText();
  const mayConfirm = useFed('account', (account) => account.status === 'signed-in' && account.user.role === 'admin') ?? false;
  const [confirmed, setConfirmed] = useState(false);
  const [failure, setFailure] = useState<ShownError | null>(null);
  const confirm = async () => {
    const answer = await ask(mavis.service.resourceConfirmIdentity({ params: { resourceId }, query: {}, body: { fingerprint: identity.fingerprint } }));
    setConfirmed(answer.ok);
    setFailure(answer.ok ? null : answer.error);
  };
  const known = identity.expected || confirmed;
  return (
    <div className={known ? 'notice notice-good' : 'notice notice-warn'}>
      <Icon name={known ? 'shieldCheck' : 'shield'} />
      <div className="notice-body">
        <p className="notice-message">{text('connection-test.identity')}</p>
        <p>
          {identity.kind} <code>{identity.fingerprint}</code>
        </p>
        <p role="status">{identity.expected ? text('connection-test.identity-expected') : confirmed ? text('connection-test.identity-confirmed') : text('connection-test.identity-new')}</p>
        {!known && mayConfirm && (
          <p>
            <button type="button" className="button button-small" onClick={() => void confirm()}>
              <Icon name="check" />
              {text('connection-test.identity-confirm')}
            </button>
          </p>
        )}
        {!known && !mayConfirm && <p>{text('connection-test.identity-ask')}</p>}
        {failure && <ErrorNotice error={failure} />}
      </div>
    </div>
  );
}
