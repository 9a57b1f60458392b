import { useState } from 'react';
import type { Gateway } from '../../shared/api/gateways.ts';
import type { IpcAnswer } from '../../shared/ipc/contract.ts';
import type { ShownError } from '../../shared/ipc/stores.ts';
import { Dialog } from '../controls/dialog.tsx';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { useOneAtATime } from '../controls/use-one-at-a-time.ts';
import { RestedButton } from '../controls/rested-button.tsx';
import { useText } from '../language/use-text.ts';
import { ask } from '../mavis/ask.ts';
import { useParts } from '../stores/parts.tsx';

/** The two steps of a gateway's new key (rule 15): it makes and announces it; the administrator compares the fingerprint and switches. */
export function RotateKey({ gateway, onClose }: { readonly gateway: Gateway; readonly onClose: () => void }) {
  const { mavis } = useParts();
  const text = useText();
  const [failure, setFailure] = useState<ShownError | null>(null);
  const { busy, run: once } = useOneAtATime();
  const { keyFingerprint, nextKeyFingerprint } = gateway;
  const params = { gatewayId: gateway.id };
  const settle = async (act: () => Promise<IpcAnswer<Gateway>>): Promise<boolean> => {
    setFailure(null);
    const answer = await ask(act());
    if (!answer.ok) setFailure(answer.error);
    return answer.ok;
  };
  const begin = async () => {
    await settle(() => mavis.service.gatewayRotateKey({ params, query: {}, body: {} }));
  };
  const switchTo = async (fingerprint: string) => {
    if (await settle(() => mavis.service.gatewaySwitchKey({ params, query: {}, body: { fingerprint } }))) onClose();
  };
  const act = nextKeyFingerprint === null ? begin : () => switchTo(nextKeyFingerprint);
  return (
    <Dialog
      title={text('gateways.rotate-title', { name: gateway.name })}
      onClose={onClose}
      actions={
        <>
          <button type="button" className="button" onClick={onClose}>
            {text('common.cancel')}
          </button>
          {/* The second step comes under the pointer of the first: the press of somebody impatient must not go over the comparison. */}
          <RestedButton of={nextKeyFingerprint === null ? 'begin' : 'switch'} className="button button-primary" off={busy} onPress={() => void once(act)}>
            {text(nextKeyFingerprint === null ? 'gateways.rotate-begin' : 'gateways.rotate-switch')}
          </RestedButton>
        </>
      }
    >
      <p>{text(nextKeyFingerprint === null ? 'gateways.rotate-body' : 'gateways.rotate-compare')}</p>
      <dl className="facts">
        <dt>{text('gateways.fingerprint')}</dt>
        <dd>
          <code>{keyFingerprint ?? '—'}</code>
        </dd>
        {nextKeyFingerprint !== null && (
          <>
            <dt>{text('gateways.next-fingerprint')}</dt>
            <dd>
              <span role="status">
                <code>{nextKeyFingerprint}</code>
              </span>
            </dd>
          </>
        )}
      </dl>
      {failure && <ErrorNotice error={failure} />}
    </Dialog>
  );
}
