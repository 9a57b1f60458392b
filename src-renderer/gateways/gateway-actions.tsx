import { useId, useState } from 'react';
import type { Gateway } from '../../shared/api/gateways.ts';
import type { IpcAnswer } from '../../shared/ipc/contract.ts';
import type { ShownError } from '../../shared/ipc/stores.ts';
import { changedFields } from '../controls/changed-fields.ts';
import { Dialog } from '../controls/dialog.tsx';
import { DialogForm } from '../controls/dialog-form.tsx';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { Icon, type IconName } from '../controls/icon.tsx';
import { useOneAtATime } from '../controls/use-one-at-a-time.ts';
import { useText } from '../language/use-text.ts';
import { ask } from '../mavis/ask.ts';
import { useFed, useParts } from '../stores/parts.tsx';
import { draftOf, GatewayForm, readDraft, type GatewayDefinition, type GatewayDraftField } from './gateway-form.tsx';
import { segmentNames } from './gateway-groups.ts';
import { RotateKey } from './rotate-key.tsx';
import { nextSetupStep, type SetupStep } from './gateway-setup.tsx';

type Question = 'edit' | 'rotate' | 'drain' | 'disable' | 'remove';

/** What an administrator may do with a gateway; each says what will happen before it does. */
export function GatewayActions({ gateway, onSetup }: { readonly gateway: Gateway; readonly onSetup: (step: SetupStep) => void }) {
  const { mavis } = useParts();
  const text = useText();
  const [question, setQuestion] = useState<Question | null>(null);
  const [failure, setFailure] = useState<ShownError | null>(null);
  const update = (body: { draining?: boolean; disabled?: boolean }) => ask(mavis.service.gatewayUpdate({ params: { gatewayId: gateway.id }, query: {}, body }));
  const now = async (body: { draining?: boolean; disabled?: boolean }) => {
    const answer = await update(body);
    setFailure(answer.ok ? null : answer.error);
  };
  const button = (icon: IconName, label: string, run: () => void) => (
    <button type="button" className="button button-small" onClick={run}>
      <Icon name={icon} />
      {label}
    </button>
  );
  const step = nextSetupStep(gateway);
  return (
    <div className="gateway-actions">
      {step === 'test' ? button('play', text('gateways.test'), () => onSetup('test')) : button('forward', text('gateways.continue'), () => onSetup(step))}
      {button('edit', text('gateways.edit'), () => setQuestion('edit'))}
      {button('download', text('setup.step-install'), () => onSetup('install'))}
      {step === 'test' && button('key', text('gateways.enter-key'), () => onSetup('key'))}
      {step === 'test' && button('replay', text('gateways.rotate'), () => setQuestion('rotate'))}
      {gateway.draining ? button('play', text('gateways.undrain'), () => void now({ draining: false })) : button('arrowDown', text('gateways.drain'), () => setQuestion('drain'))}
      {gateway.disabled ? button('check', text('gateways.enable'), () => void now({ disabled: false })) : button('pause', text('gateways.disable'), () => setQuestion('disable'))}
      {button('trash', text('gateways.remove'), () => setQuestion('remove'))}
      {failure && <ErrorNotice error={failure} />}
      {question === 'edit' && <EditGateway gateway={gateway} onClose={() => setQuestion(null)} />}
      {question === 'rotate' && <RotateKey gateway={gateway} onClose={() => setQuestion(null)} />}
      {question === 'drain' && <Confirm gateway={gateway} what="drain" act={() => mavis.service.gatewayUpdate({ params: { gatewayId: gateway.id }, query: {}, body: { draining: true } })} onClose={() => setQuestion(null)} />}
      {question === 'disable' && <Confirm gateway={gateway} what="disable" act={() => mavis.service.gatewayUpdate({ params: { gatewayId: gateway.id }, query: {}, body: { disabled: true } })} onClose={() => setQuestion(null)} />}
      {question === 'remove' && <Confirm gateway={gateway} what="remove" act={() => mavis.service.gatewayRemove({ params: { gatewayId: gateway.id }, query: {}, body: {} })} onClose={() => setQuestion(null)} />}
    </div>
  );
}

interface ConfirmProps {
  readonly gateway: Gateway;
  readonly what: 'drain' | 'disable' | 'remove';
  readonly act: () => Promise<IpcAnswer<unknown>>;
  readonly onClose: () => void;
}

/** Says what will happen, with how many sessions, and then does it. */
function Confirm({ gateway, what, act, onClose }: ConfirmProps) {
  const text = useText();
  const items = useFed('gateways', (state) => state.items) ?? {};
  const [failure, setFailure] = useState<ShownError | null>(null);
  const { busy, run: once } = useOneAtATime();
  const last = what === 'remove' && gateway.segment !== null && !Object.values(items).some(({ id, segment }) => id !== gateway.id && segment === gateway.segment);
  const run = async () => {
    const answer = await ask(act());
    if (answer.ok) onClose();
    else setFailure(answer.error);
  };
  return (
    <Dialog
      title={text(`gateways.${what}-title`, { name: gateway.name })}
      onClose={onClose}
      actions={
        <>
          <button type="button" className="button" onClick={onClose}>
            {text('common.cancel')}
          </button>
          <button type="button" className={what === 'drain' ? 'button button-primary' : 'button button-danger'} aria-disabled={busy} onClick={() => void once(run)}>
            {text(`gateways.${what}`)}
          </button>
        </>
      }
    >
      <p>{text(`gateways.${what}-body`, { sessions: gateway.status.sessions ?? 0 })}</p>
      {last && (
        <div className="notice notice-warn">
          <Icon name="warning" />
          <p>{text('gateways.last-of-segment', { segment: gateway.segment ?? '' })}</p>
        </div>
      )}
      {failure && <ErrorNotice error={failure} />}
    </Dialog>
  );
}

/** What of a definition its user changed; of the addresses each part by itself. */
function changesOf({ addresses: addressesBefore, ...before }: GatewayDefinition, { addresses, ...now }: GatewayDefinition) {
  return { definition: changedFields(before, now), addresses: changedFields(addressesBefore, addresses) };
}

function EditGateway({ gateway, onClose }: { readonly gateway: Gateway; readonly onClose: () => void }) {
  const { mavis } = useParts();
  const text = useText();
  const items = useFed('gateways', (state) => state.items);
  // The Gateway lives on while the form is open: what its user changed shows against how it was then.
  const [opened] = useState(() => draftOf(gateway));
  const [draft, setDraft] = useState(opened);
  const [wrong, setWrong] = useState<ReadonlySet<GatewayDraftField>>(new Set());
  const [failure, setFailure] = useState<ShownError | null>(null);
  const formId = useId();
  const others = Object.values(items ?? {}).filter(({ id }) => id !== gateway.id);
  const moved = draft.host !== opened.host || draft.linkPort !== opened.linkPort || draft.proxyPorts !== opened.proxyPorts;
  const leavesLast = gateway.segment !== null && draft.segment.trim() !== opened.segment && draft.segment.trim() !== gateway.segment && !others.some(({ segment }) => segment === gateway.segment);
  const save = async () => {
    const read = readDraft(draft);
    setWrong(read.ok ? new Set() : read.wrong);
    if (!read.ok) return undefined;
    const before = readDraft(opened);
    const { definition, addresses } = before.ok ? changesOf(before.definition, read.definition) : { definition: read.definition, addresses: read.definition.addresses };
    const body = { ...definition, ...(Object.keys(addresses).length > 0 ? { addresses: { ...gateway.addresses, ...addresses } } : {}) };
    if (Object.keys(body).length === 0) return onClose();
    const answer = await ask(mavis.service.gatewayUpdate({ params: { gatewayId: gateway.id }, query: {}, body }));
    return answer.ok ? onClose() : setFailure(answer.error);
  };
  return (
    <Dialog
      title={text('gateways.edit-title', { name: gateway.name })}
      onClose={onClose}
      actions={
        <>
          <button type="button" className="button" onClick={onClose}>
            {text('common.cancel')}
          </button>
          <button type="submit" form={formId} className="button button-primary">
            {text('common.save')}
          </button>
        </>
      }
    >
      <DialogForm id={formId} onSubmit={save}>
        <GatewayForm draft={draft} wrong={wrong} segments={segmentNames(others)} onChange={setDraft} />
        {leavesLast && (
          <div className="notice notice-warn" role="status">
            <Icon name="warning" />
            <p>{text('gateways.last-of-segment', { segment: gateway.segment ?? '' })}</p>
          </div>
        )}
        {moved && (
          <div className="notice notice-plain" role="status">
            <Icon name="info" />
            <p>{text('gateway-form.addresses-change')}</p>
          </div>
        )}
        {failure && <ErrorNotice error={failure} />}
      </DialogForm>
    </Dialog>
  );
}
